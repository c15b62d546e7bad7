"""The subsegment of a user's activities."""

from datetime import datetime

import pytest

from cruddur.services.user_activities import user_activities
from tests.backend.conftest import EARLIEST, Segments


def _recorded(segments: Segments) -> dict[str, object]:
    segments.recorder.end_segment()
    (segment,) = segments.sent
    (subsegment,) = segment["subsegments"]
    assert subsegment["name"] == "user_activities"
    assert subsegment["in_progress"] is False
    found: dict[str, object] = subsegment
    return found


def test_a_known_user_is_annotated(segments: Segments, now: datetime) -> None:
    """The handle and its existence are searchable annotations; the number of activities is metadata."""
    segments.recorder.begin_segment("backend-flask", sampling=1)
    assert len(user_activities(segments.recorder, "andrewbrown", now) or []) == 1
    subsegment = _recorded(segments)
    assert subsegment["annotations"] == {"user_handle": "andrewbrown", "user_found": True}
    assert subsegment["metadata"] == {"user_activities": {"results": {"now": "2026-11-24T10:00:00+00:00", "length": 1}}}


def test_an_unknown_user_is_not_a_fault(segments: Segments, now: datetime) -> None:
    """A 404 is the client's error, not the subsegment's. A long handle is truncated."""
    segments.recorder.begin_segment("backend-flask", sampling=1)
    assert user_activities(segments.recorder, "n" * 9000, now) is None
    subsegment = _recorded(segments)
    assert subsegment["annotations"] == {"user_handle": "n" * 64, "user_found": False}
    assert "fault" not in subsegment


def test_the_subsegment_closes_on_an_exception(segments: Segments) -> None:
    """The exception propagates, and the subsegment is a fault."""
    segments.recorder.begin_segment("backend-flask", sampling=1)
    with pytest.raises(OverflowError):
        user_activities(segments.recorder, "andrewbrown", EARLIEST)
    assert _recorded(segments)["fault"] is True
