"""A queue of keys that are to be reconciled: each at most once at a time, and never lost. In one event loop.

The rules are those of the Go clients' work queue: a key added while it waits is there once; a key added while it is
worked on comes again when it is done; a key can be added for later, and the earliest time counts.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)


class WorkQueue(Generic[_Key]):
    """Keys to work on; `get` waits for one, `done` gives it back. After `close` nothing is given out any more."""

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
        """Tell whether nothing waits and nothing is worked on; what is for later does not count."""
        return not self._dirty and not self._working

    def add(self, key: _Key) -> None:
        """Ask for work on a key as soon as may be."""
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
        """Ask for work on a key in so many seconds, unless it is asked for earlier."""
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, seconds)
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= at:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(at, self.add, key)

    def forget(self, key: _Key) -> None:
        """Drop what was asked for later."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Give nothing out any more, and wake all who wait."""
        self._closed = True
        self._available.set()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def get(self) -> _Key | None:
        """Wait for a key and take it; None when the queue is closed."""
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
        """Give a key back; if it was asked for meanwhile it comes again."""
        self._working.discard(key)
        if key in self._dirty:
            self._waiting.append(key)
            self._available.set()
