"""The log of accepted documents that are not indexed yet: one row for each call, written before the call is answered.

It also knows whether a document certainly fits in its trace without reading the trace: X-Ray's limit on the size of a
trace is the only reason to refuse a document that depends on others.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from xray_local.state.store.database import Database
from xray_local.traces.documents import Document, SegmentError, parse_stored
from xray_model import limits

SMALL_TRACE_BYTES = limits.TRACE_BYTES // 2
"""A larger trace is known by its id; to any other at least the other half of the limit can be added."""

BYTES_MAX = 128 * 1024 * 1024
"""When the log is longer, the call that made it so indexes a part of it."""

_END = "\0"  # no JSON text has one


def to_log(document: Document) -> str:
    """Return what the log keeps of a document: its text, after its size where that is not the text's."""
    return document.text if document.wire == "segments" else f"{document.size} {document.text}"


def _from_log(text: str) -> Document:
    if not text[:1].isdigit():
        return parse_stored(text)
    size, _, body = text.partition(" ")
    return parse_stored(body)._replace(size=int(size))


@dataclass(frozen=True, slots=True)
class LogRow:
    """One call's documents; `received` in epoch seconds, `size` in bytes."""

    number: int
    received: float
    texts: list[str]
    size: int

    def documents(self) -> Iterator[Document]:
        """Yield the documents, but for those with a number that no double holds (see `state.heads`)."""
        for text in self.texts:
            with suppress(SegmentError):
                yield _from_log(text)


class IngestLog:
    """The rows that are not indexed; `large` are the traces of more than SMALL_TRACE_BYTES that are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, int] = {}  # bytes by trace, by the documents' sizes
        self.large: set[str] = set()
        rows, size = database.row("SELECT COUNT(*), TOTAL(LENGTH(texts)) FROM log")
        self.rows, self.bytes = int(rows), int(size)
        for document in self._left():
            self._waiting[document.trace_id] = self._waiting.get(document.trace_id, 0) + document.size

    def _left(self) -> Iterator[Document]:
        """Yield what a previous process appended and did not index."""
        number = 0
        while rows := self._rows("WHERE number > ? ORDER BY number LIMIT 1", number):
            yield from rows[0].documents()
            number = rows[0].number

    @property
    def is_full(self) -> bool:
        """Whether a part of the log should be indexed now."""
        return self.bytes > BYTES_MAX

    def append(self, trace_ids: Sequence[str], texts: Sequence[str], sizes: Sequence[int], *, now: float) -> bool:
        """Write documents, unless one may be too large for its trace: then write nothing and return False.

        `sizes` are what the limit counts of each, as its `Document` will say when it is read.
        """
        if not self._fit(trace_ids, sizes):
            return False
        body = _END.join(texts).encode()
        with self._database.transaction():
            self._database.execute("INSERT INTO log (received, texts) VALUES (?, ?)", (now, body))
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

    def oldest(self, count: int, size: int) -> list[LogRow]:
        """Return the first rows, at most `count`, of about `size` bytes."""
        rows = max(1, min(count, size * self.rows // max(1, self.bytes)))
        return self._rows("ORDER BY number LIMIT ?", rows)

    def _rows(self, condition: str, value: int) -> list[LogRow]:
        found = self._database.rows(f"SELECT number, received, texts FROM log {condition}", (value,))  # noqa: S608 (constants)
        return [LogRow(number, received, body.decode().split(_END), len(body)) for number, received, body in found]

    def delete(self, rows: Sequence[LogRow]) -> None:
        """Delete the first rows, within the transaction that indexes them."""
        self._database.execute("DELETE FROM log WHERE number <= ?", (rows[-1].number,))

    def forget(self, rows: Sequence[LogRow], documents: Iterable[Document]) -> None:
        """Count rows that are deleted no longer."""
        self.rows -= len(rows)
        self.bytes -= sum(row.size for row in rows)
        for document in documents:
            left = self._waiting.get(document.trace_id, 0) - document.size
            if left > 0:
                self._waiting[document.trace_id] = left
            else:
                self._waiting.pop(document.trace_id, None)
        if not self.rows:
            self._waiting.clear()

    def clear(self) -> None:
        """Delete everything, within a transaction."""
        self._database.execute("DELETE FROM log")
        self.rows = self.bytes = 0
        self._waiting.clear()
        self.large.clear()
