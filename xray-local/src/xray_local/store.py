"""The only module that speaks to SQLite: documents, one row for each trace, and the resources.

One writer, one transaction for each batch. Summaries are computed when they are read, never at ingest; the cap on
traces evicts whole traces, oldest first. Called by `Service` and the operations; it knows nothing of HTTP.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from xray_local.errors import StoreError
from xray_local.segments import Document, Kind, parse_segment
from xray_local.summaries import summarize
from xray_model import limits

MEMORY = ":memory:"
TRACE_TOO_LARGE = "TraceSizeLimitExceeded"
_BATCH = 200  # host parameters of one statement, well below SQLite's limit


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that was not stored, and why, as PutTraceSegments answers it."""

    id: str
    code: str
    message: str


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
        self._traces = int(self._database.execute("SELECT COUNT(*) FROM traces").fetchone()[0])

    def close(self) -> None:
        """Close the database; nothing is pending, since every batch is a transaction."""
        self._database.close()

    def counts(self) -> dict[str, int]:
        """Give how many traces, segments and spans are stored."""
        return {"traces": self._traces, "segments": self._counts["segment"], "spans": self._counts["span"]}

    def put(self, documents: Sequence[Document], *, now: float) -> list[Refused]:
        """Store a batch; a document replaces the one of its id unless that had ended and this has not."""
        sizes, held = self._held({document.trace_id for document in documents})
        fresh: dict[tuple[str, str], Document] = {}
        refused: list[Refused] = []
        for document in documents:
            size = sizes.get(document.trace_id, 0) + document.size
            if size > limits.TRACE_BYTES:
                message = f"trace {document.trace_id} would have {size} bytes, the limit is {limits.TRACE_BYTES}"
                refused.append(Refused(document.id, TRACE_TOO_LARGE, message))
                continue
            key = document.trace_id, document.id
            before = fresh[key].end_time is not None if key in fresh else held.get(key)
            if before and document.end_time is None:
                continue
            sizes[document.trace_id] = size
            fresh[key] = document
        with self._database:
            self._write(list(fresh.values()), sizes, now)
            self._mark_limited(refused, documents)
            self._counts.update(document.kind for key, document in fresh.items() if key not in held)
            self._evict()
        return refused

    def _held(self, trace_ids: set[str]) -> tuple[dict[str, int], dict[tuple[str, str], bool]]:
        """Give the bytes of the traces that are stored already, and which documents of theirs have ended."""
        sizes: dict[str, int] = {}
        held: dict[tuple[str, str], bool] = {}
        for chunk in _chunks(sorted(trace_ids)):
            marks = ",".join("?" * len(chunk))
            sizes.update(
                self._database.execute(f"SELECT trace_id, bytes FROM traces WHERE trace_id IN ({marks})", chunk)  # noqa: S608 (only question marks)
            )
        for trace_id in sizes:
            rows = self._database.execute("SELECT id, ended FROM documents WHERE trace_id = ?", (trace_id,))
            held.update({(trace_id, id_): bool(ended) for id_, ended in rows})
        return sizes, held

    def _write(self, documents: Sequence[Document], sizes: dict[str, int], now: float) -> None:
        self._database.executemany(
            "INSERT INTO traces (trace_id, first, last, updated, bytes) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (trace_id) DO UPDATE SET first = MIN(first, excluded.first),"
            " last = MAX(last, excluded.last), updated = excluded.updated, bytes = excluded.bytes, summary = NULL",
            [
                (one.trace_id, one.start_time, one.end_time or one.start_time, now, sizes[one.trace_id])
                for one in documents
            ],
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO documents (trace_id, id, kind, ended, size, text) VALUES (?, ?, ?, ?, ?, ?)",
            [(one.trace_id, one.id, one.kind, one.end_time is not None, one.size, one.text) for one in documents],
        )
        self._traces = int(self._database.execute("SELECT COUNT(*) FROM traces").fetchone()[0])

    def _mark_limited(self, refused: Sequence[Refused], documents: Sequence[Document]) -> None:
        ids = {one.id for one in refused}
        self._database.executemany(
            "UPDATE traces SET limited = 1, summary = NULL WHERE trace_id = ?",
            [(document.trace_id,) for document in documents if document.id in ids],
        )

    def _evict(self) -> None:
        excess = self._traces - self.max_traces
        if excess <= 0:
            return
        oldest = "SELECT trace_id FROM traces ORDER BY seq LIMIT ?"
        gone = self._database.execute(
            f"SELECT kind, COUNT(*) FROM documents WHERE trace_id IN ({oldest}) GROUP BY kind",  # noqa: S608 (a constant)
            (excess,),
        ).fetchall()
        self._database.execute(f"DELETE FROM documents WHERE trace_id IN ({oldest})", (excess,))  # noqa: S608 (a constant)
        self._database.execute(f"DELETE FROM traces WHERE trace_id IN ({oldest})", (excess,))  # noqa: S608 (a constant)
        self._counts.subtract(dict(gone))
        self._traces -= excess
        self.evicted += excess

    def documents(self, trace_id: str) -> list[tuple[Kind, str, str]]:
        """Give (kind, id, JSON text) of a trace's documents; none when the trace is not stored."""
        return self._database.execute(
            "SELECT kind, id, text FROM documents WHERE trace_id = ? ORDER BY rowid", (trace_id,)
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
        self, start: float, end: float, *, by: str, before: tuple[float, int] | None, most: int
    ) -> list[TraceRow]:
        """Give the newest `most` traces within the range that come before a position, newest first.

        `by` is `event` (the trace's own time) or `update` (when its last document arrived).
        """
        within = "last >= ? AND first <= ?" if by == "event" else "updated >= ? AND updated <= ?"
        position = "AND (first, seq) < (?, ?)" if before else ""
        rows = self._database.execute(
            f"SELECT first, seq, trace_id, summary FROM traces WHERE {within} {position}"  # noqa: S608 (constants)
            " ORDER BY first DESC, seq DESC LIMIT ?",
            (start, end, *(before or ()), most),
        ).fetchall()
        return [TraceRow((first, seq), self._summary(trace_id, text)) for first, seq, trace_id, text in rows]

    def _summary(self, trace_id: str, text: str | None) -> dict[str, Any]:
        if text is not None:
            known: dict[str, Any] = json.loads(text)
            return known
        computed = summarize(trace_id, self.parsed(trace_id))
        with self._database:
            self._database.execute("UPDATE traces SET summary = ? WHERE trace_id = ?", (json.dumps(computed), trace_id))
        return computed

    def clear(self) -> None:
        """Drop everything that is stored."""
        with self._database:
            for table in ("traces", "documents", "resources"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 (three constants)
        self._counts.clear()
        self._traces = self.evicted = 0

    def put_resource(self, kind: str, name: str, body: dict[str, Any]) -> None:
        """Store a resource's JSON under its kind and name."""
        with self._database:
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
        with self._database:
            self._database.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name))


def _open(path: str) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, timeout=1.0)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        if path != MEMORY:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
        database.executescript((files("xray_local") / "schema.sql").read_text())
    except sqlite3.Error as error:
        reason = "another process has it open" if "locked" in str(error) else str(error)
        raise StoreError(f"--db {path}: {reason}; expected a file that this user can write, or {MEMORY}") from error
    return database


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
