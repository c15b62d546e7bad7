"""Begins segments and subsegments: spans under the current one, roots outside of any request, or dummies.

The functions make what they begin the current entity, and return its frame.
"""

import logging
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import NO_STATE, NOT_SAMPLED, SAMPLED, Span
from cruddur_tracing.recording.start import Start, start_child
from cruddur_tracing.xray_sdk.entities.dummies import DummySegment
from cruddur_tracing.xray_sdk.entities.entity import Entity
from cruddur_tracing.xray_sdk.entities.kinds import Segment, Subsegment, root_of
from cruddur_tracing.xray_sdk.entities.trace_ids import parse_entity_id, parse_trace_id
from cruddur_tracing.xray_sdk.recorder import frames
from cruddur_tracing.xray_sdk.recorder.frames import Frame

log = logging.getLogger("aws_xray_sdk.core.recorder")

SCOPE: Final = InstrumentationScope("aws_xray_sdk")
_LOCAL: Final = Start(scope=SCOPE)
_CALL: Final = Start(kind=SpanKind.CLIENT, scope=SCOPE)


def subsegment(span: Span, name: str, namespace: str, outer: Frame | None) -> Frame:
    """Begin a recorded subsegment under a span; `outer` is the innermost frame."""
    if namespace in ("aws", "remote"):
        child = start_child(span, name, _CALL)
        child.xray_data().namespace = namespace
    else:
        child = start_child(span, name, _LOCAL)
    return _begin(Subsegment(child), outer)


def nested_segment(span: Span, name: str, outer: Frame | None) -> Frame:
    """Begin a segment inside a request."""
    return _begin(Segment(start_child(span, name, _LOCAL)), outer)


def not_sampled(span: trace.Span) -> trace.Span:
    """Return a span in the same trace under which nothing is sampled."""
    ids = span.get_span_context()
    return NonRecordingSpan(SpanContext(ids.trace_id, ids.span_id, False, NOT_SAMPLED, ids.trace_state))


def root_segment(pipeline: Pipeline, name: str, above: SpanContext | None, decision: str | int) -> Frame:
    """Begin a segment outside of any request. `above` has the trace's id, and the parent's or 0."""
    trace_id = above.trace_id if above is not None else pipeline.ids.generate_trace_id()
    state = above.trace_state if above is not None else NO_STATE
    span_id = pipeline.ids.generate_span_id()
    if not decision:
        unsampled = NonRecordingSpan(SpanContext(trace_id, span_id, False, NOT_SAMPLED, state))
        return frames.push(DummySegment(name, unsampled), unsampled, None)
    rule = decision if isinstance(decision, str) else None
    recording = Recording(pipeline, xray_trace_id(trace_id), name, rule=rule, trace_state=state)
    parent = above if above is not None and above.span_id else None
    span = Span(
        recording,
        name,
        span_id,
        parent_id=parent.span_id if parent else 0,
        parent_context=parent,
        kind=SpanKind.SERVER if parent else SpanKind.INTERNAL,
        scope=SCOPE,
    )
    if pipeline.processors:
        recording.started(span, None)
    return _begin(Segment(span), None)


def given_parent(trace_id: str | None, parent_id: str | None) -> SpanContext | None:
    """Return the trace and the parent that an app gives as texts; None without a trace that can be read."""
    if trace_id is None and parent_id is None:
        return None
    trace_number, parent_number = parse_trace_id(trace_id or ""), parse_entity_id(parent_id or "")
    if trace_number is None:
        log.warning("traceid: %r: expected 1-, 8 hexadecimal digits, -, 24 hexadecimal digits", trace_id)
        return None
    if parent_id and parent_number is None:
        log.warning("parent_id: %r: expected 16 hexadecimal digits", parent_id)
    return SpanContext(trace_number, parent_number or 0, True, SAMPLED)


def is_in_request(span: trace.Span) -> bool:
    """Return whether a span is part of a trace that this process has decided about and not finished."""
    if isinstance(span, Span):
        return root_of(span)._end_time is None
    return frames.is_unsampled(span)


def _begin(entity: Entity, outer: Frame | None) -> Frame:
    span = entity.span
    span.entity = entity
    entity.begin()
    return frames.push(entity, span, outer)
