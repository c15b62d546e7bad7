"""The only module that speaks to SQLite: documents, one row for each trace, and the resources.

One writer, one transaction for each batch. Summaries are computed when they are read, never at ingest; the cap on
traces evicts whole traces, oldest first. Called by `Service` and the operations; it knows nothing of HTTP.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from xray_local.errors import StoreError
from xray_local.settings import MEMORY
from xray_local.traces.documents import Document, Kind, parse_segment
from xray_local.traces.summaries import summarize
from xray_model import limits

MEMORY_PAGE_BYTES = 16_384
TRACE_TOO_LARGE = "TraceSizeLimitExceeded"
SCHEMA_VERSION = 1
RangeBy = Literal["start", "end", "update", "overlap"]
_BATCH = 200  # host parameters of one statement, well below SQLite's limit
_WITHIN: dict[RangeBy, str] = {
    "start": "first BETWEEN ? AND ?",
    "end": "last BETWEEN ? AND ?",
    "update": "updated BETWEEN ? AND ?",
    "overlap": "last >= ? AND first <= ?",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that was not stored, and why, as PutTraceSegments answers it."""

    id: str
    code: str
    message: str


@dataclass(slots=True)
class _Trace:
    """A trace's row while a batch is added to it; `documents` maps ids to (has ended, bytes)."""

    seq: int
    first: float
    last: float
    bytes: int = 0
    limited: bool = False
    documents: dict[str, tuple[bool, int]] = field(default_factory=dict)


class _Batch:
    """What a batch of documents makes of the traces: decided in memory, written by the store at once."""

    def __init__(self, held: dict[str, _Trace], last_seq: int) -> None:
        self.traces = held
        self.last_seq = last_seq
        self.documents: dict[tuple[int, str], Document] = {}
        self.added: Counter[str] = Counter()
        self.refused: list[Refused] = []

    def add(self, document: Document) -> None:
        """Take a document, or refuse it because its trace would be too large."""
        end = document.end_time or document.start_time
        trace = self.traces.get(document.trace_id)
        if trace is None:
            self.last_seq += 1
            trace = self.traces[document.trace_id] = _Trace(self.last_seq, document.start_time, end)
        ended, size = trace.documents.get(document.id, (False, None))
        if ended and document.end_time is None:
            return
        total = trace.bytes + document.size - (size or 0)
        if total > limits.TRACE_BYTES:
            trace.limited = True
            message = f"trace {document.trace_id} would have {total} bytes, the limit is {limits.TRACE_BYTES}"
            self.refused.append(Refused(document.id, TRACE_TOO_LARGE, message))
            return
        if size is None:
            self.added[document.kind] += 1
        trace.bytes = total
        trace.first, trace.last = min(trace.first, document.start_time), max(trace.last, end)
        trace.documents[document.id] = document.end_time is not None, document.size
        self.documents[trace.seq, document.id] = document


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace as the list shows it: `position` orders and pages, `summary` includes the private keys."""

    position: tuple[float, int]
    summary: dict[str, Any]


class Store:
    """The database; `max_traces` is the most whole traces that it keeps."""

    def __init__(self, path: str = MEMORY, *, max_traces: int = 100_000) -> None:
        self.max_traces = max_traces
        self.evicted = 0
        self._database = _open(path)
        self._counts = Counter(
            dict(self._database.execute("SELECT kind, COUNT(*) FROM documents GROUP BY kind").fetchall())
        )
        row = self._database.execute("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM traces").fetchone()
        self._traces, self._last_seq = int(row[0]), int(row[1])

    def close(self) -> None:
        """Close the database; nothing is pending, since every batch is a transaction."""
        self._database.close()

    def counts(self) -> dict[str, int]:
        """Give how many traces, segments and spans are stored."""
        return {"traces": self._traces, "segments": self._counts["segment"], "spans": self._counts["span"]}

    def put(self, documents: Sequence[Document], *, now: float) -> list[Refused]:
        """Store a batch; a document replaces the one of its id unless that had ended and this has not."""
        batch = _Batch(self._held({document.trace_id for document in documents}), self._last_seq)
        for document in documents:
            batch.add(document)
        traces = self._traces + batch.last_seq - self._last_seq
        excess = max(0, traces - self.max_traces)
        with self._transaction():
            self._write(batch, now)
            gone = self._evict(excess) if excess else {}
        self._counts.update(batch.added)
        self._counts.subtract(gone)
        self._traces, self._last_seq = traces - excess, batch.last_seq
        self.evicted += excess
        return batch.refused

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._database:
                yield
        except sqlite3.Error as error:
            raise StoreError(f"the store cannot be written: {error}") from error

    def _held(self, trace_ids: set[str]) -> dict[str, _Trace]:
        """Give what is known of those traces that are stored already."""
        held: dict[str, _Trace] = {}
        for chunk in _chunks(sorted(trace_ids)):
            marks = ",".join("?" * len(chunk))
            rows = self._database.execute(
                f"SELECT trace_id, seq, first, last, bytes FROM traces WHERE trace_id IN ({marks})",  # noqa: S608 (only question marks)
                chunk,
            )
            held.update({trace_id: _Trace(*rest) for trace_id, *rest in rows})
        for trace in held.values():
            rows = self._database.execute("SELECT id, ended, size FROM documents WHERE seq = ?", (trace.seq,))
            trace.documents.update({id_: (bool(ended), size) for id_, ended, size in rows})
        return held

    def _write(self, batch: _Batch, now: float) -> None:
        self._database.executemany(
            "INSERT INTO traces (seq, trace_id, first, last, updated, bytes, limited) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (one.seq, trace_id, one.first, one.last, now, one.bytes, one.limited)
                for trace_id, one in batch.traces.items()
                if one.seq > self._last_seq
            ],
        )
        self._database.executemany(
            "UPDATE traces SET first = ?, last = ?, updated = ?, bytes = ?, limited = MAX(limited, ?), summary = NULL"
            " WHERE seq = ?",
            [
                (one.first, one.last, now, one.bytes, one.limited, one.seq)
                for one in batch.traces.values()
                if one.seq <= self._last_seq
            ],
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO documents (seq, id, kind, ended, size, text) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (seq, id_, one.kind, one.end_time is not None, one.size, one.text)
                for (seq, id_), one in batch.documents.items()
            ],
        )

    def _evict(self, count: int) -> dict[str, int]:
        """Delete the traces that arrived first, and give how many documents of each kind they had."""
        row = self._database.execute("SELECT seq FROM traces ORDER BY seq LIMIT 1 OFFSET ?", (count - 1,)).fetchone()
        gone = self._database.execute("SELECT kind, COUNT(*) FROM documents WHERE seq <= ? GROUP BY kind", row)
        counted = dict(gone.fetchall())
        self._database.execute("DELETE FROM documents WHERE seq <= ?", row)
        self._database.execute("DELETE FROM traces WHERE seq <= ?", row)
        return counted

    def documents(self, trace_id: str) -> list[tuple[Kind, str, str]]:
        """Give (kind, id, JSON text) of a trace's documents; none when the trace is not stored."""
        return self._database.execute(
            "SELECT kind, id, text FROM documents JOIN traces USING (seq) WHERE trace_id = ? ORDER BY documents.rowid",
            (trace_id,),
        ).fetchall()

    def parsed(self, trace_id: str) -> list[Document]:
        """Give a trace's documents as values."""
        return [parse_segment(text) for _, _, text in self.documents(trace_id)]

    def trace(self, trace_id: str) -> tuple[float, bool] | None:
        """Give a trace's duration in seconds and whether documents of it were refused; None when it is not stored."""
        row = self._database.execute(
            "SELECT last - first, limited FROM traces WHERE trace_id = ?", (trace_id,)
        ).fetchone()
        return None if row is None else (float(row[0]), bool(row[1]))

    def summaries(
        self, start: float, end: float, *, by: RangeBy, before: tuple[float, int] | None, most: int
    ) -> list[TraceRow]:
        """Give the newest `most` traces within the range that come before a position, newest first.

        `by` says what is within the range: the trace's start, its end, the arrival of its last document, or any part.
        """
        position = "AND (first, seq) < (?, ?)" if before else ""
        rows = self._database.execute(
            f"SELECT first, seq, trace_id, summary FROM traces WHERE {_WITHIN[by]} {position}"  # noqa: S608 (constants)
            " ORDER BY first DESC, seq DESC LIMIT ?",
            (start, end, *(before or ()), most),
        ).fetchall()
        return [TraceRow((first, seq), self._summary(trace_id, text)) for first, seq, trace_id, text in rows]

    def _summary(self, trace_id: str, text: str | None) -> dict[str, Any]:
        if text is not None:
            known: dict[str, Any] = json.loads(text)
            return known
        computed = summarize(trace_id, self.parsed(trace_id))
        with suppress(StoreError), self._transaction():  # what cannot be kept is computed again
            self._database.execute("UPDATE traces SET summary = ? WHERE trace_id = ?", (json.dumps(computed), trace_id))
        return computed

    def clear(self) -> None:
        """Drop everything that is stored."""
        with self._transaction():
            for table in ("traces", "documents", "resources"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 (three constants)
        self._counts.clear()
        self._traces = self.evicted = 0

    def put_resource(self, kind: str, name: str, body: dict[str, Any]) -> None:
        """Store a resource's JSON under its kind and name."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", (kind, name, json.dumps(body)))

    def resource(self, kind: str, name: str) -> dict[str, Any] | None:
        """Give a resource, or None."""
        row = self._database.execute("SELECT body FROM resources WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else json.loads(row[0])

    def resources(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give the names and bodies of a kind, by name."""
        rows = self._database.execute("SELECT name, body FROM resources WHERE kind = ? ORDER BY name", (kind,))
        for name, body in rows.fetchall():
            yield name, json.loads(body)

    def delete_resource(self, kind: str, name: str) -> None:
        """Drop a resource."""
        with self._transaction():
            self._database.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name))


def _open(path: str) -> sqlite3.Connection:
    database = None
    try:
        database = sqlite3.connect(path, timeout=1.0)
        _prepare(database, path)
    except (sqlite3.Error, StoreError) as error:
        if database is not None:
            database.close()
        reason = "another process has it open" if "locked" in str(error) else str(error)
        raise StoreError(f"--db {path}: {reason}; expected a file that this user can write, or {MEMORY}") from error
    return database


def _prepare(database: sqlite3.Connection, path: str) -> None:
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    if path == MEMORY:  # a commit in memory visits every page, so there should be few
        database.execute(f"PRAGMA page_size = {MEMORY_PAGE_BYTES}")
    else:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    tables = int(database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0])
    if tables and version != SCHEMA_VERSION:
        raise StoreError(f"its tables are not this version's ({version}, expected {SCHEMA_VERSION})")
    database.executescript((files("xray_local.state") / "schema.sql").read_text())
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")  # also shows that the file can be written


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
