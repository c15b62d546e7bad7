"""Holds items back for a moment under load, so that several are handled one after the other.

An item that is handled alone, after a request, costs more than the next ones do: the processor has the code of the
request in its caches, and the peer that the item is sent to sleeps. What comes after a pause is handled at once, so
only a busy process that is killed loses what it held back: `HOLD_SECONDS` at most.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from cruddur_tracing.resilience.threads import WakeableThread

HOLD_SECONDS: Final = 0.1
QUIET_ROUNDS: Final = 100  # of HOLD_SECONDS in which nothing is held back, after which the thread rests

T = TypeVar("T")


class Bursts(Generic[T]):
    """Calls `handle`, which must not raise, with each item, at once or in a burst.

    A burst is full with so many items, or with so many bytes, if `add` is given the size of each. `clock` gives seconds
    of any origin. The queue has no lock, for a garbage collection may end a span at any point, and so add an item.
    """

    def __init__(
        self, handle: Callable[[T], object], clock: Callable[[], float], name: str, *, items: int, size: int = 1
    ) -> None:
        self._handle = handle
        self._clock = clock
        self._name = name
        self._items = items
        self._size = size
        self.restart()

    def restart(self) -> None:
        """Start empty in a process that was just forked: the parent handles what is held back."""
        self._held: deque[T] = deque()
        self._room = self._size
        self._until = 0.0
        self._thread = WakeableThread(self._run, self._name)
        self._resting = True
        self._stopped = False

    def add(self, item: T, size: int = 0) -> None:
        """Handle an item and those that are held back, or hold it back too."""
        held = self._held
        held.append(item)
        self._room -= size
        if self._room <= 0 or len(held) >= self._items or self._clock() >= self._until or self._stopped:
            self.handle_held()
        elif self._resting:
            self._wake_thread()

    def handle_held(self, held_for: float = 0.0) -> None:
        """Handle what is held back, unless a burst was handled less than `held_for` seconds ago."""
        now = self._clock()
        if now < self._until - HOLD_SECONDS + held_for:
            return
        self._until = now + HOLD_SECONDS
        self._room = self._size
        held = self._held
        while held:
            try:
                item = held.popleft()
            except IndexError:  # another thread handles it
                return
            self._handle(item)

    def stop(self) -> None:
        """Handle what is held back, and hold nothing back from now on."""
        self._stopped = True
        self._thread.wake()
        self.handle_held()

    def _wake_thread(self) -> None:
        self._resting = False
        if not self._thread.start_or_wake():  # the next item tries again
            self._resting = True
            self.handle_held()

    def _run(self) -> None:
        quiet = 0
        while not self._stopped:
            self._thread.wait(max(0.0, self._until - self._clock()) if self._held else HOLD_SECONDS)
            quiet = 0 if self._held else quiet + 1
            if self._held and self._clock() >= self._until:
                self.handle_held()
            elif quiet >= QUIET_ROUNDS:
                self._rest()
                quiet = 0

    def _rest(self) -> None:
        """Wait for the next item that is held back."""
        self._resting = True
        if not self._held and not self._stopped:
            self._thread.wait()
