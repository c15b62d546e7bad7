"""Keeps encoded spans until they are sent, in batches of the size of a request, up to a number of bytes."""

import threading
from collections import deque
from typing import Final

from cruddur_tracing.wires.otlp.protobuf.values import varint

BATCH_SPANS: Final = 512  # as OpenTelemetry's own batch processor
BATCH_BYTES: Final = 1 << 20  # backends take at least 4 MB

Ends = tuple[bytes, bytes]  # what a message begins and ends with
Group = tuple[Ends, Ends]  # those of the messages of a resource and of a scope


class Batch:
    """The spans of one request, by resource and scope. `size` is in bytes."""

    __slots__ = ("_encoded", "_group", "_groups", "size", "spans")

    def __init__(self) -> None:
        self._groups: dict[Ends, dict[Ends, list[bytes]]] = {}
        self._group: Group | None = None  # of the latest span, and where the spans of that one are
        self._encoded: list[bytes] = []
        self.spans = 0
        self.size = 0

    def add(self, group: Group, span: bytes) -> int:
        """Add an encoded span, and return how many there are now."""
        if group is not self._group:
            self._group = group
            self._encoded = self._groups.setdefault(group[0], {}).setdefault(group[1], [])
        self._encoded.append(span)
        self.size += len(span)
        self.spans = spans = self.spans + 1
        return spans

    def pieces(self) -> list[bytes]:
        """Return an ExportTraceServiceRequest in pieces, to be joined once: together they are large."""
        parts: list[bytes] = []
        for resource, scopes in self._groups.items():
            inside: list[bytes] = []
            for scope, spans in scopes.items():
                _add_message(inside, b"\x12", scope, spans)
            _add_message(parts, b"\x0a", resource, inside)
        return parts


def _add_message(parts: list[bytes], tag: bytes, ends: Ends, contents: list[bytes]) -> None:
    begin, end = ends
    parts += tag, varint(len(begin) + sum(map(len, contents)) + len(end)), begin
    parts += contents
    parts.append(end)


class Batches:
    """Batches in the order in which their spans ended; the oldest make room. `limit` is in bytes.

    `finished` counts spans since the start; `resting` means that none is taken until an `add` ends the rest.
    A garbage collection at any point may end another span, and so add it: the lock is one that a thread may take twice.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.RLock()
        self._full: deque[Batch] = deque()
        self._open = Batch()
        self._taken: Batch | None = None
        self._size = self._added = 0  # without what is in the open one
        self.finished = 0
        self.resting = True

    def __len__(self) -> int:
        """Return the number of spans that wait, or have been taken and may have to wait again."""
        return self.added - self.finished

    @property
    def added(self) -> int:
        """The number of spans since the start."""
        with self._lock:
            return self._added + self._open.spans

    def add(self, group: Group, span: bytes) -> tuple[int, bool]:
        """Add an encoded span; return how many had to be dropped, and whether it ended a rest."""
        with self._lock:
            batch = self._open
            if batch.size + len(span) > BATCH_BYTES:
                self.seal()
                batch = self._open
            if batch.add(group, span) >= BATCH_SPANS:
                self.seal()
            if self._size + self._open.size <= self._limit and not self.resting:
                return 0, False
            was_resting, self.resting = self.resting, False
            return self._make_room(), was_resting

    def seal(self) -> None:
        """Let what waits now be taken, though the newest batch is not full."""
        with self._lock:
            batch = self._open
            if batch.spans:
                self._full.append(batch)
                self._size += batch.size
                self._added += batch.spans
                self._open = Batch()

    def take(self) -> Batch | None:
        """Return the oldest batch that is full or sealed, or None. It counts until it is `put_back` or `done` with."""
        with self._lock:
            self._taken = self._full.popleft() if self._full else None
            return self._taken

    def put_back(self) -> int:
        """Keep what was taken as the oldest batch again, and return how many spans had to be dropped."""
        with self._lock:
            if self._taken is not None:
                self._full.appendleft(self._taken)
                self._taken = None
            return self._make_room()

    def done(self) -> int:
        """Keep no longer what was taken, and return how many spans that were; none if it has been closed meanwhile."""
        with self._lock:
            batch, self._taken = self._taken, None
            if batch is None:
                return 0
            self._forget(batch)
            return batch.spans

    def rest(self) -> bool:
        """Begin to rest if nothing waits, and return whether it does."""
        with self._lock:
            self.resting = not len(self)
            return self.resting

    def close(self) -> int:
        """Drop all, also what was taken, keep nothing more, and return how many spans were dropped."""
        with self._lock:
            self._limit = -1
            return self.done() + self._make_room()

    def _make_room(self) -> int:
        dropped = 0
        while self._size + self._open.size > self._limit and (self._full or self._open.spans):
            if not self._full:
                self.seal()
            batch = self._full.popleft()
            self._forget(batch)
            dropped += batch.spans
        return dropped

    def _forget(self, batch: Batch) -> None:
        self.finished += batch.spans
        self._size -= batch.size
