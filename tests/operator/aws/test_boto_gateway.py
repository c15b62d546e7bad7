"""AWS's errors as ours: by code, by message, by status, and when nobody answers."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from xray_operator.aws.boto_gateway import BotoGateway, connect
from xray_operator.aws.errors import GatewayError
from xray_operator.reasons import Reason

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Give boto3 a key, and nobody's own configuration."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def script(api: str, **fault: Any) -> None:
    """Make the next calls of GetSamplingRules fail."""
    body = json.dumps([{"operation": "GetSamplingRules", "times": 10, **fault}]).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{api}/_local/faults", body, method="PUT"), timeout=10):
        pass


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 429, "code": "ThrottledException", "message": "Rate exceeded"}, Reason.THROTTLED),
        ({"status": 403, "code": "AccessDeniedException", "message": "no"}, Reason.DENIED),
        ({"status": 403, "code": "ExpiredTokenException", "message": "old"}, Reason.DENIED),
        ({"status": 500, "code": "InternalFailure", "message": "oops"}, Reason.UNREACHABLE),
        ({"status": 400, "code": "InvalidRequestException", "message": "Group NOT FOUND"}, Reason.NOT_FOUND),
        ({"status": 400, "code": "InvalidRequestException", "message": "It already exists"}, Reason.ALREADY_EXISTS),
        ({"status": 400, "code": "InvalidRequestException", "message": "Group limit exceeded"}, Reason.LIMIT_EXCEEDED),
        ({"status": 400, "code": "RuleLimitExceededException", "message": "x"}, Reason.LIMIT_EXCEEDED),
        ({"status": 404, "code": "ResourceNotFoundException", "message": "x"}, Reason.NOT_FOUND),
        ({"status": 400, "code": "InvalidRequestException", "message": "anything else"}, Reason.INVALID),
    ],
)
def test_each_error_has_its_reason_and_its_own_words(xray_local: Any, fault: dict[str, Any], reason: Reason) -> None:
    """The code and the message are kept, without request ids."""
    script(xray_local.api, **fault)
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", xray_local.api).rules()
    assert (raised.value.reason, raised.value.message) == (reason, f"{fault['code']}: {fault['message']}")


@pytest.mark.usefixtures("credentials")
def test_a_short_trouble_is_retried(xray_local: Any) -> None:
    """Two failures are not seen."""
    script(xray_local.api, times=2, status=500)
    assert [held.name for held in connect("us-east-1", xray_local.api).rules()] == ["Default"]


@pytest.mark.usefixtures("credentials")
def test_nobody_at_the_endpoint_is_one_line(free_port: Callable[[], int]) -> None:
    """It names the endpoint."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", endpoint).groups()
    assert raised.value.reason is Reason.UNREACHABLE
    assert raised.value.message == f"cannot reach X-Ray at {endpoint}: EndpointConnectionError"


@pytest.mark.usefixtures("credentials")
def test_without_a_region_there_is_no_gateway() -> None:
    """The message says where to set it."""
    with pytest.raises(GatewayError, match="no AWS region is set: expected AWS_REGION or --region"):
        connect(None, None)


@pytest.mark.usefixtures("credentials")
def test_an_endpoint_that_is_no_address_is_one_line() -> None:
    """boto3 raises a ValueError of its own."""
    with pytest.raises(GatewayError, match="cannot reach X-Ray at nowhere"):
        connect("us-east-1", "nowhere")


@pytest.mark.usefixtures("credentials")
def test_without_credentials_the_message_says_what_was_expected(
    xray_local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile, a role, or a key."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", xray_local.api).rules()
    assert raised.value.reason is Reason.DENIED
    assert raised.value.message.startswith("no AWS credentials found: expected a profile, a role, or AWS_ACCESS")


class _Client:
    """Stands where boto3's client does: gives one answer for every call."""

    class meta:  # noqa: N801 - boto3 names it so
        endpoint_url = "http://aws"

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def get_sampling_rules(self, **_: Any) -> dict[str, Any]:
        """Give the answer, then an empty page."""
        given, self.answer = self.answer, {"SamplingRuleRecords": []}
        return given


def test_every_page_is_read() -> None:
    """NextToken leads on, even from an empty page."""
    client = _Client({"SamplingRuleRecords": [], "NextToken": "more"})
    assert BotoGateway(client).rules() == []
    assert client.answer == {"SamplingRuleRecords": []}


def test_members_of_a_newer_api_do_not_hide_a_rule() -> None:
    """They are passed over: one such object must not stop the work on all others."""
    rule = {"RuleName": "r", "RuleARN": "arn", "Priority": 1, "FixedRate": 0.5, "ReservoirSize": 1, "Newer": 1}
    client = _Client({"SamplingRuleRecords": [{"SamplingRule": rule}]})
    assert [held.name for held in BotoGateway(client).rules()] == ["r"]


def test_what_cannot_be_read_is_an_error_and_never_a_shorter_list() -> None:
    """A rate that is none."""
    rule = {"RuleName": "r", "RuleARN": "arn", "Priority": 1, "FixedRate": 5, "ReservoirSize": 1}
    client = _Client({"SamplingRuleRecords": [{"SamplingRule": rule}]})
    with pytest.raises(GatewayError, match="cannot read an object in AWS: FixedRate"):
        BotoGateway(client).rules()
