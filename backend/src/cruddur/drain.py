"""The drain: after SIGTERM readiness fails, but requests are accepted for some seconds before gunicorn stops.

Load balancers need it: gunicorn alone closes its socket immediately and refuses requests that are already on their way.
The drain never ends a process itself; it delays gunicorn's own signal handler.
"""

import mmap
import os
import signal
from collections.abc import Callable
from types import FrameType

Stop = Callable[[int, FrameType | None], object]


class Drain:
    """Created in the master; shared memory makes its start visible to all workers, including those forked later."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._master = os.getpid()
        self._flag = mmap.mmap(-1, 1)

    @property
    def begun(self) -> bool:
        """Whether the master has received SIGTERM."""
        return self._flag[0] != 0

    def before(self, stop: Stop) -> None:
        """Run the drain before gunicorn's SIGTERM handler; with 0 seconds, change nothing."""
        if not self._seconds:
            return

        def begin(number: int, frame: FrameType | None) -> None:
            # A second SIGTERM stops immediately. A worker has this handler from the fork until it sets its own.
            if self.begun or os.getpid() != self._master:
                stop(number, frame)
                return
            self._flag[0] = 1
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

        signal.signal(signal.SIGTERM, begin)
        signal.signal(signal.SIGALRM, lambda _, frame: stop(signal.SIGTERM, frame))
