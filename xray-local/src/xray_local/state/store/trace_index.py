"""The index of traces: one row for each, its documents beside it. Whole traces are evicted, the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xray_local.state.store.batches import Batch, Refused, TraceChange
from xray_local.state.store.database import Database, chunks, marks
from xray_local.state.store.ingest_log import SMALL_TRACE_BYTES
from xray_local.traces.documents import Document

TABLES = ("documents", "summaries", "calls", "traces")
"""What has rows by the sequence number of a trace."""

_EVICTED = 20  # traces that one query looks at


@dataclass(slots=True)
class Totals:
    """What is indexed; `last_seq` is the highest sequence number that is in use."""

    traces: int = 0
    segments: int = 0
    spans: int = 0
    bytes: int = 0
    evicted: int = 0
    last_seq: int = 0


class TraceIndex:
    """Writes documents to the traces that they belong to, within the caller's transaction.

    `changed` are the traces whose summary is out of date, until a caller clears it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        row = database.row(
            "SELECT COUNT(*), TOTAL(segments), TOTAL(spans), TOTAL(bytes), 0, COALESCE(MAX(seq), 0) FROM traces"
        )
        self.totals = Totals(*map(int, row))
        self.changed: set[int] = set()

    def large(self) -> set[str]:
        """Return the ids of the large traces."""
        rows = self._database.rows("SELECT trace_id FROM traces WHERE bytes > ?", (SMALL_TRACE_BYTES,))
        return {trace_id for (trace_id,) in rows}

    def write(self, documents: Sequence[Document], *, now: float, large: set[str]) -> list[Refused]:
        """Add documents; one replaces that of its id and wire unless that had ended and it has not.

        The ids of traces that are large now are added to `large`.
        """
        totals = self.totals
        batch = Batch(self._stored({document.trace_id for document in documents}), totals.last_seq)
        for document in documents:
            batch.add(document)
        self._write(batch, now)
        large.update(id_ for id_, trace in batch.traces.items() if sum(trace.bytes.values()) > SMALL_TRACE_BYTES)
        self.totals = replace(
            totals,
            traces=totals.traces + batch.last_seq - totals.last_seq,
            segments=totals.segments + batch.added["segments"],
            spans=totals.spans + batch.added["otlp"],
            bytes=totals.bytes + batch.bytes_added,
            last_seq=batch.last_seq,
        )
        return batch.refused

    def _stored(self, trace_ids: set[str]) -> dict[str, TraceChange]:
        """Return those of the traces that are stored already."""
        stored: dict[str, TraceChange] = {}
        for chunk in chunks(sorted(trace_ids)):
            rows = self._database.rows(
                f"SELECT trace_id, seq, first, last, revision FROM traces WHERE trace_id IN ({marks(chunk)})",  # noqa: S608 (placeholders only)
                chunk,
            )
            stored.update({trace_id: TraceChange(*rest) for trace_id, *rest in rows})
        for trace in stored.values():
            rows = self._database.rows("SELECT wire, id, ended, size FROM documents WHERE seq = ?", (trace.seq,))
            for wire, id_, ended, size in rows:
                trace.add(wire, id_, ended=bool(ended), size=size)
        return stored

    def _write(self, batch: Batch, now: float) -> None:
        new = [(id_, trace) for id_, trace in batch.traces.items() if trace.seq > self.totals.last_seq]
        changed = [trace for trace in batch.traces.values() if trace.seq <= self.totals.last_seq]
        self._database.execute_many(
            "INSERT INTO traces (first, last, updated, revision, bytes, segments, spans, limited, seq, trace_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*_row(trace, now), trace_id) for trace_id, trace in new],
        )
        self._database.execute_many(
            "UPDATE traces SET first = ?, last = ?, updated = ?, revision = ?, bytes = ?, segments = ?, spans = ?,"
            " limited = MAX(limited, ?), shape = NULL WHERE seq = ?",
            [_row(trace, now) for trace in changed],
        )
        self.changed.update(trace.seq for trace in changed)
        self._database.execute_many(
            "INSERT OR REPLACE INTO documents (seq, id, wire, ended, size, text) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (seq, id_, wire, document.end_time is not None, document.size, document.text)
                for (seq, wire, id_), document in batch.documents.items()
            ],
        )

    def evict(self, max_traces: int, max_bytes: int | None) -> None:
        """Delete the traces beyond a number or a size of documents, those that arrived first."""
        last, count = self._oldest(max_traces, max_bytes)
        if not count:
            return
        sums = "SELECT SUM(segments), SUM(spans), SUM(bytes) FROM traces WHERE seq <= ?"
        segments, spans, size = self._database.row(sums, (last,))
        for table in TABLES:
            self._database.execute(f"DELETE FROM {table} WHERE seq <= ?", (last,))  # noqa: S608 (constants)
        totals = self.totals
        self.totals = replace(
            totals,
            traces=totals.traces - count,
            segments=totals.segments - segments,
            spans=totals.spans - spans,
            bytes=totals.bytes - size,
            evicted=totals.evicted + count,
        )

    def _oldest(self, max_traces: int, max_bytes: int | None) -> tuple[int, int]:
        """Return the last of the traces to delete and their number; the newest trace stays."""
        excess = max(0, self.totals.traces - max_traces)
        size = 0 if max_bytes is None else self.totals.bytes - max_bytes
        last = count = 0
        while count < excess or size > 0:
            statement = "SELECT seq, bytes FROM traces WHERE seq > ? ORDER BY seq LIMIT ?"
            for seq, of_trace in self._database.rows(statement, (last, max(excess - count, _EVICTED))):
                if (count >= excess and size <= 0) or count == self.totals.traces - 1:
                    return last, count
                last, count, size = seq, count + 1, size - of_trace
        return last, count

    def clear(self) -> None:
        """Delete everything, within a transaction."""
        for table in (*TABLES, "shapes", "routes"):
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608 (constants)
        self.totals = Totals(last_seq=self.totals.last_seq)

    def documents(self, trace_id: str) -> list[tuple[str, str]]:
        """Return (id, JSON text) of a trace's documents; none when the trace is not stored."""
        return self._database.rows(
            "SELECT id, text FROM documents JOIN traces USING (seq) WHERE trace_id = ? ORDER BY documents.rowid",
            (trace_id,),
        )

    def trace(self, trace_id: str) -> tuple[float, bool] | None:
        """Return a trace's duration in seconds and whether documents of it were refused; None when it is not stored."""
        row = self._database.row("SELECT last - first, limited FROM traces WHERE trace_id = ?", (trace_id,))
        return None if row is None else (float(row[0]), bool(row[1]))

    def revision(self, trace_id: str) -> str:
        """Return a text that is another one after a document of a trace has arrived; empty when it is not stored."""
        statement = "SELECT updated, bytes, segments, spans, limited FROM traces WHERE trace_id = ?"
        row = self._database.row(statement, (trace_id,))
        return "" if row is None else "-".join(map(str, row))


def _row(trace: TraceChange, now: float) -> tuple[float, float, float, int, int, int, int, bool, int]:
    size, counts = sum(trace.bytes.values()), (trace.segments, trace.spans)
    return trace.first, trace.last, now, trace.revision, size, *counts, trace.limited, trace.seq
