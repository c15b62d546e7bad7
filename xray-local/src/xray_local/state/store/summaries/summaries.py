"""Writes the summaries of traces as columns, and decides whether a trace matches a filter."""

import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from xray_local.state.store.database import Database
from xray_local.state.store.summaries import cache, columns
from xray_local.state.store.summaries.cache.results import Results
from xray_local.state.store.summaries.cache.verdicts import Verdicts
from xray_local.state.store.summaries.conditions import ANY, Condition, condition
from xray_local.state.store.summaries.overview.blocks import Blocks
from xray_local.state.store.summaries.overview.numbers import Group, Overview
from xray_local.state.store.summaries.overview.routes import Routes, route_of
from xray_local.state.store.summaries.selection import Bounds, Filter, Position, Selection
from xray_local.state.store.summaries.shapes import Shapes
from xray_local.traces.documents import Document, parse_stored
from xray_local.traces.service_graph import call_times
from xray_local.traces.summaries import TraceSummary, dump, load, summarize

_SET = ", ".join(f"{name} = ?" for name in columns.COLUMNS)
IN_SPAN = "seq BETWEEN ? AND ?"
_BOUNDS = ", ".join(f"MIN({name}), MAX({name})" for name in ("first", "last", "updated"))
SUMMARIZED = 20  # traces in one transaction
T = TypeVar("T")
LISTED = 400  # summaries that are kept
KEPT_GROUPINGS = 2  # by status or an annotation, of which blocks are kept: each trace may have a value of its own


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trace that may match; `shape` is None if it has no columns."""

    shape: int | None
    place: float  # the value that the list is ordered by
    seq: int
    trace_id: str
    summary: TraceSummary | None = None

    @property
    def position(self) -> Position:
        """Where the list can go on."""
        return self.place, self.seq


class Summaries:
    """The columns of traces, the shapes and routes that they name, and what is known until a trace changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shapes = Shapes(database)
        self._routes = Routes(database)
        self._blocks = Blocks(database)
        self._verdicts = Verdicts()
        self._first = 0  # the lowest sequence number
        self._known = cache.Blocks()
        self._few_of_blocks = cache.Blocks()  # which also names traces that have no columns yet
        self._results = cache.Blocks(KEPT_GROUPINGS)
        self._of_columns = (self._few_of_blocks, self._blocks.kept, self._results)
        self._of_traces = (self._known, *self._of_columns)
        self._listed: OrderedDict[int, TraceSummary] = OrderedDict()  # by sequence number
        self._overviews: Results[Overview] = Results()
        self._groups: Results[tuple[Group, ...]] = Results()

    def summarize(self, traces: Sequence[tuple[int, str]]) -> list[TraceSummary]:
        """Summarize traces by their sequence number and id, and write their columns. StoreError if it cannot."""
        if not traces:  # while idle: what is kept stays
            return []
        found: list[TraceSummary] = []
        try:
            with self._database.transaction():
                for seq, trace_id in traces:
                    found.append(summarize(trace_id, self._documents(seq), revision=self._revision(seq)))
                    self._write(seq, found[-1])
        except BaseException:
            self._shapes.forget()
            self._routes.forget()
            raise
        for blocks in self._of_columns:
            blocks.forget(seq for seq, _ in traces)
        self._overviews.clear()
        self._groups.clear()
        return found

    def without_summary(self, limit: int) -> list[tuple[int, str]]:
        """Return some traces that have no columns, the newest first."""
        statement = "SELECT seq, trace_id FROM traces WHERE shape IS NULL ORDER BY seq DESC LIMIT ?"
        return self._database.rows(statement, (limit,))

    def forget(self, changed: set[int]) -> None:
        """Forget what is known of traces that have changed, and of all of them together."""
        self._verdicts.forget(changed)
        for blocks in self._of_traces:
            blocks.forget(changed)
        self._overviews.clear()
        self._groups.clear()
        for seq in changed:
            self._listed.pop(seq, None)

    def prune(self) -> None:
        """Delete what only evicted traces had, within the caller's transaction."""
        self._shapes.prune()
        self._routes.prune()

    def clear(self) -> None:
        """Forget everything."""
        self._shapes.forget()
        self._routes.forget()
        self._verdicts.clear()
        for blocks in self._of_traces:
            blocks.clear()
        self._overviews.clear()
        self._groups.clear()
        self._listed.clear()

    def summarize_span(self, span: cache.Span, end: float) -> bool:
        """Summarize the traces of a block that have no columns; return whether a process time was enough for all."""
        statement = f"SELECT seq, trace_id FROM traces WHERE {IN_SPAN} AND shape IS NULL LIMIT {SUMMARIZED}"  # noqa: S608
        while stale := self._database.rows(statement, (span.low, span.high)):
            self.summarize(stale)
            if time.process_time() > end and len(stale) == SUMMARIZED:
                return False
        return True

    def _spans(self, selection: Selection, level: int = len(cache.SIZES) - 1) -> Iterator[tuple[cache.Span, bool]]:
        """Yield the blocks that have traces of a range, and whether all of theirs are in it; the newest first."""
        first, last = self._database.row("SELECT (SELECT MIN(seq) FROM traces), (SELECT MAX(seq) FROM traces)")
        if first is None:
            return
        for blocks in self._of_traces:
            blocks.evict(first)
        yield from self._within(selection, cache.spans(first, last, level))

    def _within(self, selection: Selection, spans: Iterable[cache.Span]) -> Iterator[tuple[cache.Span, bool]]:
        for span in spans:
            is_whole = self._known.value(_BOUNDS, span, self._bounds, Bounds.around).are_within(selection)
            if is_whole is None and span.level:
                yield from self._within(selection, span.parts())
            elif is_whole is not False:
                yield span, is_whole is True

    def _bounds(self, span: cache.Span) -> Bounds:
        return Bounds(*self._database.row(f"SELECT {_BOUNDS} FROM traces WHERE {IN_SPAN}", (span.low, span.high)))  # noqa: S608 (constants)

    def _values(
        self,
        known: cache.Blocks,
        key: Hashable,
        selection: Selection,
        make: Callable[[cache.Span], T],
        merge: Callable[[list[T]], T],
    ) -> Iterator[T]:
        """Yield the values of the traces of a selection by blocks; those of whole blocks are kept by the key."""
        for span, is_whole in self._spans(selection):
            if is_whole:
                yield from known.values(key, (span,), make, merge)
            else:
                yield make(span)

    def _condition(self, chosen: Filter | None) -> Condition:
        if chosen is None or chosen.expression is None:
            return ANY
        self._first = self._database.row("SELECT COALESCE(MIN(seq), 0) FROM traces")[0]
        return condition(chosen.expression, lambda expression: self._shapes.where(expression, chosen.holds))

    def _summarized(self, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
        """Yield candidates, those without columns with the summary that was made for them."""
        for at in range(0, len(candidates), SUMMARIZED):
            part = candidates[at : at + SUMMARIZED]
            stale = [(candidate.seq, candidate.trace_id) for candidate in part if candidate.shape is None]
            made = dict(zip((seq for seq, _ in stale), self.summarize(stale) if stale else (), strict=True))
            for candidate in part:
                yield replace(candidate, summary=made.get(candidate.seq))

    def _is_match(self, candidate: Candidate, chosen: Filter | None, by: Condition) -> bool:
        if chosen is None or chosen.expression is None or (by.exact and candidate.shape is not None):
            return True
        verdict = self._verdicts.get(chosen.key, candidate.seq)
        if verdict is None:
            verdict = chosen.matches(candidate.summary or self._summary(candidate.seq))
            self._verdicts.put(chosen.key, candidate.seq, verdict, first=self._first)
        return verdict

    def _summary(self, seq: int) -> TraceSummary:
        (body,) = self._database.row("SELECT body FROM summaries WHERE seq = ?", (seq,))
        return load(zlib.decompress(body))

    def _listed_summary(self, seq: int) -> TraceSummary:
        """Return the same, kept for the next time: lists are read again and again."""
        found = self._listed.pop(seq, None) or self._summary(seq)
        self._listed[seq] = found
        if len(self._listed) > LISTED:
            self._listed.popitem(last=False)
        return found

    def _documents(self, seq: int) -> list[Document]:
        rows = self._database.rows("SELECT text FROM documents WHERE seq = ? ORDER BY rowid", (seq,))
        return [parse_stored(text) for (text,) in rows]

    def _revision(self, seq: int) -> int:
        return int(self._database.row("SELECT revision FROM traces WHERE seq = ?", (seq,))[0])

    def _write(self, seq: int, summary: TraceSummary) -> None:
        dumped = dump(summary)
        values = columns.columns(summary, self._shapes.id(summary, dumped), self._routes.id(route_of(summary)))
        self._database.execute(f"UPDATE traces SET {_SET} WHERE seq = ?", (*values, seq))  # noqa: S608 (constants)
        body, times = zlib.compress(dumped, 1), call_times(summary).tobytes()
        self._database.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?)", (seq, body))
        self._database.execute("INSERT OR REPLACE INTO calls VALUES (?, ?)", (seq, times))
