"""Append-only logs of records: in memory, or in files beside the database.

A record that was appended to a file survives the end of the process, as a transaction of SQLite's write-ahead log does.
"""

import errno
import glob
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

from xray_local.settings import MEMORY
from xray_local.state.store.database import OWN_FILE

FILE_BYTES = 32 * 1024 * 1024
"""After which another file is begun: a file is deleted when all of its records are."""

_HEADER = struct.Struct("<IIQd")  # bytes of the body, its CRC-32, the record's number and time


class Record(NamedTuple):
    """A record: numbers rise from one to the next, `received` is in epoch seconds."""

    number: int
    received: float
    body: bytes


class AppendLog(Protocol):
    """A log: it is iterated from the oldest record on."""

    def append(self, received: float, body: bytes) -> None:
        """Append a record, or nothing of it; OSError if it cannot be written."""

    def __iter__(self) -> Iterator[Record]:
        """Yield all records, the oldest first."""

    def delete(self, records: Sequence[Record]) -> None:
        """Delete the oldest records, which are these."""

    def clear(self) -> None:
        """Delete all records; numbers rise on."""

    def close(self) -> None:
        """Close the files."""


def open_log(path: str, after: int) -> AppendLog:
    """Open the log of a database; of what a killed process left, only records after a number are read."""
    return MemoryLog() if path == MEMORY else FileLog(path, after)


class MemoryLog:
    """A log in memory."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._last = 0

    def append(self, received: float, body: bytes) -> None:
        """Append a record."""
        self._last += 1
        self._records.append(Record(self._last, received, body))

    def __iter__(self) -> Iterator[Record]:
        """Yield all records, the oldest first."""
        return iter(self._records)

    def delete(self, records: Sequence[Record]) -> None:
        """Delete the oldest records, which are these."""
        for _ in records:
            self._records.popleft()

    def clear(self) -> None:
        """Delete all records."""
        self._records.clear()

    def close(self) -> None:
        """Do nothing: the process's end deletes all records."""


class FileLog:
    """A log in files beside a database, whose lock keeps other processes away."""

    def __init__(self, path: str, after: int) -> None:
        self._base = f"{os.path.realpath(path)}-log-"  # where SQLite has its own files
        self._last = after
        self._files: deque[_File] = deque()
        base = Path(self._base)
        numbers = [found.name.removeprefix(base.name) for found in base.parent.glob(f"{glob.escape(base.name)}*")]
        for number in sorted(int(number) for number in numbers if number.isdigit()):
            self._files.append(_File(f"{self._base}{number}", after))
            self._last = max(self._last, self._files[-1].last)
        self._shrink()

    def append(self, received: float, body: bytes) -> None:
        """Append a record, or nothing of it; OSError if it cannot be written."""
        number = self._last + 1
        if not self._files or self._files[-1].end >= FILE_BYTES:
            self._files.append(_File(f"{self._base}{number}", self._last))
        self._files[-1].append(Record(number, received, body))
        self._last = number

    def __iter__(self) -> Iterator[Record]:
        """Yield all records, the oldest first."""
        return chain.from_iterable(self._files)

    def delete(self, records: Sequence[Record]) -> None:
        """Delete the oldest records, which are these."""
        for record in records:
            self._files[0].begin += _size(record)
            self._shrink()

    def _shrink(self) -> None:
        """Delete the files whose records are all deleted; the last one is used again."""
        while self._files and self._files[0].begin == self._files[0].end:
            if len(self._files) == 1:
                self._files[0].clear()
                return
            self._files.popleft().delete()

    def clear(self) -> None:
        """Delete all records; numbers rise on."""
        while self._files:
            self._files.popleft().delete()

    def close(self) -> None:
        """Close the files."""
        while self._files:
            self._files.popleft().close()


class _File:
    """One file: its records after a number are between the offsets `begin` and `end`, `last` is the number of the last.

    Bytes after the last whole record are deleted.
    """

    def __init__(self, path: str, after: int) -> None:
        self._path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, OWN_FILE)
        self.begin, self.end, self.last = 0, os.fstat(self._descriptor).st_size, after
        begin = end = 0
        for record in self:
            end += _size(record)
            if record.number <= after:
                begin = end
            self.last = record.number
        self.begin, self.end = begin, end
        os.ftruncate(self._descriptor, end)

    def append(self, record: Record) -> None:
        """Write a record, or nothing of it."""
        header = _HEADER.pack(len(record.body), zlib.crc32(record.body), record.number, record.received)
        size = _size(record)
        written = 0
        try:
            written = os.writev(self._descriptor, (header, record.body))
        finally:
            if written != size:
                os.ftruncate(self._descriptor, self.end)
        if written != size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.end += size

    def __iter__(self) -> Iterator[Record]:
        """Yield the records, until one is not whole: the process was killed while it wrote that."""
        at, end = self.begin, self.end
        while at + _HEADER.size <= end:
            size, check, number, received = _HEADER.unpack(os.pread(self._descriptor, _HEADER.size, at))
            body = os.pread(self._descriptor, size, at + _HEADER.size) if at + _HEADER.size + size <= end else b""
            if len(body) != size or zlib.crc32(body) != check:
                return
            record = Record(number, received, body)
            yield record
            at += _size(record)

    def clear(self) -> None:
        """Delete the records."""
        os.ftruncate(self._descriptor, 0)
        self.begin = self.end = 0

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def delete(self) -> None:
        """Delete it."""
        self.close()
        with suppress(FileNotFoundError):
            Path(self._path).unlink()


def _size(record: Record) -> int:
    """Return the bytes of a record in a file."""
    return _HEADER.size + len(record.body)
