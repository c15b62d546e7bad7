"""The server span is that of OpenTelemetry's Flask instrumentation, and so is what that can be asked for."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from opentelemetry import baggage, metrics, trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.tracing.conftest import Make, Traced, routes

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "User-Agent": "curl/8.5.0"}


def stock_span(path: str, method: str = "GET", **options: Any) -> ReadableSpan:
    """Return what OpenTelemetry's own instrumentation makes of a request."""
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


@pytest.mark.parametrize("path", ["/", "/?a=b", "/status/404", "/status/503", "/raise", "/nothing/here"])
@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
def test_the_span_is_that_of_the_instrumentation(traced: Make, path: str, method: str) -> None:
    """Name, kind, parent, attributes, status and events, request by request."""
    app = traced()
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


def test_a_response_propagator_is_obeyed(traced: Make) -> None:
    """It puts the trace on the response, for browsers."""
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call]
    try:
        response = traced().client.get("/", headers=PARENT)
    finally:
        set_global_response_propagator(None)  # type: ignore[no-untyped-call]
    assert response.headers["traceresponse"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


CAPTURED = {
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "x-tenant",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": "content-.*",
}


def test_headers_are_captured(traced: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that OpenTelemetry's variables name, as the instrumentation captures them."""
    for variable, value in CAPTURED.items():
        monkeypatch.setenv(variable, value)
    app = traced(environ=CAPTURED)
    app.client.get("/", headers=PARENT | {"X-Tenant": "7"})
    (span,) = app.spans()
    assert span.attributes is not None
    assert span.attributes["http.request.header.x_tenant"] == ("7",)
    assert span.attributes["http.response.header.content_length"] == ("5",)


@pytest.mark.parametrize("variable", ["OTEL_PYTHON_FLASK_EXCLUDED_URLS", "OTEL_PYTHON_EXCLUDED_URLS"])
def test_excluded_urls_are_not_traced(traced: Make, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """OpenTelemetry's patterns, beside our paths."""
    monkeypatch.setenv(variable, "status/4,nothing")
    app = traced()
    for path in ("/status/404", "/nothing", "/healthz", "/status/503"):
        app.client.get(path, headers=PARENT)
    assert [span.name for span in app.spans()] == ["GET /status/<int:code>"]


def instrumented(provider: TracerProvider, **options: Any) -> Flask:
    """Return an app that OpenTelemetry has instrumented."""
    app = Flask("shop")
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider, **options)  # type: ignore[no-untyped-call]
    return app


def test_an_instrumented_app_is_taken_over(traced: Make, caplog: pytest.LogCaptureFixture) -> None:
    """One span, with the hooks and the excluded URLs that the instrumentation was given; said in one line."""
    provider = TracerProvider(shutdown_on_exit=False)
    app = traced(
        provider=provider,
        app=instrumented(
            provider,
            request_hook=lambda span, _environ: span.set_attribute("request", 1),
            response_hook=lambda span, status, _headers: span.set_attribute("response", status),
            excluded_urls="status/404",
        ),
    )
    with caplog.at_level(logging.INFO, "cruddur_tracing"):
        app.client.get("/", headers=PARENT)
        app.client.get("/status/404", headers=PARENT)
    (span,) = app.spans()
    assert span.attributes is not None
    assert (span.attributes["request"], span.attributes["response"]) == (1, "200 OK")
    assert len(app.datagrams.raw()) == 1
    (message,) = caplog.messages
    assert message.startswith("tracing.started: shop: segments to ")
    assert message.endswith("; taken over: OpenTelemetry's Flask instrumentation")


@pytest.mark.parametrize("installed", ["before", "after"])
def test_the_order_does_not_matter(traced: Make, caplog: pytest.LogCaptureFixture, installed: str) -> None:
    """Instrumented and wrapped by the app before `install` or after it: one span, and the app's middleware stays."""
    provider = TracerProvider(shutdown_on_exit=False)
    app = Flask("shop")
    made = traced(provider=provider, app=app) if installed == "before" else None
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)  # type: ignore[method-assign]
    made = made or traced(provider=provider, app=app)
    for host in ("a.example", "b.example"):
        app.test_client().get("/", headers=PARENT | {"X-Forwarded-Host": host})
    spans = made.spans()
    assert [dict(span.attributes or {})["http.host"] for span in spans] == ["a.example", "b.example"]
    assert len(made.datagrams.raw()) == 2
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_the_metrics_of_the_instrumentation_go_on(traced: Make) -> None:
    """Somebody reads them: its WSGI layer stays in the app, and describes our span."""
    reader = InMemoryMetricReader()
    provider = TracerProvider(shutdown_on_exit=False)
    before = metrics.get_meter_provider()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    metrics._internal._METER_PROVIDER = meters
    try:
        made = traced(provider=provider, app=instrumented(provider, meter_provider=meters))
        made.client.get("/", headers=PARENT)
    finally:
        metrics._internal._METER_PROVIDER = before
    data = reader.get_metrics_data()
    assert data is not None
    names = {metric.name for scope in data.resource_metrics[0].scope_metrics for metric in scope.metrics}
    assert names == {"http.server.active_requests", "http.server.duration"}
    assert len(made.spans()) == 1
    meters.shutdown()
