"""The rate of requests to AWS: the bounds of the back-off, and the bucket's order and rate."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.operator.virtual_time import in_virtual_time
from xray_operator.aws.rate_limit import MIN_SECONDS, TokenBucket, backoff


@pytest.mark.parametrize(
    ("failures", "draw", "expected"),
    [(1, 1.0, 1), (2, 1.0, 2), (5, 1.0, 16), (7, 1.0, 64), (8, 1.0, 120), (5, 0.5, 8), (5, 0.0, 0.1), (1, 0.05, 0.1)],
)
def test_bound_doubles_and_the_delay_is_drawn_below_it(failures: int, draw: float, expected: float) -> None:
    """Up to twice the interval of 60 s, which is once an interval on average; never 0."""
    assert backoff(failures, interval=60, draw=lambda: draw) == expected


@given(st.integers(1, 10**9), st.floats(0.01, 86400), st.floats(0, 1))
def test_delay_is_bounded_on_both_sides(failures: int, interval: float, draw: float) -> None:
    """For any number of failures and any draw."""
    assert min(MIN_SECONDS, interval) <= backoff(failures, interval=interval, draw=lambda: draw) <= 2 * interval


@given(st.integers(1, 60), st.floats(0, 1))
def test_another_failure_never_shortens_the_delay(failures: int, draw: float) -> None:
    """With the same draw."""
    delays = [backoff(count, interval=3600, draw=lambda: draw) for count in (failures, failures + 1)]
    assert delays == sorted(delays)


def test_burst_passes_at_once_and_the_rest_at_the_rate() -> None:
    """Three at once, then two a second, in the order of their requests."""

    async def scenario() -> None:
        time = asyncio.get_running_loop().time
        bucket = TokenBucket(rate=2, burst=3, clock=time)
        passed: list[tuple[int, float]] = []

        async def take(number: int) -> None:
            await bucket.take()
            passed.append((number, time()))

        await asyncio.gather(*(take(number) for number in range(6)))
        assert passed == [(0, 0), (1, 0), (2, 0), (3, 0.5), (4, 1.0), (5, 1.5)]

    in_virtual_time(scenario)


def test_idle_bucket_fills_up_to_its_burst() -> None:
    """After an hour, a burst of two passes."""

    async def scenario() -> None:
        time = asyncio.get_running_loop().time
        bucket = TokenBucket(rate=1, burst=2, clock=time)
        await asyncio.sleep(3600)
        times = []
        for _ in range(4):
            await bucket.take()
            times.append(time() - 3600)
        assert times == [0, 0, 1, 2]

    in_virtual_time(scenario)
