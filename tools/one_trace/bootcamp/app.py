"""The bootcamp's backend: OpenTelemetry and the X-Ray SDK started side by side, in the order of its lessons."""

import os
from datetime import UTC, datetime
from typing import Any

from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer(__name__)

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
RequestsInstrumentor().instrument()

xray_recorder.configure(service="backend-flask", dynamic_naming=os.getenv("AWS_XRAY_URL"))
XRayMiddleware(app, xray_recorder)


@xray_recorder.capture("activities_home")  # type: ignore[untyped-decorator]
@app.route("/api/activities/home")
def home() -> list[dict[str, str]]:
    """Return the activities of everyone."""
    with tracer.start_as_current_span("home-activities-mock-data") as span:
        span.set_attribute("app.now", datetime.now(UTC).isoformat())
        with xray_recorder.in_subsegment("mock-data") as subsegment:
            results = [{"handle": "Andrew Brown", "message": "Cloud is fun!"}]
            subsegment.put_annotation("results", len(results))
        span.set_attribute("app.result_length", len(results))
        return results


@app.route("/api/activities/notifications")
@xray_recorder.capture("user_notifications")  # type: ignore[untyped-decorator]
def notifications() -> list[dict[str, str]]:
    """Return the user's notifications; what begins here is never ended."""
    results = [{"handle": "Coco", "message": "I am a white unicorn"}]
    segment = xray_recorder.begin_segment("backend_notifications")
    segment.put_metadata("key", {"results": len(results)}, "namespace")
    subsegment = xray_recorder.begin_subsegment("sub_xray_backend")
    subsegment.put_annotation("backend", "notifications")
    return results


@app.route("/api/activities/@<string:handle>")
def user_activities(handle: str) -> dict[str, Any]:
    """Return a user's activities; the segment that begins here is never ended."""
    xray_recorder.begin_segment("user_activities")
    model: dict[str, Any] = {"errors": None, "data": [{"handle": handle, "message": "Cloud is very fun!"}]}
    subsegment = xray_recorder.begin_subsegment("mock-data")
    subsegment.put_metadata("key", {"results-size": len(model["data"])}, "namespace")
    xray_recorder.end_subsegment()
    return model
