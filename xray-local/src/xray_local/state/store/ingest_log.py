"""The log of accepted documents that are not indexed yet: a record for each call, written before that is answered.

It also knows whether a document certainly fits in its trace without reading the trace: X-Ray's limit on the size of a
trace is the only reason to refuse a document that depends on others.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from xray_local.errors import StoreError, StoreFileError
from xray_local.state.store.append_log import Record, open_log
from xray_local.state.store.database import Database, not_written
from xray_local.traces.documents import Document, SegmentError, parse_stored
from xray_model import limits

SMALL_TRACE_BYTES = limits.TRACE_BYTES // 2
"""A larger trace is known by its id; to any other at least the other half of the limit can be added."""

BYTES_MAX = 128 * 1024 * 1024
"""When the log is longer, the call that made it so indexes a part of it."""

_END = "\0"  # no JSON text has one
_INDEXED = ("state", "log")  # the resource that says how far the log is indexed


def to_log(document: Document) -> str:
    """Return what the log keeps of a document: its text, after its size where that is not the text's."""
    return document.text if document.wire == "segments" else f"{document.size} {document.text}"


def _from_log(text: str) -> Document:
    if not text[:1].isdigit():
        return parse_stored(text)
    size, _, body = text.partition(" ")
    return parse_stored(body)._replace(size=int(size))


class LoggedCall(NamedTuple):
    """A record, and what it has of each document of its call."""

    record: Record
    texts: list[str]

    def documents(self) -> Iterator[Document]:
        """Yield the documents, but for those with a number that no double holds (see `state.heads`)."""
        for text in self.texts:
            with suppress(SegmentError):
                yield _from_log(text)


class IngestLog:
    """The calls that are not indexed; `large` are the traces of more than SMALL_TRACE_BYTES that are.

    `problem` says why the last call could not be written, else it is empty.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, int] = {}  # bytes by trace, by the documents' sizes
        self.large: set[str] = set()
        self.rows = self.bytes = 0
        self.problem = ""
        try:
            self._records = open_log(database.path, self._indexed())
            if database.is_new:
                self._records.clear()  # of a database that was deleted
            self._take_over()
        except OSError as error:
            problem = f"{error.filename or 'its log'}: {error.strerror}: expected a writable file"
            raise StoreFileError(f"--db: {database.path!r}: {problem}") from error
        for call in self:  # of a process that was killed, too
            self.rows += 1
            self.bytes += len(call.record.body)
            for document in call.documents():
                self._waiting[document.trace_id] = self._waiting.get(document.trace_id, 0) + document.size

    def _indexed(self) -> int:
        """Return the number of the last record that is indexed."""
        row = self._database.row("SELECT body FROM resources WHERE kind = ? AND name = ?", _INDEXED)
        return int(json.loads(row[0])["indexed"]) if row else 0

    def _take_over(self) -> None:
        """Append what a closed store left in the database: its file alone is all of a store that is closed."""
        for received, body in self._database.rows("SELECT received, texts FROM log ORDER BY number"):
            self._records.append(received, body)
        with self._database.transaction():
            self._database.execute("DELETE FROM log")

    def close(self) -> None:
        """Move the records to the database; those for which it has no room stay in their files."""
        rows = ((record.number, record.received, record.body) for record in self._records)
        with suppress(StoreError):
            with self._database.transaction():
                self._database.execute_many("INSERT INTO log (number, received, texts) VALUES (?, ?, ?)", rows)
            self._records.clear()
        self._records.close()

    @property
    def is_full(self) -> bool:
        """Whether a part of the log should be indexed now."""
        return self.bytes > BYTES_MAX

    def append(self, trace_ids: Sequence[str], texts: Sequence[str], sizes: Sequence[int], *, now: float) -> bool:
        """Write documents, unless one may be too large for its trace: then write nothing and return False.

        `sizes` are what the limit counts of each, as its `Document` will say when it is read. StoreError if they
        cannot be written.
        """
        if not self._fit(trace_ids, sizes):
            return False
        body = _END.join(texts).encode()
        try:
            self._records.append(now, body)
        except OSError as error:
            self.problem = not_written(error.strerror)
            raise StoreError(self.problem) from error
        self.problem = ""
        self.rows += 1
        self.bytes += len(body)
        return True

    def _fit(self, trace_ids: Sequence[str], sizes: Sequence[int]) -> bool:
        """Count documents in what waits for their traces, and return True, unless one may not fit."""
        known, waiting = self._waiting, dict(zip(trace_ids, sizes, strict=True))
        if len(waiting) < len(trace_ids) or not known.keys().isdisjoint(waiting):
            waiting = {trace_id: known.get(trace_id, 0) for trace_id in waiting}
            for trace_id, size in zip(trace_ids, sizes, strict=True):
                waiting[trace_id] += size
        if max(waiting.values(), default=0) > SMALL_TRACE_BYTES or not self.large.isdisjoint(waiting):
            return False
        known.update(waiting)
        return True

    def __iter__(self) -> Iterator[LoggedCall]:
        """Yield all calls, the oldest first."""
        for record in self._records:
            yield LoggedCall(record, record.body.decode().split(_END))

    def oldest(self, count: int, size: int) -> list[LoggedCall]:
        """Return the first calls, at most `count`, of about `size` bytes."""
        return list(islice(self, max(1, min(count, size * self.rows // max(1, self.bytes)))))

    def note(self, calls: Sequence[LoggedCall]) -> None:
        """Note that the first calls are indexed, within the transaction that does it."""
        indexed = json.dumps({"indexed": calls[-1].record.number})
        self._database.execute("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", (*_INDEXED, indexed))

    def delete(self, calls: Sequence[LoggedCall], indexed: Iterable[Document]) -> None:
        """Delete the first calls, which are indexed as these documents."""
        self._records.delete([call.record for call in calls])
        self.rows -= len(calls)
        self.bytes -= sum(len(call.record.body) for call in calls)
        for document in indexed:
            left = self._waiting.get(document.trace_id, 0) - document.size
            if left > 0:
                self._waiting[document.trace_id] = left
            else:
                self._waiting.pop(document.trace_id, None)
        if not self.rows:
            self._waiting.clear()

    def clear(self) -> None:
        """Delete everything, within a transaction."""
        self._records.clear()
        self._database.execute("DELETE FROM log")
        self.rows = self.bytes = 0
        self.problem = ""
        self._waiting.clear()
        self.large.clear()
