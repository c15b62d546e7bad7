"""What starts in a gunicorn worker and never in its master: pollers, and threads of any kind.

`install` says what to start; gunicorn's post_fork says that this process is a worker. Without gunicorn, each part
starts by itself when it is first used.
"""

import os
from collections.abc import Callable


class Worker:
    """The starts that belong to a worker, by name; a second one of the same name takes the place of the first."""

    def __init__(self, process: Callable[[], int] = os.getpid) -> None:
        self._process = process
        self._starts: dict[str, Callable[[], None]] = {}
        self._forked: int | None = None

    def on_start(self, name: str, start: Callable[[], None]) -> None:
        """Run `start` in every worker; at once if this process is one."""
        self._starts[name] = start
        if self._forked == self._process():
            start()

    def forked(self) -> None:
        """Note that this process is a worker that has just been forked, and start what is registered."""
        self._forked = self._process()
        for start in self._starts.values():
            start()

    def forget(self) -> None:
        """Start nothing any more; for a process that takes its app down."""
        self._starts.clear()
        self._forked = None


WORKER = Worker()
