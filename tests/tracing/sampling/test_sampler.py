"""The OpenTelemetry sampler: the parent decides, at a root the rules do, about what a span knows at its start."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

from cruddur_tracing.sampling import rule_state
from cruddur_tracing.sampling.remote import RemoteRules
from cruddur_tracing.sampling.sampler import Process, XRaySampler, request_properties, xray_sampler
from xray_model import RequestProperties

TRACE_ID = 0x5759E988BD862E3FE1BE46A994272793
SHOP = {"service.name": "shop"}


class Rules(RemoteRules):
    """Always the same decision; notes what it was asked about."""

    def __init__(self, decision: rule_state.Decision) -> None:
        super().__init__(xray_sampler().rules.settings)
        self.decision = decision
        self.requests: list[RequestProperties] = []

    def decide(self, request: RequestProperties) -> rule_state.Decision:
        """Note the request and return the decision."""
        self.requests.append(request)
        return self.decision


def parent(*, sampled: bool, remote: bool) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    context = SpanContext(TRACE_ID, 1, remote, flags, TraceState([("vendor", "x")]))
    return set_span_in_context(NonRecordingSpan(context), Context())


def sample(sampler: Sampler, context: Context | None = None, **attributes: Any) -> SamplingResult:
    named = {name.replace("_", "."): value for name, value in attributes.items()}
    return sampler.should_sample(context or Context(), TRACE_ID, "GET /", attributes=named)


@pytest.mark.parametrize("remote", [True, False])
@pytest.mark.parametrize("sampled", [True, False])
def test_a_parent_decides(sampled: bool, remote: bool) -> None:
    """The rules are not asked, and the trace state goes on."""
    rules = Rules(rule_state.Decision(not sampled, "Default"))
    result = sample(XRaySampler(rules, SHOP), parent(sampled=sampled, remote=remote), url_path="/")
    assert result.decision is (Decision.RECORD_AND_SAMPLE if sampled else Decision.DROP)
    assert result.attributes == ({"url.path": "/"} if sampled else {})
    assert result.trace_state == TraceState([("vendor", "x")])
    assert rules.requests == []


@pytest.mark.parametrize(
    ("decision", "expected", "attributes", "state"),
    [
        (rule_state.Decision(True, "a"), Decision.RECORD_AND_SAMPLE, {"aws.xray.sampling_rule": "a"}, None),
        (rule_state.Decision(True), Decision.RECORD_AND_SAMPLE, {}, None),
        (rule_state.Decision(False, "a"), Decision.DROP, None, None),
        (rule_state.Decision(False, "a", "0123"), Decision.DROP, None, TraceState([("xrsr", "0123")])),
    ],
)
def test_at_a_root_the_rules_decide(
    decision: rule_state.Decision, expected: Decision, attributes: dict[str, str] | None, state: TraceState | None
) -> None:
    """A sampled span names the rule; the trace state names a rule that can be boosted, sampled or not."""
    result = sample(XRaySampler(Rules(decision), SHOP), url_path="/")
    assert result.decision is expected
    assert result.attributes == ({} if attributes is None else {"url.path": "/"} | attributes)
    assert result.trace_state == state


OLD = {"http.method": "GET", "http.target": "/old?q=1", "http.host": "Example.com:4567", "net.host.name": "x"}
NEW = {"http.request.method": "GET", "url.path": "/new", "server.address": "example.com", "url.full": "http://y/z"}


@pytest.mark.parametrize(
    ("attributes", "method", "path", "host"),
    [
        (OLD, "GET", "/old", "example.com"),
        (NEW, "GET", "/new", "example.com"),
        (OLD | NEW, "GET", "/new", "example.com"),
        ({"http.url": "https://user@example.com:8443/a/b?c=d"}, None, "/a/b", "example.com"),
        ({"url.full": "http://example.com"}, None, "/", "example.com"),
        ({"net.host.name": "example.com", "http.host": "[::1]:80"}, None, None, "::1"),
        ({"net.host.name": "example.com"}, None, None, "example.com"),
        ({"http.method": "_OTHER", "http.request.method_original": "PURGE"}, "PURGE", None, None),
        ({"http.method": "_OTHER"}, "_OTHER", None, None),
        ({"http.method": 5, "url.path": "", "http.host": "[", "http.url": "http://["}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_what_a_request_is_comes_from_the_attributes(
    attributes: dict[str, object], method: str | None, path: str | None, host: str | None
) -> None:
    """Of OpenTelemetry's old and new names; hosts without their port, paths without their query."""
    request = request_properties(Process("shop"), attributes)
    assert (request.http_method, request.url_path, request.host) == (method, path, host)
    assert (request.service_name, request.attributes) == ("shop", attributes)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"cloud.platform": "aws_ec2"}, (None, "AWS::EC2::Instance", None)),
        (
            {"cloud.platform": "aws_ecs", "aws.ecs.container.arn": "arn:c", "service.name": "shop"},
            ("shop", "AWS::ECS::Container", "arn:c"),
        ),
        ({"cloud.platform": "aws_eks", "faas.id": "arn:f"}, (None, "AWS::EKS::Container", None)),
        ({"cloud.platform": "aws_lambda", "faas.id": "arn:f"}, (None, "AWS::Lambda::Function", "arn:f")),
        (
            {"cloud.platform": "aws_lambda", "faas.id": "arn:f", "cloud.resource_id": "arn:r"},
            (None, "AWS::Lambda::Function", "arn:r"),
        ),
        ({"cloud.platform": "aws_elastic_beanstalk"}, (None, "AWS::ElasticBeanstalk::Environment", None)),
        ({"cloud.platform": "gcp_cloud_run"}, (None, None, None)),
    ],
)
def test_what_the_process_is_comes_from_the_resource(resource: dict[str, object], expected: tuple[str, ...]) -> None:
    """Service type and ARN by the platform."""
    assert Process.of(resource) == expected


@pytest.fixture
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a process in which no tracer provider has been set."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", type(trace._TRACER_PROVIDER_SET_ONCE)())


@pytest.mark.usefixtures("no_provider")
def test_the_service_is_learned_from_the_environment_and_then_from_the_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenTelemetry gives a sampler no resource."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,cloud.platform=aws_ec2")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    rules = Rules(rule_state.Decision(False, "Default"))
    sampler = XRaySampler(rules)
    sample(sampler)
    assert rules.service_name == "shop"
    trace.set_tracer_provider(TracerProvider(resource=Resource({"service.name": "till"}), shutdown_on_exit=False))
    sample(sampler)
    assert rules.service_name == "till"
    expected = [("shop", "AWS::EC2::Instance"), ("till", None)]
    assert [(request.service_name, request.service_type) for request in rules.requests] == expected


def test_it_is_an_ordinary_sampler() -> None:
    """A provider asks it at each span; a child costs no decision."""
    rules = Rules(rule_state.Decision(True, "a"))
    provider = TracerProvider(sampler=XRaySampler(rules, SHOP), shutdown_on_exit=False)
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("root", Context()), tracer.start_as_current_span("child") as child:
        assert child.get_span_context().trace_flags.sampled
    assert len(rules.requests) == 1
    assert rules.requests[0] == RequestProperties(service_name="shop")


def test_bad_values_are_logged_and_the_defaults_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception here would make OpenTelemetry sample everything."""
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "nowhere")
    sampler = xray_sampler("1")
    assert sampler.get_description() == "XRaySampler{127.0.0.1:2000}"
    argument = "OTEL_TRACES_SAMPLER_ARG: '1': expected endpoint=http://HOST:PORT,polling_interval=SECONDS"
    address = "AWS_XRAY_DAEMON_ADDRESS: 'nowhere': expected HOST:PORT or 'tcp:HOST:PORT udp:HOST:PORT'"
    assert caplog.messages == [
        f"sampling.settings: {problem}; the agent is expected at 127.0.0.1:2000" for problem in (address, argument)
    ]
