"""Waits for something to become true, and says what did not."""

import time
from collections.abc import Callable
from typing import Any

SECONDS = 60.0


def until(done: Callable[[], object], what: str, seconds: float = SECONDS, pause: float = 0.02) -> Any:
    """Return the first true thing that `done` gives; AssertionError says what did not happen."""
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, f"this did not happen within {seconds:.0f} s: {what}"
        time.sleep(pause)
    return found
