"""Counts what the tracing could not do, and logs each kind at most once a minute.

Every hook of the library reports here instead of raising: a request never fails because its trace does.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.forks import restart_in_children

log = logging.getLogger("cruddur_tracing")

SILENT_SECONDS: Final = 60.0


class Failures:
    """What failed, by event name. `clock` gives seconds on a clock that never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.restart()
        restart_in_children(self)

    def restart(self) -> None:
        """Count from nothing again, in a process that was just forked."""
        self._lock = threading.RLock()  # a garbage collection may end a span, and so report here, at any point
        self._counts: Counter[str] = Counter()
        self._details: dict[str, object] = {}
        self._logged: dict[str, tuple[float, int]] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How often each event happened since the start of the process."""
        with self._lock:
            return dict(self._counts)

    def note(self, event: str, detail: object, count: int = 1) -> None:
        """Count `event`; log it with `detail` unless it was logged in the last minute."""
        with self._lock:
            self._counts[event] += count
            self._details[event] = detail
            now = self._clock()
            last, reported = self._logged.get(event, (now - SILENT_SECONDS, 0))
            if now - last < SILENT_SECONDS:
                return
            total = self._counts[event]
            self._logged[event] = (now, total)
        _log(event, detail, total - reported, total)

    def report(self) -> None:
        """Log what has been counted and not yet logged, at the end of a process."""
        with self._lock:
            now = self._clock()
            unlogged = [
                (event, self._details[event], total - self._logged[event][1], total)
                for event, total in self._counts.items()
                if total > self._logged[event][1]
            ]
            self._logged.update((event, (now, total)) for event, _, _, total in unlogged)
        for event, detail, count, total in unlogged:
            _log(event, detail, count, total)


def _log(event: str, detail: object, count: int, total: int) -> None:
    log.warning("%s: %s (%d since the last such line, %d in all)", event, detail, count, total)


FAILURES: Final = Failures()
