"""How fast AWS is asked: a token bucket for all writes, and the back-off of what fails. Time and randomness are given.

Full jitter: a wait is drawn from zero to a bound that doubles, so that many failing objects spread out (AWS
Architecture Blog, "Exponential Backoff And Jitter"). The bound ends at twice the interval at which AWS is read anyway,
so that what goes on failing is tried no more often than once an interval, on average.
"""

import asyncio
from collections.abc import Callable

FIRST_SECONDS = 1.0
LEAST_SECONDS = 0.1  # so that a lucky draw is no hot loop


def backoff(failures: int, *, interval: float, draw: Callable[[], float]) -> float:
    """Give the seconds to wait after so many failures in a row (1 or more); `draw` gives a number from 0 to 1."""
    bound = min(2 * interval, FIRST_SECONDS * 2.0 ** min(failures - 1, 32))
    return max(min(LEAST_SECONDS, interval), bound * draw())


class TokenBucket:
    """Lets `burst` pass at once and `rate` a second afterwards, in the order in which they ask."""

    def __init__(self, *, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._tokens = float(burst)
        self._filled = clock()
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Wait until one more may pass."""
        async with self._turn:
            self._fill()
            if self._tokens < 1:
                await asyncio.sleep((1 - self._tokens) / self._rate)
                self._fill()
            self._tokens -= 1

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
