"""boto3's errors and responses as ours: by code, by message, by status, and without a response."""

import json
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from botocore.hooks import HierarchicalEmitter

from xray_model import default_rule
from xray_operator.aws.boto_gateway import BotoGateway, connect
from xray_operator.aws.errors import GatewayError
from xray_operator.reasons import Reason

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Set a key, and hide this machine's AWS configuration."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def script(api: str, operation: str = "GetSamplingRules", **fault: Any) -> None:
    """Make the next calls of an operation fail."""
    body = json.dumps([{"operation": operation, "times": 10, **fault}]).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{api}/_local/faults", body, method="PUT"), timeout=10):
        pass


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 429, "code": "ThrottledException", "message": "Rate exceeded"}, Reason.THROTTLED),
        ({"status": 403, "code": "AccessDeniedException", "message": "no"}, Reason.DENIED),
        ({"status": 400, "code": "ExpiredTokenException", "message": "old"}, Reason.DENIED),
        ({"status": 500, "code": "InternalFailure", "message": "oops"}, Reason.UNREACHABLE),
        ({"status": 400, "code": "InvalidRequestException", "message": "Group NOT FOUND"}, Reason.NOT_FOUND),
        ({"status": 400, "code": "InvalidRequestException", "message": "It already exists"}, Reason.ALREADY_EXISTS),
        ({"status": 400, "code": "InvalidRequestException", "message": "Group limit exceeded"}, Reason.LIMIT_EXCEEDED),
        ({"status": 400, "code": "RuleLimitExceededException", "message": "x"}, Reason.LIMIT_EXCEEDED),
        ({"status": 404, "code": "ResourceNotFoundException", "message": "x"}, Reason.NOT_FOUND),
        ({"status": 400, "code": "InvalidRequestException", "message": "anything else"}, Reason.INVALID),
    ],
)
def test_error_has_its_reason_and_aws_message(xray_local: Any, fault: dict[str, Any], reason: Reason) -> None:
    """The code and the message are kept, without request IDs."""
    script(xray_local.api, **fault)
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", xray_local.api).rules()
    assert (raised.value.reason, raised.value.message) == (reason, f"{fault['code']}: {fault['message']}")


@pytest.mark.usefixtures("credentials")
def test_transient_errors_are_retried(xray_local: Any) -> None:
    """Two failures have no effect."""
    script(xray_local.api, times=2, status=500)
    assert [found.name for found in connect("us-east-1", xray_local.api).rules()] == ["Default"]


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("status", [500, 503])
def test_server_error_without_a_code_is_unreachable(xray_local: Any, status: int) -> None:
    """A proxy or a load balancer sends no code of AWS's."""
    script(xray_local.api, status=status)
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", xray_local.api).rules()
    assert raised.value.reason is Reason.UNREACHABLE


@pytest.mark.usefixtures("credentials")
def test_response_after_the_timeout_is_unreachable(xray_local: Any) -> None:
    """The message names the endpoint and the error."""
    script(xray_local.api, delay=1.0)
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", xray_local.api, attempts=1, read_seconds=0.1).rules()
    assert raised.value.reason is Reason.UNREACHABLE
    assert raised.value.message == f"cannot reach X-Ray at {xray_local.api}: ReadTimeoutError"


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}])
def test_write_that_aws_refuses_is_repeated(xray_local: Any, fault: dict[str, Any]) -> None:
    """The second attempt succeeds."""
    script(xray_local.api, "UpdateSamplingRule", times=1, **fault)
    connect("us-east-1", xray_local.api).update(default_rule())


@pytest.mark.usefixtures("credentials")
def test_write_without_an_answer_is_not_repeated(xray_local: Any) -> None:
    """Its name may be another client's by then; a read is repeated."""
    gateway = connect("us-east-1", xray_local.api, read_seconds=0.3)
    script(xray_local.api, times=1, delay=0.6)
    gateway.rules()
    script(xray_local.api, "UpdateSamplingRule", times=1, delay=0.6)
    with pytest.raises(GatewayError, match="ReadTimeoutError"):
        gateway.update(default_rule())


@pytest.mark.usefixtures("credentials")
def test_refused_connection_is_one_line(free_port: Callable[[], int]) -> None:
    """It names the endpoint."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", endpoint).groups()
    assert raised.value.reason is Reason.UNREACHABLE
    assert raised.value.message == f"cannot reach X-Ray at {endpoint}: connection refused"


class _ProxyFirst(BaseHTTPRequestHandler):
    """Answers as a proxy on the first connection, which it keeps open, and as X-Ray on every other."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[list[object]] = []

    def do_POST(self) -> None:
        """Answer one call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.connection not in self.connections:
            self.connections.append(self.connection)
        is_first = self.connection is self.connections[0]
        body = b"no such host" if is_first else b'{"SamplingRuleRecords": []}'
        self.send_response(403 if is_first else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.mark.usefixtures("credentials")
def test_a_connection_that_leads_elsewhere_is_given_up() -> None:
    """An answer that is not X-Ray's fails one call; the next one opens a connection."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _ProxyFirst)
    server.block_on_close = False
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    gateway = connect("us-east-1", f"http://127.0.0.1:{server.server_port}")
    try:
        with pytest.raises(GatewayError) as raised:
            gateway.rules()
        assert raised.value.reason is Reason.DENIED
        assert gateway.rules() == []
    finally:
        gateway._client.close()
        server.shutdown()
        server.server_close()
        thread.join()


class _Sts(BaseHTTPRequestHandler):
    """Answers GetCallerIdentity, and then refuses it."""

    answers: ClassVar[list[tuple[int, str]]] = [
        (403, "<Error><Code>InvalidClientTokenId</Code><Message>no such key</Message></Error>"),
        (200, "<GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult>"),
    ]

    def do_POST(self) -> None:
        """Answer one call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        status, text = self.answers.pop()
        body = (
            f"<GetCallerIdentityResponse>{text}</GetCallerIdentityResponse>"
            if status == 200
            else (f"<ErrorResponse>{text}</ErrorResponse>")
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.mark.usefixtures("credentials")
def test_account_is_read_from_sts(monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]) -> None:
    """With X-Ray's own endpoint or AWS's; an error says what could not be read."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{free_port()}")
    gateway = connect("us-east-1", "http://127.0.0.1:1", attempts=1)
    assert (gateway.region, gateway.endpoint) == ("us-east-1", "http://127.0.0.1:1")
    with pytest.raises(GatewayError) as unreachable:
        gateway.account()
    expected = "cannot read the account from STS: cannot reach STS: connection refused"
    assert (unreachable.value.reason, unreachable.value.message) == (Reason.UNREACHABLE, expected)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Sts) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
        assert connect("us-east-1", None, attempts=1).account() == "111122223333"
        gateway = connect("us-east-1", None, attempts=1)
        with pytest.raises(GatewayError) as denied:
            gateway.account()
        server.shutdown()
    assert denied.value.reason is Reason.DENIED
    assert denied.value.message == "cannot read the account from STS: InvalidClientTokenId: no such key"


@pytest.mark.usefixtures("credentials")
def test_missing_region_is_an_error() -> None:
    """The message says where to set it."""
    with pytest.raises(GatewayError, match="no AWS region is set: expected AWS_REGION or --region"):
        connect(None, None)


@pytest.mark.usefixtures("credentials")
def test_invalid_endpoint_is_one_line() -> None:
    """boto3 raises a ValueError for it."""
    with pytest.raises(GatewayError, match="cannot reach X-Ray at nowhere"):
        connect("us-east-1", "nowhere")


@pytest.mark.usefixtures("credentials")
def test_missing_credentials_are_an_error(xray_local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what was expected: a profile, a role, or a key."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(GatewayError) as raised:
        connect("us-east-1", xray_local.api).rules()
    assert raised.value.reason is Reason.DENIED
    assert raised.value.message.startswith("no AWS credentials found: expected a profile, a role, or AWS_ACCESS")


class _Client:
    """Stands for boto3's client: returns one response, then an empty page."""

    class meta:  # noqa: N801 - boto3 names it so
        endpoint_url = "http://aws"
        events = HierarchicalEmitter()

    def __init__(self, response: dict[str, Any]) -> None:
        self.response = response

    def get_sampling_rules(self, **_: Any) -> dict[str, Any]:
        """Return the next page."""
        page, self.response = self.response, {"SamplingRuleRecords": []}
        return page


def test_every_page_is_read() -> None:
    """By NextToken, even after an empty page."""
    client = _Client({"SamplingRuleRecords": [], "NextToken": "more"})
    assert BotoGateway(client).rules() == []
    assert client.response == {"SamplingRuleRecords": []}


def test_members_of_a_newer_api_are_ignored() -> None:
    """Such an object must not stop the work on all others."""
    rule = {"RuleName": "r", "RuleARN": "arn", "Priority": 1, "FixedRate": 0.5, "ReservoirSize": 1, "Newer": 1}
    client = _Client({"SamplingRuleRecords": [{"SamplingRule": rule}]})
    assert [found.name for found in BotoGateway(client).rules()] == ["r"]


def test_invalid_object_is_an_error_and_not_a_shorter_list() -> None:
    """Such as a rate above 1."""
    rule = {"RuleName": "r", "RuleARN": "arn", "Priority": 1, "FixedRate": 5, "ReservoirSize": 1}
    client = _Client({"SamplingRuleRecords": [{"SamplingRule": rule}]})
    with pytest.raises(GatewayError, match="cannot read an object in AWS: FixedRate"):
        BotoGateway(client).rules()
