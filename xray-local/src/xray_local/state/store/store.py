"""The store: what ingest writes, and what the API and the page read. One writer, one transaction for each call.

Accepted documents are appended to a log. They are indexed when a reader needs them, when nothing arrives, or when the
log is long; a limit on traces then evicts whole traces, the oldest first. Summaries are computed after that, or when
they are read.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from xray_local.errors import StoreError
from xray_local.settings import MEMORY
from xray_local.state.store.batches import Refused
from xray_local.state.store.database import Database
from xray_local.state.store.ingest_log import IngestLog, to_log
from xray_local.state.store.resources import Resources
from xray_local.state.store.summaries.overview.numbers import Group, Overview
from xray_local.state.store.summaries.search import Search
from xray_local.state.store.summaries.selection import Count, Filter, Order, Page, Position, Selection
from xray_local.state.store.summaries.totals import Calls, Made
from xray_local.state.store.trace_index import TraceIndex
from xray_local.state.store.traffic import Traffic
from xray_local.traces.documents import Document, parse_stored
from xray_local.traces.service_graph import Graph

INDEXED_ROWS = 32  # of the log in one transaction, unless they have more bytes than INDEXED_BYTES
INDEXED_BYTES = 96 * 1024  # so that a step takes a few milliseconds
SUMMARIZED = 4  # traces in one transaction
CACHED = 128  # values that are kept until a trace changes
T = TypeVar("T")


class Store(Resources):
    """The database; beyond `max_traces` traces, or `max_bytes` of documents, the oldest traces are evicted.

    `appended_at` is when the last document arrived, `searched_at` when the last search began, by the monotonic clock.
    """

    def __init__(self, path: str = MEMORY, *, max_traces: int = 100_000, max_bytes: int | None = None) -> None:
        self.max_traces = max_traces
        self.max_bytes = max_bytes
        self._database = Database(path)
        super().__init__(self._database)
        self._log = IngestLog(self._database)
        self._index = TraceIndex(self._database)
        self._log.large = self._index.large()
        self._search = Search(self._database)
        self._cached: OrderedDict[Hashable, Any] = OrderedDict()
        self.traffic = Traffic(self._database)  # of the traces that are summarized
        self._not_indexed = 0
        self._pruned = 0  # how many traces were evicted when the shapes were pruned
        self.appended_at = self.searched_at = float("-inf")

    def close(self) -> None:
        """Close the database, which then has everything; nothing is pending, since every call was written."""
        self._log.close()
        self._database.close()

    @property
    def problem(self) -> str:
        """Why the store cannot be read or written; else empty."""
        return self._log.problem or super().problem

    @property
    def evicted(self) -> int:
        """How many traces were evicted; those that are only in the log are not counted yet."""
        return self._index.totals.evicted

    @property
    def waiting_rows(self) -> int:
        """How many calls are in the log and not indexed."""
        return self._log.rows

    @property
    def not_indexed(self) -> int:
        """How many accepted documents could not be parsed, or had no room in their trace, when they were indexed."""
        return self._not_indexed

    def counts(self) -> dict[str, int]:
        """Return how many traces, segments and spans are stored."""
        with suppress(StoreError):  # `problem` says why the rest is not counted
            self.index()
        totals = self._index.totals
        return {"traces": totals.traces, "segments": totals.segments, "spans": totals.spans}

    def append(
        self, trace_ids: Sequence[str], sizes: Sequence[int], texts: Sequence[str], *, now: float
    ) -> list[Refused]:
        """Store valid segment documents of these traces and sizes; return those for which their trace has no room."""
        if self._is_logged(trace_ids, texts, sizes, now):
            return []
        return self._write([parse_stored(text) for text in texts], now)

    def put(self, documents: Sequence[Document], *, now: float) -> list[Refused]:
        """Store parsed documents; return those for which their trace has no room."""
        if not documents:
            return []
        trace_ids, sizes = [document.trace_id for document in documents], [document.size for document in documents]
        if self._is_logged(trace_ids, list(map(to_log, documents)), sizes, now):
            return []
        return self._write(documents, now)

    def _is_logged(self, trace_ids: Sequence[str], texts: Sequence[str], sizes: Sequence[int], now: float) -> bool:
        """Append documents to the log if they certainly fit in their traces; return whether they do."""
        self.appended_at = time.monotonic()
        if not self._log.append(trace_ids, texts, sizes, now=now):
            return False
        if self._log.is_full:
            self.index_some()
        return True

    def _write(self, documents: Sequence[Document], now: float) -> list[Refused]:
        """Index documents now, after the log."""
        self.index()
        with self._transaction():
            refused = self._index.write(documents, now=now, large=self._log.large)
            self._index.evict(self.max_traces, self.max_bytes)
        self._follow()
        return refused

    def index(self) -> None:
        """Index the whole log."""
        while self._log.rows:
            self.index_some()

    def work(self) -> bool:
        """Index a small part of the log, or summarize some traces, or a block of them; return whether there is more."""
        if self._log.rows:
            self.index_some()
            return True
        traces = self._search.without_summary(SUMMARIZED)
        self._search.summarize(traces)
        return len(traces) == SUMMARIZED or self._search.prepare()

    def index_some(self) -> None:
        """Index a small part of the log, which is not empty."""
        calls = self._log.oldest(INDEXED_ROWS, INDEXED_BYTES)
        indexed: list[Document] = []
        lost = 0
        with self._transaction():
            for call in calls:
                documents = list(call.documents())
                refused = self._index.write(documents, now=call.record.received, large=self._log.large)
                lost += len(call.texts) - len(documents) + len(refused)
                indexed += documents
            self._index.evict(self.max_traces, self.max_bytes)
            is_pruned = self._prune()
            self._log.note(calls)
        self._log.delete(calls, indexed)
        if is_pruned:
            self._log.large = self._index.large()
        self._not_indexed += lost
        self._follow()

    def _prune(self) -> bool:
        """Delete shapes that no trace has any more, if the traces have all been replaced; return whether they have."""
        evicted = self._index.totals.evicted
        if evicted - self._pruned < self.max_traces:
            return False
        self._search.prune()
        self._pruned = evicted
        return True

    def _follow(self) -> None:
        """Let the search follow what the index has changed."""
        self._search.forget(self._index.changed)
        self._index.changed.clear()
        self._cached.clear()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        totals = self._index.totals
        try:
            with self._database.transaction():
                yield
        except BaseException:
            self._index.totals = totals
            raise

    def documents(self, trace_id: str) -> list[tuple[str, str]]:
        """Return (id, JSON text) of a trace's documents; none when the trace is not stored."""
        self.index()
        return self._index.documents(trace_id)

    def parsed(self, trace_id: str) -> list[Document]:
        """Return a trace's documents, parsed."""
        return [parse_stored(text) for _, text in self.documents(trace_id)]

    def trace(self, trace_id: str) -> tuple[float, bool] | None:
        """Return a trace's duration in seconds and whether documents of it were refused; None when it is not stored."""
        self.index()
        return self._index.trace(trace_id)

    def revision(self, trace_id: str) -> str:
        """Return a text that is another one after a document of a trace has arrived; empty when it is not stored."""
        self.index()
        return self._index.revision(trace_id)

    def _prepare_search(self) -> None:
        self.searched_at = time.monotonic()
        self.index()

    def find(
        self,
        selection: Selection,
        *,
        order: Order = "-start",
        before: Position | None = None,
        limit: int = 100,
        seconds: float = 0.1,
    ) -> Page:
        """Return the first matches after a position: `limit` of them, or what some seconds of CPU time found."""
        self._prepare_search()
        return self._search.find(selection, order=order, before=before, limit=limit, seconds=seconds)

    def overview(self, selection: Selection, *, step: float = 0.0, seconds: float = 0.1) -> Overview:
        """Return the numbers of the matches; the `step` of the heat map and the CPU time are in seconds."""
        self._prepare_search()
        return self._search.overview(selection, step=step, seconds=seconds)

    def grouped(self, selection: Selection, annotation: str | None, *, seconds: float = 0.1) -> tuple[Group, ...]:
        """Return the numbers of the traces that match by an annotation's value, or by status; values are JSON."""
        self._prepare_search()
        return self._search.grouped(selection, annotation, seconds=seconds)

    def newest(self) -> int:
        """Return the sequence number of the trace that arrived last, 0 without traces."""
        self.index()
        return int(self._database.row("SELECT COALESCE(MAX(seq), 0) FROM traces")[0])

    def arrived(self, after: int, chosen: Filter, *, limit: int) -> tuple[int, int, int]:
        """Return the last of the traces that arrived after another one, how many they are, and how many of them match.

        It looks at `limit` traces at most.
        """
        self.index()
        return self._search.arrived(after, chosen, limit=limit)

    def ids_ending(self, digits: str, *, limit: int = 2) -> list[str]:
        """Return the ids of the newest traces that end with hex digits, in lower case."""
        self.index()
        statement = "SELECT trace_id FROM traces WHERE SUBSTR(trace_id, ?) = ? ORDER BY seq DESC LIMIT ?"
        return [trace_id for (trace_id,) in self._database.rows(statement, (-len(digits), digits, limit))]

    def span(self) -> tuple[float, float] | None:
        """Return when the first and the last trace started, in epoch seconds; None without traces."""
        self._prepare_search()
        row = self._database.row("SELECT (SELECT MIN(first) FROM traces), (SELECT MAX(first) FROM traces)")
        return None if row[0] is None else (row[0], row[1])

    def count(self, selection: Selection, *, seconds: float = 0.1) -> Count:
        """Return how many traces match, of as many as some seconds of CPU time are enough for; call again to go on."""
        self._prepare_search()
        return self._search.count(selection, seconds=seconds)

    def graph(self, selection: Selection) -> Graph:
        """Return the service graph of the matching traces."""
        self._prepare_search()
        return self._search.graph(selection)

    def fold(
        self,
        selection: Selection,
        key: Hashable,
        make: Callable[[Calls], Made],
        merge: Callable[[Iterable[Made]], Made],
    ) -> Made:
        """Return what a function makes of the matching traces, merged of blocks; `key` is equal for equal functions."""
        self._prepare_search()
        return self._search.fold(selection, key, make, merge)

    def cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return a value that is computed from the stored traces: once, until one of them changes. None is not kept."""
        self._prepare_search()
        found: T | None = self._cached.get(key)
        if found is not None:
            self._cached.move_to_end(key)
            return found
        made = compute()
        if made is not None:
            self._cached[key] = made
            if len(self._cached) > CACHED:
                self._cached.popitem(last=False)
        return made

    def clear(self, *, resources: bool = True) -> None:
        """Delete everything that is stored, or all but resources; also from a store that cannot be written."""
        kept = () if resources else ("resources",)
        try:
            self._empty(kept)
        except StoreError:  # a full disk has no room for deletions either
            self._database.replace(kept)
            self._empty(kept)
        self._search.clear()
        self._cached.clear()
        self._pruned = 0
        self._not_indexed = 0

    def _empty(self, kept: Sequence[str]) -> None:
        with self._transaction():
            self._log.clear()
            self._index.clear()
            if not kept:
                self._database.execute("DELETE FROM resources")
