"""Counts failures of the tracing, and logs each kind at most once a minute.

Every hook of the library reports here instead of raising: a request never fails because its trace does.
"""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.forks import restart_in_children

log = logging.getLogger("cruddur_tracing")

SILENT_SECONDS: Final = 60.0


class Failures:
    """What failed, by event name. `clock` gives seconds on a clock that never goes back.

    An event is logged once in `silent_seconds`. What it counts meanwhile is logged when they are over, by a thread that
    lives until then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, silent_seconds: float = SILENT_SECONDS) -> None:
        self._clock = clock
        self._silent_seconds = silent_seconds
        self.restart()
        restart_in_children(self)

    def restart(self) -> None:
        """Reset the counts in a process that was just forked."""
        self._lock = threading.RLock()  # a garbage collection may end a span, and so report here, at any point
        self._counts: Counter[str] = Counter()
        self._details: dict[str, object] = {}
        self._logged: dict[str, tuple[float, int]] = {}
        self._reminder: threading.Timer | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How often each event happened since the start of the process."""
        with self._lock:
            return dict(self._counts)

    def note(self, event: str, detail: object, count: int = 1) -> None:
        """Count `event`; log it with `detail`, at once or after a silence."""
        with self._lock:
            self._counts[event] += count
            self._details[event] = detail
            line = self._due(event, self._silent_seconds)
            if line is None:
                self._remind()
        if line is not None:
            _log(*line)

    def report(self) -> None:
        """Log what has been counted and not yet logged, at the end of a process."""
        with self._lock:
            if self._reminder is not None:
                self._reminder.cancel()
                self._reminder = None
        self._report(0.0)

    def _due(self, event: str, silent_seconds: float) -> tuple[str, object, int, int] | None:
        """Return the next line about an event, which then counts as logged; None in a silence or without new events."""
        now, total = self._clock(), self._counts[event]
        last, reported = self._logged.get(event, (-math.inf, 0))
        if now - last < silent_seconds or (total == reported and event in self._logged):
            return None
        self._logged[event] = (now, total)
        return event, self._details[event], total - reported, total

    def _report(self, silent_seconds: float) -> None:
        with self._lock:
            lines = [self._due(event, silent_seconds) for event in tuple(self._counts)]
        for line in lines:
            if line is not None:
                _log(*line)

    def _remind(self) -> None:
        """Schedule the log of what is not yet logged for the end of the silence."""
        if self._reminder is None:
            self._reminder = threading.Timer(self._silent_seconds, self._end_silence)
            self._reminder.daemon = True
            try:
                self._reminder.start()
            except RuntimeError:  # no thread can be started now; the next event tries again
                self._reminder = None

    def _end_silence(self) -> None:
        with self._lock:
            self._reminder = None
        self._report(self._silent_seconds)
        with self._lock:
            if any(total > self._logged[event][1] for event, total in tuple(self._counts.items())):
                self._remind()


def _log(event: str, detail: object, count: int, total: int) -> None:
    log.warning("%s: %s (%d since the last such line, %d in all)", event, detail, count, total)


FAILURES: Final = Failures()
