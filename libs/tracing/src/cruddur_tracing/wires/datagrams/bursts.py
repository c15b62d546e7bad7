"""Holds datagrams back for a moment under load, so that several are sent one after the other.

A datagram that wakes the agent costs its sender more than those that follow while the agent is awake. What comes after
a pause is sent at once, so only a busy process that is killed loses what it held back: `HOLD_SECONDS` at most.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.threads import WakeableThread

BURST: Final = 32  # datagrams
BURST_BYTES: Final = 32 << 10  # an agent's buffer takes four such bursts: 208 KB on Linux, with what it adds to each
HOLD_SECONDS: Final = 0.1
QUIET_ROUNDS: Final = 100  # of HOLD_SECONDS in which nothing is held back, after which the thread rests


class Bursts:
    """Calls `send` with each datagram, at once or in a burst. `clock` gives seconds of any origin.

    The queue has no lock, for a garbage collection may end a span at any point, and so add a datagram.
    """

    def __init__(self, send: Callable[[bytes], object], clock: Callable[[], float]) -> None:
        self._send = send
        self._clock = clock
        self._held: deque[bytes] = deque()
        self._room = BURST_BYTES
        self._until = 0.0
        self._thread = WakeableThread(self._run, "xray-bursts")
        self._resting = True
        self._stopped = False

    def add(self, datagram: bytes) -> None:
        """Send a datagram and those that are held back, or hold it back too."""
        held = self._held
        held.append(datagram)
        self._room -= len(datagram)
        if self._room <= 0 or len(held) >= BURST or self._clock() >= self._until or self._stopped:
            self.send_held()
        elif self._resting:
            self._wake_thread()

    def send_held(self) -> None:
        """Send what is held back."""
        self._until = self._clock() + HOLD_SECONDS
        self._room = BURST_BYTES
        held = self._held
        while held:
            try:
                datagram = held.popleft()
            except IndexError:  # another thread has sent it
                return
            self._send(datagram)

    def stop(self) -> None:
        """Send what is held back, and hold nothing back from now on."""
        self._stopped = True
        self._thread.wake()
        self.send_held()

    def _wake_thread(self) -> None:
        self._resting = False
        if not self._thread.start_or_wake():  # the next datagram tries again
            self._resting = True
            self.send_held()

    def _run(self) -> None:
        quiet = 0
        while not self._stopped:
            self._thread.wait(max(0.0, self._until - self._clock()) if self._held else HOLD_SECONDS)
            quiet = 0 if self._held else quiet + 1
            if self._held and self._clock() >= self._until:
                self.send_held()
            elif quiet >= QUIET_ROUNDS:
                self._rest()
                quiet = 0

    def _rest(self) -> None:
        """Wait for the next datagram that is held back."""
        self._resting = True
        if not self._held and not self._stopped:
            self._thread.wait()
