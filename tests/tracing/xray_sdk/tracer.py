"""A TracerProvider whose tracers start spans of the recording, for OpenTelemetry's instrumentations."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Tracer, TracerProvider

from cruddur_tracing.recording.pipeline import Pipeline
from tests.tracing.starting import start_span


class StartingTracer(Tracer):
    """Starts spans of a pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def start_span(self, name: str, context: Any = None, kind: Any = None, attributes: Any = None, **_: Any) -> Any:  # type: ignore[override]
        """Start a span."""
        return start_span(self._pipeline, ALWAYS_ON, "shop", name, context=context, kind=kind, attributes=attributes)

    @contextmanager
    def start_as_current_span(self, name: str, *args: Any, **kwargs: Any) -> Iterator[Any]:  # type: ignore[override]
        """Start a span and make it the current one."""
        with trace.use_span(self.start_span(name, *args, **kwargs), end_on_exit=True) as span:
            yield span


class StartingProvider(TracerProvider):
    """Makes such tracers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """Return a tracer."""
        return StartingTracer(self._pipeline)
