"""The thread that sends queued datagrams, at a pace that the agent's buffer can take; it ends when none is left."""

import threading
import time
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.wakeup import Wakeup

BURST: Final = 10  # datagrams that are sent without a pause
PACE: Final = 0.01  # seconds between bursts: 1,000 datagrams a second, beside what the requests send
PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.0)  # seconds between two probes of an agent that is unreachable

STEP_SECONDS: Final = 1.0  # longer than a step takes
STEP_SECONDS_MIN: Final = 0.01  # of a step that begins after the deadline


class Resending:
    """Calls `probe` until the agent answers, then `send_one` until nothing waits.

    `waiting` returns how many datagrams wait. Both others return whether they succeeded, `probe` within a number of
    seconds; `is_up` returns False while the agent is unreachable.
    """

    def __init__(
        self,
        waiting: Callable[[], int],
        is_up: Callable[[], bool],
        probe: Callable[[float], bool],
        send_one: Callable[[], bool],
    ) -> None:
        self._waiting = waiting
        self._is_up = is_up
        self._probe = probe
        self._send_one = send_one
        self._lock = threading.RLock()
        self._stepping = threading.Lock()
        self._wake = Wakeup()
        self._thread: threading.Thread | None = None
        self._failed = 0
        self._stopped = False

    def start(self) -> None:
        """Start the thread, which sends what is queued."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is not None or self._stopped:
                return
            thread = self._thread = threading.Thread(target=self._run, name="xray-segments", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread can be started now; the next datagram that waits tries again
                self._thread = None

    def hurry(self) -> None:
        """Try now, since something has changed."""
        self._failed = 0
        self._wake.set()

    def stop(self) -> None:
        """End the thread after its current step."""
        self._stopped = True
        self._wake.set()

    def finish(self, seconds: float) -> None:
        """Wait at most that time for the thread's current step, which may be sending a datagram."""
        if self._stepping.acquire(timeout=max(0.0, seconds)):
            self._stepping.release()

    def drain(self, seconds: float) -> None:
        """Send what is queued, in the calling thread, within that time."""
        deadline = time.monotonic() + seconds
        while self._waiting():
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._stepping.acquire(timeout=remaining):
                return
            try:
                pause = self._step(max(STEP_SECONDS_MIN, deadline - time.monotonic()))
            finally:
                self._stepping.release()
            remaining = deadline - time.monotonic()
            if self._is_up():  # faster than the usual pace where there is not enough time for it
                pause = min(pause, 0.8 * remaining * BURST / (self._waiting() or 1))
            time.sleep(max(0.0, min(pause, remaining)))

    def _run(self) -> None:
        try:
            while not self._stopped:
                with self._stepping:
                    pause = self._step(STEP_SECONDS)
                with self._lock:
                    if not self._waiting():
                        self._thread = None
                        return
                self._wake.wait(pause)
        finally:
            if self._thread is threading.current_thread():
                self._thread = None

    def _step(self, seconds: float) -> float:
        """Send a little within that time, and return the seconds until the next step."""
        if self._is_up() or self._probe(seconds):
            self._failed = 0
            for _ in range(BURST):
                if not self._waiting() or not self._send_one():
                    break
            return PACE
        pause = PAUSES[min(self._failed, len(PAUSES) - 1)]
        self._failed += 1
        return pause
