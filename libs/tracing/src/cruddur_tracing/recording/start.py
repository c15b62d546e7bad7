"""Starts spans: children of a span that is recorded here, and roots that the sampler decides about."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.pipeline import Pipeline, Recorded
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import NO_STATE, NOT_SAMPLED, Span, allocated


class Start(NamedTuple):
    """What a span starts with; the names are those of OpenTelemetry's `Tracer.start_span`."""

    kind: SpanKind = SpanKind.INTERNAL
    scope: Any = None
    attributes: Any = None
    links: Sequence[Link] = ()
    start_time: int | None = None
    record_exception: bool = True
    set_status_on_exception: bool = True


INTERNAL = Start()


def start_child(parent: Span, name: str, start: Start = INTERNAL, parent_context: Context | None = None) -> Span:
    """Start a span under one that is recorded here; no sampler is called, since the trace has been decided."""
    recording = parent.recording
    span_id = recording.pipeline.ids.generate_span_id()
    return _begin(_span(recording, name, span_id, start, parent), start.attributes, start.links, parent_context)


def start_span(
    pipeline: Pipeline, sampler: Sampler, service: str, name: str, start: Start, context: Context | None = None
) -> trace.Span:
    """Start a span as OpenTelemetry's tracer does, under the current span of the context."""
    parent = trace.get_current_span(context)
    if isinstance(parent, Span) and parent.recording.pipeline is pipeline:
        return start_child(parent, name, start, context)
    return start_decided(pipeline, sampler, service, name, start, context)


def start_decided(
    pipeline: Pipeline, sampler: Sampler, service: str, name: str, start: Start, context: Context | None = None
) -> trace.Span:
    """Start a span about which the sampler decides, whatever its parent is."""
    parent = trace.get_current_span(context)
    above: SpanContext | None = parent.get_span_context()
    if above is None or not above.is_valid:
        above, trace_id = None, pipeline.ids.generate_trace_id()
    else:
        trace_id = above.trace_id
    result = sampler.should_sample(context, trace_id, name, start.kind, start.attributes, start.links)
    span_id = pipeline.ids.generate_span_id()
    if result.decision is Decision.DROP:
        return NonRecordingSpan(SpanContext(trace_id, span_id, False, NOT_SAMPLED, result.trace_state))
    sampled = result.decision is Decision.RECORD_AND_SAMPLE
    if _is_part(parent, pipeline, sampled=sampled):
        span = _span(parent.recording, name, span_id, start, parent)  # type: ignore[attr-defined,arg-type]
    else:
        state = result.trace_state or NO_STATE
        recording = Recording(pipeline, xray_trace_id(trace_id), service, sampled=sampled, trace_state=state)
        span = _span(recording, name, span_id, start, None, above)
    return _begin(span, result.attributes, start.links, context)


def _is_part(parent: trace.Span, pipeline: Pipeline, *, sampled: bool) -> bool:
    """Return whether a new span belongs to the recording of its parent."""
    return isinstance(parent, Span) and parent.recording.pipeline is pipeline and parent.recording.sampled is sampled


def _span(
    recording: Recorded, name: str, span_id: int, start: Start, parent: Span | None, above: SpanContext | None = None
) -> Span:
    parent_id = parent.span_id if parent is not None else above.span_id if above is not None else 0
    span = allocated(Span)
    Span.__init__(
        span,
        recording,
        name,
        span_id,
        parent_id=parent_id,
        local_parent=parent,
        parent_context=above,
        kind=start.kind,
        scope=start.scope,
        start_time=start.start_time,
        record_exception=start.record_exception,
        set_status_on_exception=start.set_status_on_exception,
    )
    return span


def _begin(span: Span, attributes: Any, links: Sequence[Link], parent_context: Context | None) -> Span:
    if attributes:
        span.set_attributes(attributes)
    for link in links:
        span.add_link(link.context, link.attributes)
    if span.recording.pipeline.processors:
        span.recording.started(span, parent_context)
    return span
