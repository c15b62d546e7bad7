"""Keeps datagrams until they can be sent, up to a number of bytes."""

import threading
from collections import deque


class Ring:
    """Datagrams in the order they came; the oldest are dropped to make room. `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.RLock()
        self._datagrams: deque[bytes] = deque()
        self._size = 0
        self._taken = 0

    def __len__(self) -> int:
        return len(self._datagrams) + self._taken

    def append(self, datagram: bytes) -> int:
        """Keep the newest datagram and return how many had to be dropped."""
        with self._lock:
            self._datagrams.append(datagram)
            self._size += len(datagram)
            return self._make_room()

    def put_back(self, datagram: bytes) -> int:
        """Keep what `take` has returned, as the oldest again, and return how many had to be dropped."""
        with self._lock:
            self._taken -= 1
            self._datagrams.appendleft(datagram)
            self._size += len(datagram)
            return self._make_room()

    def take(self) -> bytes | None:
        """Return the oldest datagram, or None. It counts as kept until it is `put_back` or `done` with."""
        with self._lock:
            if not self._datagrams:
                return None
            datagram = self._datagrams.popleft()
            self._size -= len(datagram)
            self._taken += 1
            return datagram

    def done(self) -> None:
        """Keep no longer what `take` has returned."""
        with self._lock:
            self._taken -= 1

    def close(self) -> int:
        """Drop all, keep nothing more, and return how many were dropped."""
        with self._lock:
            self._limit = -1
            return self._make_room()

    def _make_room(self) -> int:
        dropped = 0
        while self._size > self._limit and self._datagrams:
            self._size -= len(self._datagrams.popleft())
            dropped += 1
        return dropped
