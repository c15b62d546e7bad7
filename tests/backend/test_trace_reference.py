"""Which trace a request belongs to."""

import logging

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from cruddur.trace_reference import TraceReference, current_trace
from tests.backend.conftest import Segments

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
DIGITS = 0x5759E988BD862E3FE1BE46A994272793


@pytest.mark.parametrize(("flags", "sampled"), [(1, True), (0, False)])
def test_the_current_span_names_the_trace(segments: Segments, flags: int, sampled: bool) -> None:
    """OpenTelemetry's 32 digits are X-Ray's id without its dashes."""
    context = SpanContext(DIGITS, 0x53995C3F42CD8AD8, is_remote=False, trace_flags=TraceFlags(flags))
    with trace.use_span(NonRecordingSpan(context)):
        found = current_trace(segments.recorder)
    assert found == TraceReference(ROOT, sampled)
    assert found.otel_id == "5759e988bd862e3fe1be46a994272793"


def test_without_a_span_the_segment_names_the_trace(segments: Segments) -> None:
    """With OpenTelemetry off the X-Ray SDK's own id is the trace's."""
    segments.recorder.begin_segment("backend-flask", traceid=ROOT, sampling=1)
    assert current_trace(segments.recorder) == TraceReference(ROOT, sampled=True)


def test_a_placeholder_of_zeros_is_no_trace(segments: Segments) -> None:
    """The X-Ray SDK gives an unsampled segment an id that stands for none."""
    segments.recorder.begin_segment("backend-flask", sampling=0)
    assert current_trace(segments.recorder) is None


def test_with_neither_there_is_no_trace(segments: Segments, caplog: pytest.LogCaptureFixture) -> None:
    """Outside of any trace the answer is None, and nothing is logged as an error."""
    segments.recorder.context.context_missing = "IGNORE_ERROR"
    with caplog.at_level(logging.WARNING):
        assert current_trace(segments.recorder) is None
    assert caplog.records == []
