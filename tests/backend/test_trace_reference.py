"""The trace of the current request."""

import logging

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from cruddur.trace_reference import TraceReference, current_trace
from tests.backend.conftest import Segments

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
DIGITS = 0x5759E988BD862E3FE1BE46A994272793


@pytest.mark.parametrize(("flags", "sampled"), [(1, True), (0, False)])
def test_the_trace_is_the_current_span_s(segments: Segments, flags: int, sampled: bool) -> None:
    """OpenTelemetry's 32 digits are X-Ray's id without dashes."""
    context = SpanContext(DIGITS, 0x53995C3F42CD8AD8, is_remote=False, trace_flags=TraceFlags(flags))
    with trace.use_span(NonRecordingSpan(context)):
        found = current_trace(segments.recorder)
    assert found == TraceReference(ROOT, sampled)
    assert found.otel_id == "5759e988bd862e3fe1be46a994272793"


def test_without_a_span_the_trace_is_the_segment_s(segments: Segments) -> None:
    """Without OpenTelemetry the X-Ray SDK's trace id is used."""
    segments.recorder.begin_segment("backend-flask", traceid=ROOT, sampling=1)
    assert current_trace(segments.recorder) == TraceReference(ROOT, sampled=True)


def test_a_placeholder_of_zeros_is_not_a_trace(segments: Segments) -> None:
    """The X-Ray SDK's id of an unsampled segment is a placeholder."""
    segments.recorder.begin_segment("backend-flask", sampling=0)
    assert current_trace(segments.recorder) is None


def test_with_neither_there_is_no_trace(segments: Segments, caplog: pytest.LogCaptureFixture) -> None:
    """Outside of any trace the result is None, and no error is logged."""
    segments.recorder.context.context_missing = "IGNORE_ERROR"
    with caplog.at_level(logging.WARNING):
        assert current_trace(segments.recorder) is None
    assert caplog.records == []
