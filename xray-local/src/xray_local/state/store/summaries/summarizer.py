"""Writes the summaries of traces, and their columns."""

import time
import zlib
from collections.abc import Sequence

from xray_local.state.store.database import Database
from xray_local.state.store.summaries import columns
from xray_local.state.store.summaries.cache.blocks import Span
from xray_local.state.store.summaries.shapes import Shapes
from xray_local.traces import summaries
from xray_local.traces.documents import Document, parse_stored
from xray_local.traces.service_graph import call_times
from xray_local.traces.summaries import TraceSummary, summarize

SUMMARIZED = 20  # traces in one transaction
_SET = ", ".join(f"{name} = ?" for name in columns.COLUMNS)


class Summarizer:
    """Reads documents; writes the columns of traces, their summaries and the times of their calls."""

    def __init__(self, database: Database, shapes: Shapes) -> None:
        self._database = database
        self._shapes = shapes

    def summarize(self, traces: Sequence[tuple[int, str]]) -> list[TraceSummary]:
        """Summarize traces by their sequence number and id, and write their columns. StoreError if it cannot."""
        found: list[TraceSummary] = []
        try:
            with self._database.transaction():
                for seq, trace_id in traces:
                    found.append(summarize(trace_id, self._documents(seq)))
                    self._write(seq, found[-1])
        except BaseException:
            self._shapes.forget()
            raise
        return found

    def summarize_span(self, span: Span, end: float) -> bool:
        """Summarize the traces of a block that have no columns; return whether a process time was enough for all."""
        statement = f"SELECT seq, trace_id FROM traces WHERE seq BETWEEN ? AND ? AND shape IS NULL LIMIT {SUMMARIZED}"  # noqa: S608
        while stale := self._database.rows(statement, span):
            self.summarize(stale)
            if time.process_time() > end and len(stale) == SUMMARIZED:
                return False
        return True

    def without_summary(self, limit: int) -> list[tuple[int, str]]:
        """Return some traces that have no columns, the newest first."""
        statement = "SELECT seq, trace_id FROM traces WHERE shape IS NULL ORDER BY seq DESC LIMIT ?"
        return self._database.rows(statement, (limit,))

    def summary(self, seq: int) -> TraceSummary:
        """Return what was written of a trace."""
        (body,) = self._database.row("SELECT body FROM summaries WHERE seq = ?", (seq,))
        return summaries.load(zlib.decompress(body))

    def _documents(self, seq: int) -> list[Document]:
        rows = self._database.rows("SELECT text FROM documents WHERE seq = ? ORDER BY rowid", (seq,))
        return [parse_stored(text) for (text,) in rows]

    def _write(self, seq: int, summary: TraceSummary) -> None:
        dumped = summaries.dump(summary)
        values = columns.columns(summary, self._shapes.id(summary, dumped))
        self._database.execute(f"UPDATE traces SET {_SET} WHERE seq = ?", (*values, seq))  # noqa: S608 (constants)
        body, times = zlib.compress(dumped, 1), call_times(summary).tobytes()
        self._database.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?)", (seq, body))
        self._database.execute("INSERT OR REPLACE INTO calls VALUES (?, ?)", (seq, times))
