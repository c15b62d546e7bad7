"""Which requests are anomalies, how many are captured, and each trace counted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cruddur_tracing.sampling.anomalies import CaptureLimit, CountedTraces, is_anomaly


@pytest.mark.parametrize(
    ("status", "failed", "seconds", "expected"),
    [
        (500, False, 0.1, True),
        (499, True, 0.1, False),
        (None, True, 0.1, True),
        (None, False, 0.1, False),
        (200, False, 1.0, True),
        (200, False, 0.99, False),
    ],
)
def test_a_failed_or_slow_request_is_an_anomaly(
    status: int | None, failed: bool, seconds: float, expected: bool
) -> None:
    """The status decides if there is one, as in ADOT."""
    assert is_anomaly(status, failed=failed, seconds=seconds, slow_seconds=1.0) is expected


def test_without_a_limit_no_request_is_slow() -> None:
    """Only failures are anomalies."""
    assert not is_anomaly(200, failed=False, seconds=1e9)


def test_captures_are_off_unless_a_number_is_set() -> None:
    """The default is none."""
    assert not CaptureLimit().admits()


@given(st.integers(1, 4), st.lists(st.floats(100, 103), max_size=40).map(sorted))
def test_no_second_has_more_captures_than_the_limit(limit: int, times: list[float]) -> None:
    """And none has fewer if there are enough requests."""
    now = iter(times)
    captures = CaptureLimit(limit, clock=lambda: next(now))
    admitted = [int(time) for time in times if captures.admits()]
    for second in range(100, 104):
        assert admitted.count(second) == min(limit, [int(time) for time in times].count(second))


def test_a_forked_child_has_a_limit_of_its_own() -> None:
    """And a lock that no thread of its parent can hold."""
    captures = CaptureLimit(1, clock=lambda: 100.0)
    assert [captures.admits() for _ in range(2)] == [True, False]
    captures.reset()
    assert captures.admits()


def test_a_trace_and_its_first_anomaly_count_once() -> None:
    """A trace that passes this process twice fails once at the most."""
    traces = CountedTraces()
    noted = [traces.note(7, 0.0, anomaly=anomaly) for anomaly in (False, True, True, False)]
    assert noted == [(True, False), (False, True), (False, False), (False, False)]
    assert traces.note(8, 0.0, anomaly=True) == (True, True)


def test_old_traces_are_forgotten() -> None:
    """After ten minutes, or when there are too many."""
    traces = CountedTraces(most=2, seconds=600.0)
    for trace_id in (1, 2, 3, 4):
        traces.note(trace_id, 0.0, anomaly=False)
    assert traces.note(1, 0.0, anomaly=False) == (True, False)
    assert traces.note(4, 600.0, anomaly=False) == (False, False)
    assert traces.note(4, 601.0, anomaly=False) == (True, False)
