"""What this process records of one trace: the spans under one local root."""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import TraceState

from cruddur_tracing.recording.attributes import complete
from cruddur_tracing.recording.ids import w3c_trace_id
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.span import NO_STATE, Span

EVENT: Final = "span.hook"


class Recording:
    """The local part of one trace. `service` is the segment's name, `rule` the sampling rule that decided.

    `lock` guards what several threads may change of its spans; one that holds it may take it again, for a garbage
    collection at any point may end a span. `open` are the spans that X-Ray's API began, in their order. `xray_id` is
    the trace's id as X-Ray writes it, which the response and the document of a request have both.
    """

    __slots__ = ("lock", "open", "pipeline", "rule", "sampled", "service", "trace_state", "xray_id")

    def __init__(
        self,
        pipeline: Pipeline,
        xray_id: str,
        service: str,
        *,
        sampled: bool = True,
        rule: str | None = None,
        trace_state: TraceState = NO_STATE,
    ) -> None:
        self.pipeline = pipeline
        self.xray_id = xray_id
        self.service = service
        self.sampled = sampled
        self.rule = rule
        self.trace_state = trace_state
        self.open: Sequence[Any] = ()
        self.lock = RLock()

    @property
    def trace_id(self) -> int:
        """The trace's id as OpenTelemetry has it."""
        return w3c_trace_id(self.xray_id)

    def started(self, span: Span, parent_context: Context | None) -> None:
        """Tell the app's own processors that a span has started. Never raises."""
        try:
            for processor in self.pipeline.processors:
                processor.on_start(span, parent_context)
        except Exception as error:  # noqa: BLE001 - processors are anybody's
            self.pipeline.failures.note(EVENT, f"{type(error).__name__}: {error}")

    def ended(self, span: Span) -> None:
        """Pass on an ended span. Never raises: a request must not fail because its trace does."""
        pipeline = self.pipeline
        for processor in pipeline.processors:
            self._give(processor._on_ending, span)
        if self.sampled:
            if pipeline.hold is None or span.local_parent is not None or span.xray is not None or pipeline.processors:
                self.pass_on(span)
            else:
                if span.made_attributes is not None:
                    span.facts = None
                elif span.facts is not None:
                    span.facts.untouched()  # now: a server may use its environ for the next request
                pipeline.hold(span)
        for processor in pipeline.processors:
            self._give(processor.on_end, span)
        if span.entity is not None:
            span.entity = None  # it refers to the span: no reference cycle outlives the request

    def pass_on(self, span: Span) -> None:
        """Pass an ended span on to the wires. Never raises."""
        segments, otlp = self.pipeline.segments, self.pipeline.otlp
        if segments is not None:
            self._give(segments.ended, span)
        if span.xray is not None or (otlp is not None and span.local_parent is None):
            self._give(complete, span)
        if otlp is not None:
            self._give(otlp.ended, span)

    def _give(self, take: Callable[[Any], None], span: Span) -> None:
        try:
            take(span)
        except Exception as error:  # noqa: BLE001 - processors are anybody's, and so are the values in a span
            self.pipeline.failures.note(EVENT, f"{type(error).__name__}: {error}")
