"""What the tests of both senders need."""

import time
from collections.abc import Callable

import pytest

from cruddur_tracing.resilience.failures import Failures

SECONDS = 60.0  # what every test waits at most for something to happen


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until it holds, and fail if it does not."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def failures() -> Failures:
    """Counters that start at nothing."""
    return Failures()
