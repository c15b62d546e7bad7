"""A thread that is started when there is first something to do."""

import threading
from collections.abc import Callable

from cruddur_tracing.resilience.wakeup import Wakeup


class WakeableThread:
    """A daemon thread that calls `run`, from the first `start_or_wake` on; `run` waits for more by `wait`."""

    def __init__(self, run: Callable[[], None], name: str) -> None:
        self._run = run
        self._name = name
        self._lock = threading.RLock()  # a garbage collection may end a span, and so wake the thread, at any point
        self._wakeup = Wakeup()
        self._thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._thread is not None and self._thread.is_alive()

    def start_or_wake(self) -> bool:
        """Start it, or end its `wait`; return False if no thread can be started now."""
        with self._lock:
            if self.is_alive:
                self.wake()
                return True
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
            return True

    def wake(self) -> None:
        """End its `wait`, or let the next one return at once."""
        self._wakeup.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait, in the thread, until it is woken, at most that time; None has no limit."""
        self._wakeup.wait(seconds)
