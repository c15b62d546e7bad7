"""Wakes a thread that waits, from any point of any other."""

import queue
from contextlib import suppress


class Wakeup:
    """Like `threading.Event`, whose `set` deadlocks if a garbage collection inside it calls it again.

    A garbage collection may end a span, and so send it.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """Wake the thread, or let its next `wait` return at once."""
        self._queue.put(None)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until woken, at most that time; None has no limit."""
        with suppress(queue.Empty):
            self._queue.get(timeout=seconds)
            while True:  # several calls count as one
                self._queue.get_nowait()
