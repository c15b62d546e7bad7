"""Counts what the tracing could not do, and logs each kind at most once a minute.

Every hook of the library reports here instead of raising: a request never fails because its trace does.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

log = logging.getLogger("cruddur_tracing")

SILENT_SECONDS: Final = 60.0


class Failures:
    """What failed, by event name. `clock` gives seconds on a clock that never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._logged: dict[str, tuple[float, int]] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How often each event happened since the start of the process."""
        with self._lock:
            return dict(self._counts)

    def note(self, event: str, detail: object) -> None:
        """Count `event`; log it with `detail` unless it was logged in the last minute."""
        with self._lock:
            self._counts[event] += 1
            count = self._counts[event]
            now = self._clock()
            last, reported = self._logged.get(event, (now - SILENT_SECONDS, 0))
            if now - last < SILENT_SECONDS:
                return
            self._logged[event] = (now, count)
        log.warning("%s: %s (%d since the last such line, %d in all)", event, detail, count - reported, count)


FAILURES: Final = Failures()
