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


def test_the_one_indexing_rule_can_be_changed(region: Region, clock: Clock) -> None:
    """1 % of spans are indexed in a new account; Terraform's aws_xray_indexing_rule changes it."""
    [rule] = OPERATIONS["GetIndexingRules"](region, {})["IndexingRules"]
    assert (rule["Name"], rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"]) == ("Default", 1.0)
    clock.now += 5
    update = {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 12.5}}}
    changed = OPERATIONS["UpdateIndexingRule"](region, update)["IndexingRule"]
    both = {"DesiredSamplingPercentage": 12.5, "ActualSamplingPercentage": 12.5}
    assert changed == {"Name": "Default", "ModifiedAt": NOW + 5, "Rule": {"Probabilistic": both}}
    assert OPERATIONS["GetIndexingRules"](region, {}) == {"IndexingRules": [changed]}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"Probabilistic": {"DesiredSamplingPercentage": 101}}, "DesiredSamplingPercentage: 101: expected a number"),
        ({}, "Rule: expected Probabilistic"),
    ],
)
def test_an_indexing_rule_is_a_percentage(region: Region, rule: dict[str, object], message: str) -> None:
    """From 0 to 100."""
    code, found = refusal(region, "UpdateIndexingRule", Name="Default", Rule=rule)
    assert code == "InvalidRequestException"
    assert found.startswith(message)


def test_another_indexing_rule_does_not_exist(region: Region) -> None:
    """404, as the model has it."""
    update = {"Name": "other", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 5}}}
    with pytest.raises(ApiError) as caught:
        OPERATIONS["UpdateIndexingRule"](region, update)
    assert (caught.value.code, caught.value.status) == ("ResourceNotFoundException", 404)


def test_the_destination_of_segments_is_stored_and_active(region: Region) -> None:
    """Terraform waits for ACTIVE."""
    before = OPERATIONS["GetTraceSegmentDestination"](region, {})
    logs = {"Destination": "CloudWatchLogs", "Status": "ACTIVE"}
    assert OPERATIONS["UpdateTraceSegmentDestination"](region, {"Destination": "CloudWatchLogs"}) == logs
    assert (before["Destination"], OPERATIONS["GetTraceSegmentDestination"](region, {})) == ("XRay", logs)
    assert OPERATIONS["UpdateTraceSegmentDestination"](region, {}) == logs


def test_the_settings_of_log_groups_need_their_destination(region: Region) -> None:
    """They are for CloudWatchLogs only."""
    more = {"CloudWatchLogsConfiguration": {"SpansLogGroupKmsKeyId": "key"}}
    _, message = refusal(region, "UpdateTraceSegmentDestination", Destination="XRay", **more)
    assert message == "CloudWatchLogsConfiguration: expected it only with the destination CloudWatchLogs"
