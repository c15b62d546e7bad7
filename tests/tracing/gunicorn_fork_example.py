"""gunicorn's settings of OpenTelemetry's fork example: each worker starts the SDK after the fork, and nothing else.

https://opentelemetry-python.readthedocs.io/en/latest/examples/fork-process-model/README.html
"""

from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def post_fork(_server: Any, _worker: Any) -> None:
    """Start OpenTelemetry's SDK."""
    provider = TracerProvider(resource=Resource.create({"service.name": "api-service"}))
    trace.set_tracer_provider(provider)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
