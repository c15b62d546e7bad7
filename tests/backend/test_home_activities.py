"""The spans of the home page."""

from collections.abc import Callable
from datetime import datetime

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from cruddur.services.home_activities import home_activities
from tests.backend.conftest import EARLIEST, Spans


def test_the_two_spans_are_nested_and_have_attributes(spans: Spans, now: datetime) -> None:
    """Both spans have the time, the inner one also the number of results."""
    results = home_activities(spans.tracer, now)
    outer, inner = spans.named("home-activities-data"), spans.named("home-result-activities")
    assert outer.parent is None
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert dict(outer.attributes or {}) == {"outer": True, "app.hubabuba": "2026-11-24T10:00:00+00:00"}
    assert dict(inner.attributes or {}) == {
        "inner": True,
        "app.hubabuba": "2026-11-24T10:00:00+00:00",
        "app.result_length": 3,
    }
    assert [result["handle"] for result in results] == ["andrewbrown", "worf", "garek"]


def test_both_spans_close_on_an_exception(spans: Spans) -> None:
    """A time out of range raises; each span ends as an error with the exception."""
    with pytest.raises(OverflowError):
        home_activities(spans.tracer, EARLIEST)
    for name in ("home-activities-data", "home-result-activities"):
        span = spans.named(name)
        assert span.status.status_code is StatusCode.ERROR
        assert [event.name for event in span.events] == ["exception"]
    assert not trace.get_current_span().get_span_context().is_valid


def test_without_opentelemetry_the_result_is_the_same(clock: Callable[[], datetime]) -> None:
    """The tracer of an unconfigured OpenTelemetry records nothing."""
    assert len(home_activities(trace.NoOpTracer(), clock())) == 3
