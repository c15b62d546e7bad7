"""The service that fails on purpose."""

import pytest
from opentelemetry.trace import StatusCode

from cruddur.services.failing_activities import FailedOnPurposeError, failing_activities
from tests.backend.conftest import Segments, Spans


def test_the_span_and_the_subsegment_end_with_the_failure(spans: Spans, segments: Segments) -> None:
    """The span is an error, the subsegment a fault."""
    segments.recorder.begin_segment("backend-flask", sampling=1)
    with pytest.raises(FailedOnPurposeError):
        failing_activities(spans.tracer, segments.recorder)
    segments.recorder.end_segment()
    (segment,) = segments.sent
    (subsegment,) = segment["subsegments"]
    assert (subsegment["name"], subsegment["fault"]) == ("failing_activities", True)
    assert spans.named("failing-activities-data").status.status_code is StatusCode.ERROR
