"""The recorders' set-up in the app, each as its own documentation has it, and its call for a child of a request.

OpenTelemetry's stock recorder and ddtrace need none: opentelemetry-instrument and ddtrace-run patch Flask.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

from flask import Flask

SERVICE = "backend-flask"
CHILD = "activities-db"
STATEMENT = "SELECT id, handle, message FROM activities"

Child = Callable[[], AbstractContextManager[Any]]
Recorder = Callable[[Callable[[], Flask]], tuple[Flask, Child]]


def none(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app without any."""
    return make(), nullcontext


def opentelemetry(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app for opentelemetry-instrument, whose tracer makes the children."""
    return make(), _span()


def xray(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app with the X-Ray SDK's Flask middleware."""
    from aws_xray_sdk.core import xray_recorder
    from aws_xray_sdk.ext.flask.middleware import XRayMiddleware

    app = make()
    xray_recorder.configure(service=SERVICE)
    XRayMiddleware(app, xray_recorder)
    return app, _subsegment()


def both(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app with the X-Ray SDK's middleware for opentelemetry-instrument; each child is made with both."""
    app, subsegment = xray(make)
    span = _span()

    def child() -> AbstractContextManager[Any]:
        stack = ExitStack()
        stack.enter_context(span())
        stack.enter_context(subsegment())
        return stack

    return app, child


def ours(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app with cruddur_tracing."""
    from cruddur_tracing import install

    app = make()
    install(app)
    return app, _span()


def fastotel(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app with OpenTelemetry's SDK, fastotel's processor and OpenTelemetry's Flask instrumentation."""
    from fastotel import OTLPSpanProcessor
    from opentelemetry import trace
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(OTLPSpanProcessor())
    trace.set_tracer_provider(provider)
    app = make()
    FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
    return app, _span()


def elastic(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app with Elastic's Flask integration, configured by ELASTIC_APM_*."""
    import elasticapm
    from elasticapm.contrib.flask import ElasticAPM

    app = make()
    ElasticAPM(app)
    return app, lambda: elasticapm.capture_span(CHILD, span_type="db", labels={"statement": STATEMENT})


def sentry(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app with Sentry's SDK, which reads SENTRY_DSN and finds Flask."""
    import sentry_sdk

    sentry_sdk.init(traces_sample_rate=1.0)
    return make(), lambda: sentry_sdk.start_span(op="db", name=STATEMENT)


def datadog(make: Callable[[], Flask]) -> tuple[Flask, Child]:
    """Return the app for ddtrace-run, whose tracer makes the children."""
    from ddtrace.trace import tracer

    return make(), lambda: tracer.trace("db.query", service=CHILD, resource=STATEMENT)


def _span() -> Child:
    from opentelemetry import trace

    tracer = trace.get_tracer("bench")
    attributes = {"db.system": "postgresql", "db.statement": STATEMENT}
    return lambda: tracer.start_as_current_span(CHILD, kind=trace.SpanKind.CLIENT, attributes=attributes)


def _subsegment() -> Child:
    from aws_xray_sdk.core import xray_recorder

    return lambda: xray_recorder.in_subsegment(CHILD, namespace="remote")


RECORDERS: dict[str, Recorder] = {
    function.__name__: function
    for function in (none, opentelemetry, xray, both, ours, fastotel, elastic, sentry, datadog)
}


def chosen() -> Recorder:
    """Return the recorder that BENCH_RECORDER names."""
    return RECORDERS[os.environ["BENCH_RECORDER"]]
