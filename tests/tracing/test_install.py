"""`install(app)`: once, in any order with OpenTelemetry's start, and without harm to what the app has set up."""

import functools
import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder
from flask import Flask, before_render_template, template_rendered
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

import cruddur_tracing
from cruddur_tracing import SettingsError, TracingSettings, install
from cruddur_tracing.install import current
from cruddur_tracing.resilience.failures import FAILURES
from cruddur_tracing.resilience.network.address import Agent
from tests.tracing.conftest import Make, routes

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_a_second_call_does_nothing(traced: Make) -> None:
    """One span and one segment, as after the first."""
    app = traced()
    install(app.app)
    app.client.get("/")
    assert (len(app.spans()), len(app.datagrams.raw())) == (1, 1)
    assert app.app.extensions["cruddur_tracing"].counts == FAILURES.counts


@pytest.mark.parametrize("app", [object(), "shop:app"])
def test_another_kind_of_app_is_refused(app: Any) -> None:
    """In words that name what was given."""
    with pytest.raises(TypeError, match=r"install takes a flask\.Flask, not builtins\.(object|str)"):
        install(app)


def test_the_version_is_that_of_the_package() -> None:
    """A release changes both; and no other attribute is made up."""
    assert cruddur_tracing.__version__ == version("cruddur-tracing")
    with pytest.raises(AttributeError, match="has no attribute 'versoin'"):
        cruddur_tracing.versoin  # noqa: B018 - the lookup is the point


def test_a_bad_setting_stops_the_start() -> None:
    """The environment is the argument, and the message is the settings'."""
    with pytest.raises(SettingsError, match="AWS_XRAY_SDK_ENABLED: 'perhaps'"):
        install(Flask("shop"), environ={"AWS_XRAY_SDK_ENABLED": "perhaps"})


def test_two_apps_share_the_rules_and_the_wires(traced: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A process has one agent; a second app with another is told so."""
    first = traced()
    tracing = current()
    install(Flask("one"), TracingSettings(agent=first.agent), {})
    install(Flask("two"), TracingSettings(agent=Agent.at("other", 2000)), {})
    assert current() is tracing
    (message,) = caplog.messages
    assert "udp:other:2000 tcp:other:2000 is ignored" in message


def test_tracers_that_exist_already_are_joined(traced: Make) -> None:
    """Under opentelemetry-instrument they are made before the app; and so are those that are made later."""
    provider = TracerProvider(shutdown_on_exit=False)
    early = provider.get_tracer("early")
    app = traced(provider=provider)

    def handler() -> str:
        for tracer in (early, provider.get_tracer("late")):
            tracer.start_span("work").end()
        return ""

    app.app.add_url_rule("/work", "work", handler)
    app.client.get("/work")
    (segment,) = app.datagrams.documents()
    assert [child["name"] for child in segment["subsegments"]] == ["work", "work"]


def test_a_processor_that_is_added_later_gets_every_span(traced: Make) -> None:
    """As with the SDK."""
    provider, later = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    app = traced(provider=provider)
    app.client.get("/")
    provider.add_span_processor(SimpleSpanProcessor(later))
    app.client.get("/")
    assert len(later.get_finished_spans()) == 1
    assert len(app.spans()) == 2


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


@pytest.mark.parametrize(
    ("settings", "host", "name"),
    [
        ({}, "a.example", "shop"),
        ({"service_name": "service"}, "a.example", "service"),
        ({"service_name": "service", "tracing_name": "tracing"}, "a.example", "tracing"),
        ({"url_pattern": "*.example"}, "a.example", "a.example"),
        ({"url_pattern": "*.example"}, "localhost", "shop"),
    ],
)
def test_the_segment_is_named(traced: Make, settings: dict[str, str], host: str, name: str) -> None:
    """By the host if it matches, else by the variables in their order, else by the app."""
    app = traced(**settings)
    app.client.get("/", headers={"Host": host})
    (segment,) = app.datagrams.documents()
    assert segment["name"] == name


def test_a_disabled_opentelemetry_leaves_segments_alone(traced: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SDK_DISABLED=true: segments of their own."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    app = traced(provider=TracerProvider(shutdown_on_exit=False))
    app.client.get("/", headers={"X-Amzn-Trace-Id": ROOT})
    (segment,) = app.datagrams.documents()
    assert "parent_id" not in segment
    assert segment["trace_id"] == ROOT.removeprefix("Root=")


@pytest.mark.parametrize(("sampler", "recorded"), [(ALWAYS_OFF, False), (ALWAYS_ON, True)])
def test_a_sampler_that_somebody_chose_decides(traced: Make, sampler: Any, recorded: bool) -> None:
    """OTEL_TRACES_SAMPLER or an argument of the provider, before X-Ray's rules."""
    app = traced(provider=TracerProvider(sampler=sampler, shutdown_on_exit=False), decision=not recorded)
    app.client.get("/", headers={"X-Amzn-Trace-Id": f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=?"})
    assert (bool(app.spans()), bool(app.datagrams.raw()), app.rules.asked) == (recorded, recorded, [])


def test_the_first_line_says_what_is_done(traced: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Where the spans go and who decides, once, at the first request."""
    app = traced(provider=TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False))
    with caplog.at_level(logging.INFO, "cruddur_tracing"):
        for _ in range(2):
            app.client.get("/")
    (message,) = caplog.messages
    assert message.startswith(f"tracing.started: shop: segments to {app.agent}")
    assert message.endswith("decided by OpenTelemetry's sampler AlwaysOnSampler")


def test_calls_of_the_switched_off_sdk_write_spans(traced: Make) -> None:
    """AWS_XRAY_SDK_ENABLED=false: no segments, and the app's own calls are recorded all the same."""
    app = traced(xray_enabled=False)

    def busy() -> str:
        with xray_recorder.in_subsegment("work") as subsegment:
            subsegment.put_annotation("key", 1)
        return "done"

    app.app.add_url_rule("/busy", view_func=busy)
    assert app.client.get("/busy").text == "done"
    work, _server = app.exporter.get_finished_spans()
    assert (work.name, dict(work.attributes or {})["key"]) == ("work", 1)
    assert app.datagrams.raw() == []


@pytest.fixture
def textmap() -> Any:
    """Restore the global propagator."""
    before = propagate.get_global_textmap()
    yield propagate.set_global_textmap
    propagate.set_global_textmap(before)


@pytest.mark.parametrize("chosen", [AwsXRayPropagator(), None], ids=["xray", "the default"])
def test_the_xray_header_goes_out_whatever_the_propagators_are(
    traced: Make, textmap: Callable[[Any], None], chosen: Any
) -> None:
    """As with the X-Ray SDK, and once."""
    if chosen is not None:
        textmap(chosen)
    app, carriers = traced(), [dict[str, str]() for _ in range(2)]

    def handler() -> str:
        for carrier in carriers:
            propagate.inject(carrier)
        return f"{trace.get_current_span().get_span_context().span_id:016x}"

    app.app.add_url_rule("/out", "out", handler)
    span_id = app.client.get("/out").text
    expected = {"X-Amzn-Trace-Id"} if chosen is not None else {"X-Amzn-Trace-Id", "traceparent"}
    assert [set(carrier) for carrier in carriers] == [expected] * 2
    assert f"Parent={span_id};Sampled=1" in carriers[0]["X-Amzn-Trace-Id"]


def test_hooks_of_any_kind_may_be_there_before(traced: Make) -> None:
    """A partial has no module; install looks at the hooks' modules to find OpenTelemetry's."""
    seen: list[str] = []
    app = Flask("shop")
    app.before_request(functools.partial(seen.append, "hook"))
    assert traced(app=app).client.get("/").status_code == 200
    assert seen == ["hook"]


class Broken(SpanProcessor):
    """Fails where a span starts and where it ends."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Fail."""
        raise KeyError("start")

    def on_end(self, span: ReadableSpan) -> None:
        """Fail."""
        raise KeyError("end")


def test_a_processor_that_fails_does_not_fail_the_request(traced: Make) -> None:
    """It is counted."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken())
    app = traced(provider=provider)
    before = FAILURES.counts.get("span.hook", 0)
    response = app.client.get("/")
    assert (response.status_code, response.text) == (200, "hello")
    assert FAILURES.counts["span.hook"] > before


def test_a_provider_that_appears_later_is_joined(traced: Make) -> None:
    """OpenTelemetry is started after `install`, as in a factory: the next request is on both wires."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = Flask("late")
    routes(app)
    made = traced()
    before = trace._TRACER_PROVIDER
    install(app, TracingSettings(agent=made.agent), {})
    try:
        app.test_client().get("/")
        trace._TRACER_PROVIDER = provider
        app.test_client().get("/")
    finally:
        trace._TRACER_PROVIDER = before
    first, second = made.datagrams.documents()
    (span,) = exporter.get_finished_spans()
    assert span.context is not None
    assert second["id"] == f"{span.context.span_id:016x}"
    assert first["trace_id"] != second["trace_id"]


def test_many_apps_leave_nothing_behind(traced: Make) -> None:
    """No receivers of signals, and no layers, of apps that are gone."""
    traced()
    signals = (before_render_template, template_rendered)
    before = [len(signal.receivers) for signal in signals]
    for number in range(50):
        install(Flask(f"app-{number}"), TracingSettings(), {})
    assert [len(signal.receivers) for signal in signals] == before
