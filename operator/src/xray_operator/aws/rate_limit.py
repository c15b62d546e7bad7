"""The rate of calls to AWS: a token bucket for writes, and exponential back-off for failures.

The back-off has full jitter: a wait is drawn from zero to a bound that doubles, so that many failing objects spread
out (AWS Architecture Blog, "Exponential Backoff And Jitter"). The bound stops at twice the poll interval: a permanent
failure is retried about once an interval.
"""

import asyncio
from collections.abc import Callable

FIRST_SECONDS = 1.0
MIN_SECONDS = 0.1  # prevents a hot loop after a lucky draw


def backoff(failures: int, *, interval: float, draw: Callable[[], float]) -> float:
    """Return the seconds to wait after a number of failures in a row (1 or more); `draw` returns 0 to 1."""
    bound = min(2 * interval, FIRST_SECONDS * 2.0 ** min(failures - 1, 32))
    return max(min(MIN_SECONDS, interval), bound * draw())


class TokenBucket:
    """Admits `burst` calls at once and `rate` calls a second afterwards, first come, first served."""

    def __init__(self, *, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._tokens = float(burst)
        self._filled = clock()
        self._queue = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a token and take it."""
        async with self._queue:
            self._fill()
            if self._tokens < 1:
                await asyncio.sleep((1 - self._tokens) / self._rate)
                self._fill()
            self._tokens -= 1

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
