"""Lists, counts and graphs of stored traces: a condition on columns selects them, the evaluator decides where it must.

A trace whose documents have changed has no columns; it is summarized when it is reached.
"""

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, partial
from itertools import chain
from typing import TypeVar

from xray_local.state.store.summaries.cache import Span
from xray_local.state.store.summaries.conditions import ANY, Condition, joined_conditions
from xray_local.state.store.summaries.overview.blocks import Strings, added, joined, joined_results
from xray_local.state.store.summaries.overview.numbers import Group, Overview, groups
from xray_local.state.store.summaries.selection import (
    WITHIN,
    Filter,
    Order,
    Page,
    Position,
    Selection,
    TraceRow,
)
from xray_local.state.store.summaries.summaries import IN_SPAN, SUMMARIZED, Candidate
from xray_local.state.store.summaries.totals import OutOfTimeError, Totals

_ORDERS: dict[Order, tuple[str, str, str]] = {  # a column, and how rows come after a position
    "-start": ("first", "DESC", "<"),
    "start": ("first", "ASC", ">"),
    "-duration": ("duration", "DESC", "<"),
    "duration": ("duration", "ASC", ">"),
}
_GROUPS = 1000  # of one result that is kept
_FEW = 4000  # matches, which are found faster by their sequence numbers than in order
_SCANNED_FOR_ONE = 4  # traces, in the time that one is found in by its sequence number
_CHUNK = 500  # rows that one query returns
T = TypeVar("T")


class Search(Totals):
    """Reads traces through their columns, which it writes."""

    def find(self, selection: Selection, *, order: Order, before: Position | None, limit: int, seconds: float) -> Page:
        """Return the first matches after a position: `limit` of them, or what some seconds of CPU time found."""
        end = time.process_time() + seconds
        chosen = self._condition(selection.filter)
        if order in {"duration", "-duration"}:
            self._catch_up(selection, end)
        few = self._few(selection, chosen, order)
        size = min(_CHUNK, limit + 1)
        rows: list[TraceRow] = []
        examined, position = 0, before
        while True:
            candidates = self._candidates(selection, chosen, position, size, order=order, few=few)
            for candidate in self._summarized(candidates):
                if len(rows) == limit or (examined and time.process_time() > end):
                    return Page(rows, position, examined)
                examined, position = examined + 1, candidate.position
                if self._is_match(candidate, selection.filter, chosen):
                    rows.append(TraceRow(position, candidate.summary or self._listed_summary(candidate.seq)))
            if len(candidates) < size:
                return Page(rows, None, examined)

    def overview(self, selection: Selection, *, step: float, seconds: float) -> Overview:
        """Return the numbers of all traces that match and start in the range, if the CPU time is enough.

        Without a step the heat map has no cells.
        """
        key = (selection.start, selection.end, selection.key, step)
        if known := self._overviews.get(key):
            return known
        end = time.process_time() + seconds
        complete = self._catch_up(selection, end)
        matching = self._matching(selection)
        read: dict[Span, Counter[str]] = {}  # cells with the strings of the same block

        def strings_of(span: Span) -> Strings:
            if not step:
                return self._blocks.strings(span, matching(span))
            strings, read[span] = self._blocks.strings_and_cells(span, step, matching(span))
            return strings

        def cells_of(span: Span) -> Counter[str]:
            found = read.pop(span, None)
            return self._blocks.cells(span, step, matching(span)) if found is None else found

        blocks: list[Strings] = []
        cells: list[Counter[str]] = []
        try:
            in_time = _until(end, strings_of)
            blocks.extend(self._values(self._blocks.kept, selection.key, selection, in_time, joined))
            if step:
                of_span = _until(end, cells_of)
                cells.extend(self._values(self._blocks.kept, (selection.key, step), selection, of_span, added))
        except OutOfTimeError:
            complete = False
        routes, example = self._routes.all(), self._shapes.example
        overview = Overview(blocks, cells, step=step, complete=complete, routes=routes, example=example)
        if complete:
            self._overviews.put(key, overview)
        return overview

    def grouped(self, selection: Selection, annotation: str | None, *, seconds: float) -> tuple[Group, ...]:
        """Return the numbers of the traces that match by an annotation's value, or by status; values are JSON."""
        key = (selection.start, selection.end, selection.key, annotation)
        if known := self._groups.get(key):
            return known
        end = time.process_time() + seconds
        complete = self._catch_up(selection, end)
        matching = self._matching(selection)

        def of_span(span: Span) -> dict[str, str]:
            if annotation is None:
                return self._blocks.results_by_status(span, matching(span))
            return self._blocks.results_by_annotation(span, annotation, matching(span))

        found: list[dict[str, str]] = []
        try:
            by = (selection.key, annotation)
            found.extend(self._values(self._results, by, selection, _until(end, of_span), joined_results))
        except OutOfTimeError:
            complete = False
        made = groups({value: Counter(results) for value, results in joined_results(found).items()})
        if complete and len(made) <= _GROUPS:
            self._groups.put(key, made)
        return made

    def arrived(self, after: int, chosen: Filter, *, limit: int) -> tuple[int, int, int]:
        """Return the last of at most `limit` traces after a sequence number, how many they are, how many match."""
        if chosen.expression is None:
            last, number = self._database.row("SELECT MAX(seq), COUNT(*) FROM traces WHERE seq > ?", (after,))
            return last or after, number, number
        rows = self._database.rows(
            "SELECT seq, trace_id, shape FROM traces WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        )
        if not rows:
            return after, 0, 0
        self.summarize([(seq, trace_id) for seq, trace_id, shape in rows if shape is None])
        by, last = self._condition(chosen), rows[-1][0]
        statement = f"SELECT shape, first, seq, trace_id FROM traces WHERE seq > ? AND seq <= ? AND {by.sql}"  # noqa: S608
        candidates = (Candidate(*row) for row in self._database.rows(statement, (after, last, *by.parameters)))
        return last, len(rows), sum(self._is_match(candidate, chosen, by) for candidate in candidates)

    def _matching(self, selection: Selection) -> Callable[[Span], Condition]:
        """Return what returns the condition for a block, in which the evaluator has decided what columns cannot."""
        by = self._condition(selection.filter)
        within = Condition(WITHIN["start"], (selection.start, selection.end))

        @cache
        def of_span(span: Span) -> Condition:
            if by.exact:
                few = self._few_of_blocks.known(selection.key, span)
                if few is not None and len(few) * _SCANNED_FOR_ONE <= span.high - span.low:
                    return joined_conditions(" AND ", [_one_of(few), within])
                return joined_conditions(" AND ", [by, within])
            candidates = (Candidate(*row) for row in self._blocks.rows(span, by))
            matching = [found.seq for found in candidates if self._is_match(found, selection.filter, by)]
            return joined_conditions(" AND ", [_one_of(matching), within])

        return of_span

    def _few(self, selection: Selection, chosen: Condition, order: Order) -> list[int] | None:
        """Return the sequence numbers of the traces that may match, None if they are many."""
        if chosen is ANY and order in {"-start", "start"}:  # the index of the starts has them in their order
            return None
        found: list[int] = []
        of_span = partial(self._seqs, selection, chosen)
        for seqs in self._values(self._few_of_blocks, selection.key, selection, of_span, _all):
            found += seqs
            if len(found) > _FEW:
                return None
        return found

    def _seqs(self, selection: Selection, chosen: Condition, span: Span) -> "array[int]":
        """Return the sequence numbers of the traces of a block that may match."""
        statement = (
            f"SELECT seq FROM traces WHERE {IN_SPAN} AND {WITHIN[selection.by]}"  # noqa: S608 (constants)
            f" AND (shape IS NULL OR {chosen.sql}) LIMIT {_FEW + 1}"
        )
        parameters = (span.low, span.high, selection.start, selection.end, *chosen.parameters)
        return array("q", [seq for (seq,) in self._database.rows(statement, parameters)])

    def _candidates(
        self,
        selection: Selection,
        chosen: Condition,
        after: Position | None,
        limit: int,
        *,
        order: Order = "-start",
        few: list[int] | None = None,
    ) -> list[Candidate]:
        """Return the first traces after a position that may match; those without columns only by their start."""
        column, direction, follows = _ORDERS[order]
        stale = "OR shape IS NULL" if column == "first" else "AND shape IS NOT NULL"
        rows = "traces INDEXED BY traces_by_duration WHERE" if column == "duration" else "traces WHERE"
        if few is not None:
            rows = f"traces NOT INDEXED WHERE {_one_of(few).sql} AND"
        position = f"AND ({column}, seq) {follows} (?, ?)" if after else ""
        statement = (
            f"SELECT shape, {column}, seq, trace_id FROM {rows} {WITHIN[selection.by]} {position}"  # noqa: S608
            f" AND ({chosen.sql} {stale}) ORDER BY {column} {direction}, seq {direction} LIMIT ?"
        )
        parameters = (selection.start, selection.end, *(after or ()), *chosen.parameters, limit)
        return [Candidate(*row) for row in self._database.rows(statement, parameters)]

    def _catch_up(self, selection: Selection, end: float) -> bool:
        """Summarize what has no columns until a process time; return whether that is all."""
        statement = (
            "SELECT seq, trace_id FROM traces INDEXED BY traces_without_summary"  # noqa: S608 (constants)
            f" WHERE shape IS NULL AND {WITHIN[selection.by]} ORDER BY seq DESC LIMIT {SUMMARIZED}"
        )
        while stale := self._database.rows(statement, (selection.start, selection.end)):
            self.summarize(stale)
            if time.process_time() > end:
                return False
        return True


def _until(end: float, read: Callable[[Span], T]) -> Callable[[Span], T]:
    """Return what reads blocks until a process time, at least one; after that it raises OutOfTimeError."""
    is_first = True

    def of_span(span: Span) -> T:
        nonlocal is_first
        if not is_first and time.process_time() > end:
            raise OutOfTimeError
        is_first = False
        return read(span)

    return of_span


def _one_of(seqs: Iterable[int]) -> Condition:
    return Condition(f"seq IN ({','.join(map(str, seqs))})")


def _all(parts: list["array[int]"]) -> "array[int]":
    return array("q", chain.from_iterable(parts))
