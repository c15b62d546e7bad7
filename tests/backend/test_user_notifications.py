"""The subsegments of the notifications."""

import logging
from collections.abc import Callable
from datetime import datetime

import pytest

from cruddur.services.user_notifications import user_notifications
from tests.backend.conftest import EARLIEST, Segments

CAPTURED = "user_notifications"


def test_the_three_subsegments_are_nested_and_have_their_data(
    segments: Segments, clock: Callable[[], datetime]
) -> None:
    """The middle one has metadata, the innermost an annotation, and one segment contains them."""
    segments.recorder.begin_segment("backend-flask", sampling=1)
    results = segments.recorder.capture(CAPTURED)(user_notifications)(segments.recorder, clock)
    segments.recorder.end_segment()
    (segment,) = segments.sent
    (captured,) = segment["subsegments"]
    (backend,) = captured["subsegments"]
    (innermost,) = backend["subsegments"]
    assert [subsegment["name"] for subsegment in (captured, backend, innermost)] == [
        "user_notifications",
        "backend_notifications",
        "sub_xray_backend",
    ]
    assert backend["metadata"] == {"namespace": {"key": {"now": "2026-11-24T10:00:00+00:00"}}}
    assert innermost["annotations"] == {"end_notifications": "2026-11-24T10:00:00+00:00"}
    assert not {"annotations", "metadata"} & set(captured)
    assert len(results) == 1


def test_all_subsegments_close_on_an_exception(segments: Segments) -> None:
    """The segment is sent with every subsegment closed, and the failed ones are faults."""
    segments.recorder.begin_segment("backend-flask", sampling=1)
    with pytest.raises(OverflowError):
        segments.recorder.capture(CAPTURED)(user_notifications)(segments.recorder, lambda: EARLIEST)
    segments.recorder.end_segment()
    (segment,) = segments.sent
    (captured,) = segment["subsegments"]
    (backend,) = captured["subsegments"]
    for subsegment in (captured, backend):
        assert subsegment["fault"] is True
        assert subsegment["in_progress"] is False
        assert subsegment["end_time"] >= subsegment["start_time"]


def test_an_unsampled_request_has_the_same_result(segments: Segments, clock: Callable[[], datetime]) -> None:
    """Nothing is sent, and nothing fails."""
    segments.recorder.begin_segment("backend-flask", sampling=0)
    results = segments.recorder.capture(CAPTURED)(user_notifications)(segments.recorder, clock)
    segments.recorder.end_segment()
    assert (len(results), segments.sent) == (1, [])


def test_without_a_segment_no_error_is_logged(
    segments: Segments, clock: Callable[[], datetime], caplog: pytest.LogCaptureFixture
) -> None:
    """Outside of a request the function works with the recorder as `cruddur_tracing` configures it."""
    segments.recorder.context.context_missing = "IGNORE_ERROR"
    with caplog.at_level(logging.ERROR):
        assert len(segments.recorder.capture(CAPTURED)(user_notifications)(segments.recorder, clock)) == 1
    assert caplog.records == []
