"""A wire that keeps the spans that ended, and a pipeline that leads to it."""

from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.failures import Failures


@dataclass(slots=True)
class MemoryWire:
    """Keeps ended spans, in their order."""

    spans: list[Span] = field(default_factory=list)

    def ended(self, span: Span) -> None:
        """Keep one."""
        self.spans.append(span)

    def flush(self, seconds: float) -> bool:
        """Return True: nothing waits."""
        return True

    def shutdown(self, seconds: float) -> None:
        """Do nothing."""

    def tree(self) -> Any:
        """Return the names of the last root's spans as nested dictionaries."""
        roots = [span for span in self.spans if span.local_parent is None]
        return {roots[-1].name: self._below(roots[-1])}

    def _below(self, parent: Span) -> Any:
        children = [span for span in self.spans if span.local_parent is parent]
        return {span.name: self._below(span) for span in sorted(children, key=lambda span: span.start_time or 0)}


def pipeline(wire: MemoryWire, failures: Failures | None = None) -> Pipeline:
    """Return a pipeline with one wire."""
    return Pipeline(Resource.get_empty(), RandomIdGenerator(), failures or Failures(), otlp=wire)
