"""Starts spans with options by their names."""

from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Sampler

from cruddur_tracing.recording import start
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.span import Span


def start_child(parent: Span, name: str, **options: Any) -> Span:
    """Start a span under another."""
    return start.start_child(parent, name, start.Start(**options))


def start_span(pipeline: Pipeline, sampler: Sampler, service: str, name: str, **options: Any) -> trace.Span:
    """Start a span under the current one of `context`."""
    context = options.pop("context", None)
    return start.start_span(pipeline, sampler, service, name, start.Start(**options), context)
