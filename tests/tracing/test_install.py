"""`install(app)`: once, in any order with OpenTelemetry's start, and without harm to what the app has set up."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder
from flask import Flask
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from werkzeug.middleware.proxy_fix import ProxyFix

from cruddur_tracing import SettingsError, TracingSettings, install
from cruddur_tracing.agent import Agent
from cruddur_tracing.failures import FAILURES
from tests.tracing.conftest import Make, Rules

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_a_second_call_does_nothing(traced: Make) -> None:
    """One span and one segment, as after the first."""
    app = traced()
    install(app.app)
    app.client.get("/")
    assert (len(app.spans()), len(app.datagrams.raw())) == (1, 1)
    assert app.app.extensions["cruddur_tracing"] is FAILURES


def test_a_bad_setting_stops_the_start() -> None:
    """The environment is the argument, and the message is the settings'."""
    with pytest.raises(SettingsError, match="AWS_XRAY_SDK_ENABLED: 'perhaps'"):
        install(Flask("shop"), environ={"AWS_XRAY_SDK_ENABLED": "perhaps"})


def test_two_apps_share_the_pollers_of_one_agent(traced: Make) -> None:
    """A process has one recorder; a second app must not start everything anew."""
    first = traced()
    settings = TracingSettings(agent=Agent("127.0.0.1", first.datagrams.port, "127.0.0.1", first.datagrams.port))
    emitter = xray_recorder.emitter
    install(Flask("one"), settings, {})
    sampler = xray_recorder.sampler
    install(Flask("two"), settings, {})
    assert (xray_recorder.emitter, xray_recorder.sampler) == (emitter, sampler)


def test_tracers_that_exist_already_follow_the_decision(traced: Make) -> None:
    """Under opentelemetry-instrument they are made before the app."""
    provider = TracerProvider(shutdown_on_exit=False)
    early = provider.get_tracer("early")
    app = traced(provider=provider, decision=False)
    with early.start_as_current_span("job") as span:
        assert not span.get_span_context().trace_flags.sampled
    assert app.rules.asked == [{"service": "shop", "service_type": None}]


def test_the_service_is_named_where_nobody_has(traced: Make) -> None:
    """Spans and segments have one service name; one that was given stays."""
    unnamed = traced(service_name="backend-flask")
    unnamed.client.get("/")
    (span,) = unnamed.spans()
    assert span.resource.attributes["service.name"] == "backend-flask"
    named = traced(provider=TracerProvider(resource=Resource({"service.name": "mine"}), shutdown_on_exit=False))
    named.client.get("/")
    (span,) = named.spans()
    assert span.resource.attributes["service.name"] == "mine"


def test_a_disabled_opentelemetry_leaves_the_xray_sdk_alone(traced: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SDK_DISABLED=true: segments of their own."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    provider = TracerProvider(shutdown_on_exit=False)
    app = traced(provider=provider)
    app.client.get("/", headers={"X-Amzn-Trace-Id": ROOT})
    (segment,) = app.datagrams.documents()
    assert "parent_id" not in segment
    assert segment["trace_id"] == ROOT.removeprefix("Root=")


def test_an_app_that_is_not_to_be_instrumented_has_segments_only(datagrams: Any) -> None:
    """OTEL_PYTHON_DISABLED_INSTRUMENTATIONS is obeyed, by name and by wildcard."""
    stock = xray_recorder.emitter, xray_recorder.sampler
    agent = Agent("127.0.0.1", datagrams.port, "127.0.0.1", datagrams.port)
    try:
        for value in ("redis, flask", "*"):
            app = Flask("shop")
            environ = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": value}
            provider = TracerProvider(shutdown_on_exit=False)
            install(app, TracingSettings(agent=agent), environ, tracer_provider=provider)
            xray_recorder.sampler = Rules("Default")
            app.test_client().get("/")
            (segment,) = datagrams.documents()
            assert "parent_id" not in segment
    finally:
        xray_recorder.emitter.close()
        xray_recorder.emitter, xray_recorder.sampler = stock


def test_opentelemetrys_own_sampler_stays_when_xray_is_off(traced: Make) -> None:
    """OTEL_TRACES_SAMPLER decides then; a second app finds it behind the first one's bridge."""
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    for _ in range(2):
        app = traced(provider=provider, xray_enabled=False)
        app.client.get("/", headers={"X-Amzn-Trace-Id": f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=?"})
        assert app.spans() == []
    assert provider.sampler.get_description() == "Bridge{AlwaysOffSampler}"


def test_calls_of_the_switched_off_sdk_do_nothing(traced: Make) -> None:
    """The app's own recording needs no `if`."""
    app = traced(xray_enabled=False)

    def busy() -> str:
        with xray_recorder.in_subsegment("work") as subsegment:
            subsegment.put_annotation("key", 1)
        return "done"

    app.app.add_url_rule("/busy", view_func=busy)
    assert app.client.get("/busy").text == "done"
    assert not global_sdk_config.sdk_enabled()
    assert app.datagrams.raw() == []


def test_the_samplers_describe_themselves(traced: Make) -> None:
    """OpenTelemetry prints it."""
    provider = TracerProvider(shutdown_on_exit=False)
    traced(provider=provider)
    assert provider.sampler.get_description().startswith("Bridge{ParentBased{root:XRayRules,")


@pytest.fixture
def textmap() -> Any:
    """Restore the global propagator."""
    before = propagate.get_global_textmap()
    yield propagate.set_global_textmap
    propagate.set_global_textmap(before)


def test_both_headers_go_out_whatever_the_propagators_are(traced: Make, textmap: Callable[[Any], None]) -> None:
    """An app that chose one of them still carries both; nothing is added twice."""
    textmap(AwsXRayPropagator())
    traced()
    both = propagate.get_global_textmap()
    traced()
    assert propagate.get_global_textmap() is both
    carrier: dict[str, str] = {}
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("call"):
        propagate.inject(carrier)
    assert sorted(carrier) == ["X-Amzn-Trace-Id", "traceparent"]


def test_an_instrumented_app_is_left_alone(traced: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Under opentelemetry-instrument every Flask app is instrumented already; that is no warning."""
    app, provider = Flask("shop"), TracerProvider(shutdown_on_exit=False)
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    traced()
    install(app, TracingSettings(xray_enabled=False), {}, tracer_provider=provider)
    assert caplog.messages == []


def test_hooks_of_any_kind_may_be_there_before(traced: Make) -> None:
    """A partial has no module; install looks at the hooks' modules to find OpenTelemetry's."""
    provider = TracerProvider(shutdown_on_exit=False)
    seen: list[str] = []
    for environ in ({}, {"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "x-tenant"}):
        app = Flask("shop")
        app.before_request(functools.partial(seen.append, "hook"))
        install(app, TracingSettings(xray_enabled=False), environ, tracer_provider=provider)
        assert app.test_client().get("/").status_code == 404
    assert seen == ["hook", "hook"]


def test_an_app_behind_a_wsgi_middleware_keeps_it(traced: Make, datagrams: Any) -> None:
    """Wrapped before install: excluded paths go through it too, and are dropped by the sampler."""
    provider = TracerProvider(shutdown_on_exit=False)
    app = Flask("shop")
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)  # type: ignore[method-assign]
    traced(provider=provider)
    agent = Agent("127.0.0.1", datagrams.port, "127.0.0.1", datagrams.port)
    install(app, TracingSettings(agent=agent), {}, tracer_provider=provider)
    rules = xray_recorder.sampler = Rules("Default")
    app.test_client().get("/healthz", headers={"X-Amzn-Trace-Id": f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"})
    assert (datagrams.raw(), rules.asked) == ([], [])
    app.test_client().get("/", headers={"X-Forwarded-Host": "outer.example"})
    assert datagrams.documents()[0]["http"]["request"]["url"] == "http://outer.example/"


def test_an_environ_that_cannot_be_read_is_answered(traced: Make) -> None:
    """A server that gives odd values has its request answered, untraced, and the failure counted."""
    app = traced()
    before = FAILURES.counts.get("entrance.failed", 0)
    response = app.client.get("/", environ_overrides={"HTTP_TRACEPARENT": 5})
    assert response.status_code == 200
    assert FAILURES.counts["entrance.failed"] == before + 1


class Broken(SpanProcessor):
    """Fails where a span starts and where it ends."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Fail."""
        raise KeyError("start")

    def on_end(self, span: ReadableSpan) -> None:
        """Fail."""
        raise KeyError("end")


def test_a_hook_of_opentelemetry_that_fails_does_not_fail_the_request(traced: Make) -> None:
    """The span is missing then, and with it the segment; the answer is not."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken())
    app = traced(provider=provider)
    before = FAILURES.counts.get("span.hook", 0)
    response = app.client.get("/")
    assert (response.status_code, response.text) == (200, "hello")
    assert FAILURES.counts["span.hook"] > before
    assert app.datagrams.raw() == []
