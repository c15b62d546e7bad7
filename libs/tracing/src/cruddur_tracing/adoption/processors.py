"""Reads private attributes of the SDK's span processors."""

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def batched_exporter(processor: SpanProcessor) -> object | None:
    """Return the exporter of a BatchSpanProcessor, None for every other processor, and for a subclass of it."""
    if type(processor) is not BatchSpanProcessor:
        return None
    inner = getattr(processor, "_batch_processor", processor)  # since 1.33
    exporter: object | None = getattr(inner, "_exporter", None) or getattr(processor, "span_exporter", None)
    return exporter
