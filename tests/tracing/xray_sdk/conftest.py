"""Fixtures: a pipeline that keeps what has ended, a recorder wired to it, and requests to record in."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import time_ns
from typing import Any, Final

import pytest
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import NOT_SAMPLED, Span
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.xray_sdk import global_recorder
from cruddur_tracing.xray_sdk.configuration.settings import RecorderSettings, Wiring
from cruddur_tracing.xray_sdk.recorder.ending import close_open
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder

TRACE_ID: Final = "1-65a0b1c2-0123456789abcdef01234567"


def use(span: Any) -> AbstractContextManager[Any]:
    """Return a block in which OpenTelemetry's API has made a span the current one, and ends it."""
    return trace.use_span(span, end_on_exit=True)


@dataclass
class KeptSpans:
    """A wire that keeps the spans that have ended."""

    spans: list[Span] = field(default_factory=list)

    def ended(self, span: Span) -> None:
        """Keep a span."""
        self.spans.append(span)

    def flush(self, seconds: float) -> bool:
        """Nothing waits."""
        return True

    def shutdown(self, seconds: float) -> None:
        """Nothing to do."""

    def __getitem__(self, name: str) -> Span:
        """Return the span of a name."""
        return next(span for span in self.spans if span.name == name)

    def tree(self) -> dict[str, Any]:
        """Return the names of the spans, each with those of its children in the order of their start."""
        spans = sorted(self.spans, key=lambda span: span.start_time or 0)
        known = {span.span_id for span in spans}
        return {span.name: self._below(span, spans) for span in spans if span.parent_id not in known}

    def _below(self, span: Span, spans: list[Span]) -> dict[str, Any]:
        return {child.name: self._below(child, spans) for child in spans if child.parent_id == span.span_id}


class KeptFailures(Failures):
    """Failures of which a test must not cause any."""

    def note(self, event: str, detail: object, count: int = 1) -> None:
        """Fail the test."""
        raise AssertionError(f"{event}: {detail}")


@dataclass
class Process:
    """A process that the recorder serves: where its spans go, and what was configured."""

    kept: KeptSpans
    pipeline: Pipeline
    decision: str | bool = True
    decided: list[dict[str, Any]] = field(default_factory=list)
    configured: list[RecorderSettings] = field(default_factory=list)
    flask_apps: list[Any] = field(default_factory=list)

    def should_trace(self, request: dict[str, Any]) -> str | bool:
        """Decide, and note about what."""
        self.decided.append(dict(request))
        return self.decision

    def wiring(self) -> Wiring:
        """Return what the recorder needs of it."""
        return Wiring(
            pipeline=lambda: self.pipeline,
            should_trace=self.should_trace,
            service=lambda: "shop",
            on_configure=self.configured.append,
            on_flask_middleware=self.flask_apps.append,
        )

    @contextmanager
    def request(self, name: str = "GET /", *, sampled: bool = True) -> Iterator[Any]:
        """Record one request, as the WSGI layer does; not sampled, only its context."""
        ids = self.pipeline.ids
        trace_id, span_id = ids.generate_trace_id(), ids.generate_span_id()
        if not sampled:
            unsampled = NonRecordingSpan(SpanContext(trace_id, span_id, False, NOT_SAMPLED))
            token = context.attach(trace.set_span_in_context(unsampled, Context()))
            try:
                yield unsampled
            finally:
                context.detach(token)
            return
        span = Span(Recording(self.pipeline, xray_trace_id(trace_id), "shop"), name, span_id, kind=SpanKind.SERVER)
        token = context.attach(trace.set_span_in_context(span, Context()))
        try:
            yield span
        finally:
            context.detach(token)
            end = time_ns()
            close_open(span.recording, end)
            span.end(end)


@pytest.fixture
def kept() -> KeptSpans:
    """Return the wire of the process."""
    return KeptSpans()


@pytest.fixture
def process(kept: KeptSpans) -> Process:
    """Return a process whose spans are kept."""
    return Process(kept, Pipeline(Resource({}), RandomIdGenerator(), KeptFailures(), otlp=kept))


@pytest.fixture
def recorder(process: Process) -> Iterator[Recorder]:
    """Return a recorder of the process; the context is as before after the test."""
    before = context.get_current()
    made = Recorder()
    made.wire(process.wiring())
    yield made
    context.attach(before)


@pytest.fixture
def sdk(process: Process) -> Iterator[Any]:
    """Return the SDK's global recorder, taken over."""
    before = context.get_current()
    from aws_xray_sdk.core import xray_recorder

    global_recorder.take_over(process.wiring())
    yield xray_recorder
    global_recorder.release()
    context.attach(before)
