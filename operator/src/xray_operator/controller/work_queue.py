"""A queue of keys to reconcile, in one event loop: each key is worked on at most once at a time, and never lost.

The semantics are those of client-go's work queue: a key added while it waits is queued once; a key added while it is
worked on is queued again when it is done; a key can be added for later, and the earliest time wins.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)


class WorkQueue(Generic[_Key]):
    """Keys to work on; every `get` is followed by a `done`. After `close`, `get` returns None."""

    def __init__(self) -> None:
        self._waiting: deque[_Key] = deque()
        self._dirty: set[_Key] = set()
        self._working: set[_Key] = set()
        self._timers: dict[_Key, asyncio.TimerHandle] = {}
        self._available = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether no key waits and none is worked on; keys for later do not count."""
        return not self._dirty and not self._working

    def add(self, key: _Key) -> None:
        """Queue a key now."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._working:
            self._waiting.append(key)
            self._available.set()

    def add_after(self, key: _Key, seconds: float) -> None:
        """Queue a key after a delay, unless it is added earlier."""
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, seconds)
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= at:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(at, self.add, key)

    def forget(self, key: _Key) -> None:
        """Cancel a key that was added for later."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Return None to everyone who waits, and to every later `get`."""
        self._closed = True
        self._available.set()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def get(self) -> _Key | None:
        """Wait for a key and take it; None if the queue is closed."""
        while not self._waiting and not self._closed:
            self._available.clear()
            await self._available.wait()
        if self._closed:
            return None
        key = self._waiting.popleft()
        self._dirty.discard(key)
        self._working.add(key)
        return key

    def done(self, key: _Key) -> None:
        """Finish a key; it is queued again if it was added in the meantime."""
        self._working.discard(key)
        if key in self._dirty:
            self._waiting.append(key)
            self._available.set()
