"""Reads private attributes of the SDK's span processors.

The SDK's exporters are not imported for it: an app without its own processors does not need them.
"""

from typing import Final

from opentelemetry.sdk.trace import SpanProcessor

_BATCHED: Final = ("opentelemetry.sdk.trace.export", "BatchSpanProcessor")


def batched_exporter(processor: SpanProcessor) -> object | None:
    """Return the exporter of a BatchSpanProcessor, None for every other processor, and for a subclass of it."""
    if (type(processor).__module__, type(processor).__qualname__) != _BATCHED:
        return None
    inner = getattr(processor, "_batch_processor", processor)  # since 1.33
    exporter: object | None = getattr(inner, "_exporter", None) or getattr(processor, "span_exporter", None)
    return exporter
