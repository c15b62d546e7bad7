"""The time between SIGTERM and the end: requests are still taken, while readiness has already failed.

A load balancer needs it: gunicorn alone closes its socket at once, and what has been routed here by then is refused.
Used by `serving.Hooks`. It never ends a process itself; it hands gunicorn its own signal, later.
"""

import mmap
import os
import signal
from collections.abc import Callable
from types import FrameType

Stop = Callable[[int, FrameType | None], object]


class Drain:
    """Made in the master; shared memory tells its workers, also those that are forked later, that it has begun."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._master = os.getpid()
        self._flag = mmap.mmap(-1, 1)

    @property
    def begun(self) -> bool:
        """Whether the master has had a SIGTERM."""
        return self._flag[0] != 0

    def before(self, stop: Stop) -> None:
        """Put the drain before gunicorn's handler of SIGTERM; without seconds nothing changes."""
        if not self._seconds:
            return

        def begin(number: int, frame: FrameType | None) -> None:
            # A second SIGTERM means now. A worker has this handler from the fork until it sets its own.
            if self.begun or os.getpid() != self._master:
                stop(number, frame)
                return
            self._flag[0] = 1
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

        signal.signal(signal.SIGTERM, begin)
        signal.signal(signal.SIGALRM, lambda _, frame: stop(signal.SIGTERM, frame))
