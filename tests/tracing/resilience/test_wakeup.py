"""A waiting thread is woken once for any number of calls."""

import time

from cruddur_tracing.resilience.wakeup import Wakeup


def test_a_call_before_the_wait_is_not_lost() -> None:
    """And several are as one."""
    wakeup = Wakeup()
    wakeup.set()
    wakeup.set()
    wakeup.wait()
    started = time.monotonic()
    wakeup.wait(0.05)
    assert time.monotonic() - started >= 0.04
