"""Anomalies: which requests are one, how many are captured in a second, and each trace counted once.

The terms are those of X-Ray's adaptive sampling: an anomaly is a failed or slow request; its capture sends the request
although the rules did not sample it.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

TRACES_MAX: Final = 20_000  # whose counting is remembered
TRACE_SECONDS: Final = 600.0


def is_anomaly(status: int | None, *, failed: bool, seconds: float, slow_seconds: float | None = None) -> bool:
    """Return whether a request is an anomaly: status 500 or more, failed without a status, or slow.

    A request is slow if it took at least `slow_seconds`; None means that no request is.
    """
    if slow_seconds is not None and seconds >= slow_seconds:
        return True
    return failed if status is None else status >= 500


class CaptureLimit:
    """Admits so many captures in each second of the clock; 0 admits none. Safe to use from several threads."""

    def __init__(self, per_second: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Start again with a new lock: for the child of a fork."""
        self._lock = threading.Lock()
        self._second = self._captured = 0

    def admits(self) -> bool:
        """Return whether one more request may be captured now, and count it."""
        if self._per_second <= 0:
            return False
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._captured = second, 0
            if self._captured >= self._per_second:
                return False
            self._captured += 1
            return True


class CountedTraces:
    """The traces that this process has counted for a boost lately. Safe to use from several threads."""

    def __init__(self, most: int = TRACES_MAX, seconds: float = TRACE_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._traces: dict[int, tuple[float, bool]] = {}  # the time and whether an anomaly was counted, oldest first

    def note(self, trace_id: int, now: float, *, anomaly: bool) -> tuple[bool, bool]:
        """Return whether the trace is new, and whether its first anomaly is."""
        with self._lock:
            self._forget(now)
            known = self._traces.get(trace_id)
            first_anomaly = anomaly and not (known and known[1])
            if known is None or first_anomaly:
                self._traces[trace_id] = (known[0] if known else now, anomaly)
            return known is None, first_anomaly

    def _forget(self, now: float) -> None:
        while self._traces:
            oldest = next(iter(self._traces))
            if len(self._traces) <= self._most and now - self._traces[oldest][0] <= self._seconds:
                return
            del self._traces[oldest]
