import json

import pytest

from tests.xray_local.samples import NOW, Clock
from xray_local.api.operations import (
    OPERATIONS,
    delete_resource_policy,
    get_encryption_config,
    list_resource_policies,
    put_encryption_config,
    put_resource_policy,
    put_telemetry_records,
)
from xray_local.errors import ApiError
from xray_local.state.region import Region

POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def refusal(region: Region, operation: str, **request: object) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        OPERATIONS[operation](region, request)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


def test_encryption_is_off_until_it_is_configured(region: Region) -> None:
    """Then its configuration is returned."""
    assert get_encryption_config(region, {}) == {"EncryptionConfig": {"Status": "ACTIVE", "Type": "NONE"}}
    config = {"KeyId": "alias/traces", "Status": "ACTIVE", "Type": "KMS"}
    assert put_encryption_config(region, {"Type": "KMS", "KeyId": "alias/traces"}) == {"EncryptionConfig": config}
    assert get_encryption_config(region, {}) == {"EncryptionConfig": config}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Type": "KMS"}, "KeyId is missing: expected a key for Type KMS"),
        ({"Type": "NONE", "KeyId": "key"}, "KeyId: 'key': expected no key for Type NONE"),
    ],
)
def test_a_key_is_for_kms_only(region: Region, request_: dict[str, str], message: str) -> None:
    """KMS requires it."""
    assert refusal(region, "PutEncryptionConfig", **request_) == ("InvalidRequestException", message)


def test_a_policy_counts_its_revisions(region: Region, clock: Clock) -> None:
    """A wrong revision id is refused."""
    first = put_resource_policy(region, {"PolicyName": "one", "PolicyDocument": POLICY})["ResourcePolicy"]
    assert first == {
        "PolicyName": "one",
        "PolicyDocument": POLICY,
        "PolicyRevisionId": "1",
        "LastUpdatedTime": NOW,
    }
    clock.now += 5
    again = {"PolicyName": "one", "PolicyDocument": POLICY, "PolicyRevisionId": "1"}
    second = put_resource_policy(region, again)["ResourcePolicy"]
    assert (second["PolicyRevisionId"], second["LastUpdatedTime"]) == ("2", NOW + 5)
    code, message = refusal(region, "PutResourcePolicy", **again)
    assert (code, message) == (
        "InvalidPolicyRevisionIdException",
        "PolicyRevisionId: '1': expected '2', the current one",
    )
    assert list_resource_policies(region, {}) == {"ResourcePolicies": [second]}


def test_revision_0_never_replaces(region: Region) -> None:
    """It creates a policy that does not exist."""
    request = {"PolicyName": "one", "PolicyDocument": POLICY, "PolicyRevisionId": "0"}
    put_resource_policy(region, request)
    assert refusal(region, "PutResourcePolicy", **request)[0] == "InvalidPolicyRevisionIdException"


def test_the_sixth_policy_exceeds_the_quota(region: Region) -> None:
    """An existing one can still be replaced."""
    for number in range(5):
        put_resource_policy(region, {"PolicyName": f"policy-{number}", "PolicyDocument": POLICY})
    code, _ = refusal(region, "PutResourcePolicy", PolicyName="one-more", PolicyDocument=POLICY)
    assert code == "PolicyCountLimitExceededException"
    put_resource_policy(region, {"PolicyName": "policy-3", "PolicyDocument": POLICY})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "MalformedPolicyDocumentException"),
        ("[]", "MalformedPolicyDocumentException"),
        ("[" * 5000, "MalformedPolicyDocumentException"),
        ('{"Version": "2012-10-17"}', "MalformedPolicyDocumentException"),
        (POLICY + " " * 5120, "PolicySizeLimitExceededException"),
    ],
)
def test_a_policy_is_small_json_with_a_statement(region: Region, document: str, code: str) -> None:
    """Otherwise it is refused with AWS's code."""
    assert refusal(region, "PutResourcePolicy", PolicyName="one", PolicyDocument=document)[0] == code


def test_a_policy_is_deleted_at_its_revision(region: Region) -> None:
    """Deleting one that does not exist succeeds."""
    put_resource_policy(region, {"PolicyName": "one", "PolicyDocument": POLICY})
    code, _ = refusal(region, "DeleteResourcePolicy", PolicyName="one", PolicyRevisionId="7")
    assert code == "InvalidPolicyRevisionIdException"
    delete_resource_policy(region, {"PolicyName": "one", "PolicyRevisionId": "1"})
    delete_resource_policy(region, {"PolicyName": "one"})
    assert list_resource_policies(region, {}) == {"ResourcePolicies": []}


def test_telemetry_of_a_daemon_is_counted(region: Region) -> None:
    """Absent numbers are 0."""
    records = [
        {"Timestamp": NOW, "SegmentsReceivedCount": 7, "SegmentsSpilloverCount": None},
        {"Timestamp": NOW, "SegmentsReceivedCount": 3, "SegmentsRejectedCount": 1},
    ]
    assert put_telemetry_records(region, {"TelemetryRecords": records}) == {}
    assert (region.counters["telemetry_received"], region.counters["telemetry_rejected"]) == (10, 1)
