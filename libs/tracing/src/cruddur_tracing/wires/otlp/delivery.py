"""Sends batches to the backend, and decides which of the refused ones are sent again."""

import math
import random
import threading
import time
import zlib
from typing import Final
from urllib.parse import urlsplit

from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.otlp.batches import Batch, Batches
from cruddur_tracing.wires.otlp.http.answers import Verdict, judge
from cruddur_tracing.wires.otlp.http.connection import Connection
from cruddur_tracing.wires.otlp.settings import OtlpSettings

PAUSES: Final = (0.2, 0.4, 0.8, 1.6, 2.0)  # seconds between two attempts while the backend is unreachable
PAUSE_MIN: Final = 0.1  # seconds, also for a backend that requests none

LOST: Final = "span.lost"
REFUSED: Final = "span.refused"
UNREACHABLE: Final = "otlp.unreachable"

_FULL: Final = "more wait than fit into the queue"


class Delivery:
    """To one endpoint. For one thread at a time, except `limit` and `abort`."""

    def __init__(self, settings: OtlpSettings, batches: Batches, failures: Failures) -> None:
        self._settings = settings
        self._batches = batches
        self._failures = failures
        self._connection = Connection(settings)
        self._failed = 0
        self._aborted = False
        self._reporting = threading.Lock()  # of an attempt that failed
        self._limit = math.inf
        url = urlsplit(settings.endpoint)
        self._endpoint = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"

    def limit(self, deadline: float) -> None:
        """End every request that begins from now on at `deadline`, on the monotonic clock."""
        self._limit = deadline

    def abort(self) -> None:
        """Abort a request that waits for its response, and report no attempt that fails from now on."""
        with self._reporting:
            self._aborted = True
        self._connection.abort()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send_waiting(self) -> float | None:
        """Send all that is queued now, or return the seconds until the next attempt.

        Spans that are added meanwhile wait for the next round; otherwise each would become a request of its own.
        """
        self._batches.seal()
        while (batch := self._batches.take()) is not None:
            verdict = self._send(batch)
            if verdict.retry:
                return self._retry(verdict)
            self._failed = 0
            if self._batches.done() and verdict.refused:
                self._failures.note(REFUSED, f"{self._endpoint}: {verdict.reason}", verdict.refused)
                self._connection.close()  # behind a Service another backend may take the next ones
        return None

    def lose(self, spans: int, reason: str = _FULL) -> None:
        """Count spans that will not be sent."""
        self._failures.note(LOST, f"{self._endpoint}: {reason}", spans)

    def _send(self, batch: Batch) -> Verdict:
        deadline = min(time.monotonic() + self._settings.timeout, self._limit)
        try:
            answer = self._connection.post(_compressed(batch.pieces(), self._settings.compression), deadline)
        except Exception as error:  # noqa: BLE001 - whatever it is, the spans wait
            return Verdict(retry=True, reason=str(error) or type(error).__name__)
        return judge(answer, batch.spans)

    def _retry(self, verdict: Verdict) -> float:
        dropped = self._batches.put_back()
        if dropped:
            self.lose(dropped)
        with self._reporting:
            if not self._aborted:
                self._failures.note(UNREACHABLE, f"{self._endpoint}: {verdict.reason}: {len(self._batches)} spans wait")
        pause = PAUSES[min(self._failed, len(PAUSES) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311
        self._failed += 1
        return pause if verdict.pause is None else max(verdict.pause, PAUSE_MIN)


def _compressed(pieces: list[bytes], compression: str) -> list[bytes]:
    if compression == "none":
        return pieces
    compressor = zlib.compressobj(wbits=31 if compression == "gzip" else 15)
    return [compressor.compress(b"".join(pieces)), compressor.flush()]
