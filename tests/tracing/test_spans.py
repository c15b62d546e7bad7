"""The server span is that of OpenTelemetry's Flask instrumentation, and its hooks stay where they do more than ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder
from flask import Flask, copy_current_request_context
from opentelemetry import baggage, trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cruddur_tracing import TracingSettings, install
from tests.tracing.conftest import Make, Traced, routes

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "User-Agent": "curl/8.5.0"}


def stock_span(path: str, method: str = "GET", **options: Any) -> ReadableSpan:
    """Give what OpenTelemetry's own instrumentation makes of a request."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = Flask("shop")
    routes(app)
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    app.test_client().open(path, method=method, headers=PARENT, **options)
    (span,) = exporter.get_finished_spans()
    return span


def comparable(span: ReadableSpan) -> dict[str, Any]:
    """Leave out what differs from request to request."""
    document: dict[str, Any] = json.loads(span.to_json())
    for key in ("start_time", "end_time", "context", "resource"):
        del document[key]
    for event in document["events"]:
        del event["timestamp"], event["attributes"]["exception.stacktrace"]
    return document


@pytest.mark.parametrize("xray_enabled", [True, False], ids=["rules decide", "OpenTelemetry decides"])
@pytest.mark.parametrize("path", ["/", "/?a=b", "/status/404", "/status/503", "/raise", "/nothing/here"])
@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
def test_the_span_is_that_of_the_instrumentation(traced: Make, path: str, method: str, xray_enabled: bool) -> None:
    """Name, kind, parent, attributes, status and events, request by request."""
    app = traced(xray_enabled=xray_enabled)
    app.client.open(path, method=method, headers=PARENT)
    (ours,) = app.spans()
    assert comparable(ours) == comparable(stock_span(path, method))


def test_the_conventions_that_were_asked_for_are_kept(traced: Make) -> None:
    """The default here is the old HTTP conventions, as OpenTelemetry's is."""
    app = traced()
    app.client.get("/")
    (span,) = app.spans()
    assert span.attributes is not None
    assert (span.attributes["http.method"], span.attributes["http.status_code"]) == ("GET", 200)


def in_a_handler(app: Traced, handler: Callable[[], str]) -> Any:
    app.app.add_url_rule("/handler", "handler", handler)
    return app.client.get("/handler", headers=PARENT | {"baggage": "tenant=7"})


def test_the_handler_has_span_and_baggage(traced: Make) -> None:
    """What the propagators have read is the current context while the handler runs, and not after it."""
    app = traced()

    def handler() -> str:
        return f"{trace.get_current_span().get_span_context().span_id:016x} {baggage.get_baggage('tenant')}"

    response = in_a_handler(app, handler)
    (span,) = app.spans()
    assert span.context is not None
    assert response.text == f"{span.context.span_id:016x} 7"
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert baggage.get_all() == {}


def test_a_copied_request_context_does_not_end_the_span(traced: Make) -> None:
    """The handler's own span and segment go on when a copy of its context ends."""
    app = traced()

    def handler() -> str:
        @copy_current_request_context
        def part() -> None:
            """Do nothing, in a context of its own."""

        part()
        assert xray_recorder.get_trace_entity() is not None
        assert trace.get_current_span().is_recording()
        return "done"

    assert in_a_handler(app, handler).text == "done"
    (segment,) = app.datagrams.documents()
    assert segment["http"]["response"]["status"] == 200


def test_a_request_inside_a_request_is_internal(traced: Make) -> None:
    """As with OpenTelemetry's instrumentation: an app that asks itself, in the same thread."""
    app = traced()
    response = in_a_handler(app, lambda: str(app.app.test_client().get("/").status_code))
    assert response.text == "200"
    inner, outer = sorted(app.exporter.get_finished_spans(), key=lambda span: span.kind.name)
    assert (inner.kind.name, outer.kind.name) == ("INTERNAL", "SERVER")
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id


def test_a_response_propagator_is_obeyed(traced: Make) -> None:
    """It puts the trace on the response, for browsers."""
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call]
    try:
        response = traced().client.get("/", headers=PARENT)
    finally:
        set_global_response_propagator(None)  # type: ignore[no-untyped-call]
    assert response.headers["traceresponse"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        ({"request_hook": lambda span, environ: span.set_attribute("mine", 1)}, {}),
        ({"response_hook": lambda span, status, headers: span.set_attribute("mine", 1)}, {}),
        ({"excluded_urls": "never"}, {}),
        ({}, {"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "x-tenant"}),
    ],
    ids=["request hook", "response hook", "excluded URLs", "captured headers"],
)
def test_opentelemetrys_hooks_stay_where_they_do_more(
    traced: Make, options: dict[str, Any], environ: dict[str, str]
) -> None:
    """What a caller has asked OpenTelemetry for is still done, health paths are still passed over."""
    made = traced()
    app, provider = Flask("shop"), TracerProvider(shutdown_on_exit=False)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    routes(app)
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider, **options)  # type: ignore[no-untyped-call]
    settings = TracingSettings(agent=xray_recorder.emitter.agent)
    install(app, settings, environ, tracer_provider=provider)
    xray_recorder.sampler = made.rules
    app.test_client().get("/")
    app.test_client().get("/healthz", headers=PARENT)
    (span,) = exporter.get_finished_spans()
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "opentelemetry.instrumentation.flask"
    assert len(made.datagrams.raw()) == 1
