"""The store: documents, one row for each trace, and resources by kind and name. The only module that uses SQLite.

One writer, one transaction for each batch. Summaries are computed when they are read, never at ingest; the limit on
traces evicts whole traces, the oldest first.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from xray_local.errors import StoreError
from xray_local.settings import MEMORY
from xray_local.state import summary_json
from xray_local.state.batches import Batch, Refused, TraceChange
from xray_local.traces.documents import Document, parse_stored
from xray_local.traces.summaries import TraceSummary, summarize

MEMORY_PAGE_BYTES = 16_384
SCHEMA_VERSION = 3
RangeBy = Literal["start", "end", "update", "overlap"]
_BATCH = 200  # host parameters of one statement, well below SQLite's limit
_WITHIN: dict[RangeBy, str] = {
    "start": "first >= ? AND first < ?",
    "end": "last >= ? AND last < ?",
    "update": "updated >= ? AND updated < ?",
    "overlap": "last >= ? AND first < ?",
}


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace as the list shows it; `position` orders and pages."""

    position: tuple[float, int]
    summary: TraceSummary


class Store:
    """The database; of more than `max_traces` traces the oldest are evicted."""

    def __init__(self, path: str = MEMORY, *, max_traces: int = 100_000) -> None:
        self.max_traces = max_traces
        self.evicted = 0
        self._database = _open(path)
        self._counts = Counter(
            dict(self._database.execute("SELECT wire, COUNT(*) FROM documents GROUP BY wire").fetchall())
        )
        row = self._database.execute("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM traces").fetchone()
        self._traces, self._last_seq = int(row[0]), int(row[1])

    def close(self) -> None:
        """Close the database; nothing is pending, since every batch is a transaction."""
        self._database.close()

    def counts(self) -> dict[str, int]:
        """Return how many traces, segments and spans are stored."""
        return {"traces": self._traces, "segments": self._counts["segments"], "spans": self._counts["otlp"]}

    def put(self, documents: Sequence[Document], *, now: float) -> list[Refused]:
        """Store a batch; a document replaces the one of its id and wire unless that had ended and this has not."""
        batch = Batch(self._stored({document.trace_id for document in documents}), self._last_seq)
        for document in documents:
            batch.add(document)
        traces = self._traces + batch.last_seq - self._last_seq
        excess = max(0, traces - self.max_traces)
        with self._transaction():
            self._write(batch, now)
            evicted = self._evict(excess) if excess else {}
        self._counts.update(batch.added)
        self._counts.subtract(evicted)
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

    def _stored(self, trace_ids: set[str]) -> dict[str, TraceChange]:
        """Return those of the traces that are stored already."""
        stored: dict[str, TraceChange] = {}
        for chunk in _chunks(sorted(trace_ids)):
            marks = ",".join("?" * len(chunk))
            rows = self._database.execute(
                f"SELECT trace_id, seq, first, last FROM traces WHERE trace_id IN ({marks})",  # noqa: S608 (placeholders only)
                chunk,
            )
            stored.update({trace_id: TraceChange(*rest) for trace_id, *rest in rows})
        for trace in stored.values():
            rows = self._database.execute("SELECT wire, id, ended, size FROM documents WHERE seq = ?", (trace.seq,))
            for wire, id_, ended, size in rows:
                trace.add(wire, id_, ended=bool(ended), size=size)
        return stored

    def _write(self, batch: Batch, now: float) -> None:
        self._database.executemany(
            "INSERT INTO traces (seq, trace_id, first, last, updated, limited) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (trace.seq, trace_id, trace.first, trace.last, now, trace.limited)
                for trace_id, trace in batch.traces.items()
                if trace.seq > self._last_seq
            ],
        )
        self._database.executemany(
            "UPDATE traces SET first = ?, last = ?, updated = ?, limited = MAX(limited, ?), summary = NULL"
            " WHERE seq = ?",
            [
                (trace.first, trace.last, now, trace.limited, trace.seq)
                for trace in batch.traces.values()
                if trace.seq <= self._last_seq
            ],
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO documents (seq, id, wire, ended, size, text) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (seq, id_, wire, document.end_time is not None, document.size, document.text)
                for (seq, wire, id_), document in batch.documents.items()
            ],
        )

    def _evict(self, count: int) -> dict[str, int]:
        """Delete the traces that arrived first, and return how many documents of each wire they had."""
        row = self._database.execute("SELECT seq FROM traces ORDER BY seq LIMIT 1 OFFSET ?", (count - 1,)).fetchone()
        counts = self._database.execute("SELECT wire, COUNT(*) FROM documents WHERE seq <= ? GROUP BY wire", row)
        counted = dict(counts.fetchall())
        self._database.execute("DELETE FROM documents WHERE seq <= ?", row)
        self._database.execute("DELETE FROM traces WHERE seq <= ?", row)
        return counted

    def documents(self, trace_id: str) -> list[tuple[str, str]]:
        """Return (id, JSON text) of a trace's documents; none when the trace is not stored."""
        return self._database.execute(
            "SELECT id, text FROM documents JOIN traces USING (seq) WHERE trace_id = ? ORDER BY documents.rowid",
            (trace_id,),
        ).fetchall()

    def parsed(self, trace_id: str) -> list[Document]:
        """Return a trace's documents, parsed."""
        return [parse_stored(text) for _, text in self.documents(trace_id)]

    def trace(self, trace_id: str) -> tuple[float, bool] | None:
        """Return a trace's duration in seconds and whether documents of it were refused; None when it is not stored."""
        row = self._database.execute(
            "SELECT last - first, limited FROM traces WHERE trace_id = ?", (trace_id,)
        ).fetchone()
        return None if row is None else (float(row[0]), bool(row[1]))

    def summaries(
        self, start: float, end: float, *, by: RangeBy, before: tuple[float, int] | None, limit: int
    ) -> Iterator[TraceRow]:
        """Yield the newest traces within the range, `end` excluded, that come before a position, newest first.

        `by` says what is within the range: the trace's start, its end, the arrival of its last document, or any part.
        """
        position = "AND (first, seq) < (?, ?)" if before else ""
        rows = self._database.execute(
            f"SELECT first, seq, trace_id, summary FROM traces WHERE {_WITHIN[by]} {position}"  # noqa: S608 (constants)
            " ORDER BY first DESC, seq DESC LIMIT ?",
            (start, end, *(before or ()), limit),
        ).fetchall()
        for first, seq, trace_id, text in rows:
            yield TraceRow((first, seq), self._summary(trace_id, text))

    def _summary(self, trace_id: str, text: str | None) -> TraceSummary:
        if text is not None:
            return summary_json.load(text)
        summary = summarize(trace_id, self.parsed(trace_id))
        with suppress(StoreError), self._transaction():  # a summary that cannot be written is computed again
            self._database.execute(
                "UPDATE traces SET summary = ? WHERE trace_id = ?", (summary_json.dump(summary), trace_id)
            )
        return summary

    def clear(self) -> None:
        """Delete everything that is stored."""
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
        """Return a resource, or None."""
        row = self._database.execute("SELECT body FROM resources WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else json.loads(row[0])

    def resources(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the names and bodies of a kind, by name."""
        rows = self._database.execute("SELECT name, body FROM resources WHERE kind = ? ORDER BY name", (kind,))
        for name, body in rows.fetchall():
            yield name, json.loads(body)

    def delete_resource(self, kind: str, name: str) -> None:
        """Delete a resource."""
        with self._transaction():
            self._database.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name))


def _open(path: str) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, timeout=1.0)
        try:
            _prepare(database, path)
        except (sqlite3.Error, StoreError):
            database.close()
            raise
    except sqlite3.Error as error:
        reason = "another process has it open" if "locked" in str(error) else str(error)
        raise StoreError(f"--db: {path!r}: {reason}: expected a writable file, or {MEMORY}") from error
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
    if tables and version not in range(1, SCHEMA_VERSION + 1):
        hint = " (written by a newer xray-local?)" if version > SCHEMA_VERSION else ""
        raise StoreError(f"--db: {path!r}: schema version {version}: expected 1 to {SCHEMA_VERSION}{hint}")
    scripts = files("xray_local.state")
    if tables and version < SCHEMA_VERSION:
        database.executescript((scripts / "upgrade.sql").read_text())
    database.executescript((scripts / "schema.sql").read_text())
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")  # also shows that the file can be written


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
