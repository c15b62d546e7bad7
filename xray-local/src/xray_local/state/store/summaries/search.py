"""Lists, counts and graphs of stored traces: a condition on columns selects them, the evaluator decides where it must.

A trace whose documents have changed has no columns; it is summarized when it is reached.
"""

import math
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator

from xray_local.state.store.summaries.conditions import Condition, annotation_value, joined_conditions
from xray_local.state.store.summaries.overview.blocks import Strings, joined
from xray_local.state.store.summaries.overview.numbers import Group, Overview, groups
from xray_local.state.store.summaries.selection import (
    Count,
    Filter,
    Order,
    Page,
    Position,
    RangeBy,
    Selection,
    TraceRow,
)
from xray_local.state.store.summaries.summaries import SUMMARIZED, Candidate, Summaries
from xray_local.traces.service_graph import Times
from xray_local.traces.summaries import TraceSummary

_WITHIN: dict[RangeBy, str] = {
    "start": "first >= ? AND first < ?",
    "end": "last >= ? AND last < ?",
    "update": "updated >= ? AND updated < ?",
    "overlap": "last >= ? AND first < ?",
}
_ORDERS: dict[Order, tuple[str, str, str]] = {  # a column, and how rows come after a position
    "-start": ("first", "DESC", "<"),
    "start": ("first", "ASC", ">"),
    "-duration": ("duration", "DESC", "<"),
    "duration": ("duration", "ASC", ">"),
}
_NONE = Condition("0")
_OVERVIEWS = 8  # that are kept
_CHUNK = 500  # rows that one query returns


class Search(Summaries):
    """Reads traces through their columns, which it writes."""

    def find(self, selection: Selection, *, order: Order, before: Position | None, limit: int, seconds: float) -> Page:
        """Return the first matches after a position: `limit` of them, or what some seconds of CPU time found."""
        end = time.process_time() + seconds
        chosen = self._condition(selection.filter)
        if order in {"duration", "-duration"}:
            self._catch_up(selection, end)
        size = min(_CHUNK, limit + 1)
        rows: list[TraceRow] = []
        examined, position = 0, before
        while True:
            candidates = self._candidates(selection, chosen, position, size, order=order)
            for candidate in self._summarized(candidates):
                if len(rows) == limit or (examined and time.process_time() > end):
                    return Page(rows, position, examined)
                examined, position = examined + 1, candidate.position
                if self._is_match(candidate, selection.filter, chosen):
                    rows.append(TraceRow(position, candidate.summary or self._summary(candidate.seq)))
            if len(candidates) < size:
                return Page(rows, None, examined)

    def count(self, selection: Selection, *, after: Count | None, seconds: float) -> Count:
        """Return how many traces match, of as many as some seconds of CPU time are enough for.

        `after` is an earlier answer to continue; the new one includes its number.
        """
        key = (selection.start, selection.end, selection.by, selection.filter.key if selection.filter else "")
        if (known := self._counts.get(key)) is not None:
            return Count(known)
        count = self._count(selection, after, time.process_time() + seconds)
        if count.next is None:
            self._counts[key] = count.number
        return count

    def _count(self, selection: Selection, after: Count | None, end: float) -> Count:
        chosen = self._condition(selection.filter)
        if chosen.exact:
            return self._count_columns(selection, chosen, end)
        number, position = (after.number, after.next) if after else (0, None)
        while candidates := self._candidates(selection, chosen, position, _CHUNK):
            for candidate in self._summarized(candidates):
                number += self._is_match(candidate, selection.filter, chosen)
                position = candidate.position
                if time.process_time() > end:
                    return Count(number, position)
        return Count(number)

    def overview(self, selection: Selection, *, step: float, seconds: float) -> Overview:
        """Return the numbers of all traces that match and start in the range, if the CPU time is enough."""
        key = (selection.start, selection.end, selection.filter.key if selection.filter else "", step)
        if known := self._overviews.get(key):
            return known
        end = time.process_time() + seconds
        complete = self._catch_up(selection, end) is None
        chosen = self._condition(selection.filter)
        blocks: list[Strings] = []
        for number in self._blocks.numbers():
            if blocks and time.process_time() > end:
                complete = False
                break
            blocks.append(self._block(selection, chosen, step, number))
        overview = Overview(
            joined(blocks), step=step, complete=complete, routes=self._routes.all(), example=self._shapes.example
        )
        if complete:
            self._overviews[key] = overview
            if len(self._overviews) > _OVERVIEWS:
                self._overviews.pop(next(iter(self._overviews)))
        return overview

    def grouped(self, selection: Selection, annotation: str | None, *, seconds: float) -> tuple[Group, ...]:
        """Return the numbers of the traces that match by an annotation's value, or by status; values are JSON."""
        end = time.process_time() + seconds
        self._catch_up(selection, end)
        chosen = self._condition(selection.filter)
        within = Condition(_WITHIN["start"], (selection.start, selection.end))
        key = Condition("http_status") if annotation is None else annotation_value(annotation)
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for number in self._blocks.numbers():
            both = joined_conditions(" AND ", [self._exact(selection.filter, chosen, number), within])
            for value, results in self._blocks.results(number, key, both).items():
                found[str(value)].update(results)
            if time.process_time() > end:
                break
        return groups(found)

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

    def _block(self, selection: Selection, chosen: Condition, step: float, number: int) -> Strings:
        key = selection.filter.key if selection.filter else ""
        block = self._blocks.kept(key, step, number)
        if block is None:
            block = self._blocks.read(number, step, self._exact(selection.filter, chosen, number))
            self._blocks.keep(key, step, number, block)
        if not block.results or (block.first >= selection.start and block.last < selection.end):
            return block
        if block.last < selection.start or block.first >= selection.end:
            return Strings()
        within = Condition(_WITHIN["start"], (selection.start, selection.end))
        return self._blocks.read(number, step, self._exact(selection.filter, chosen, number), within)

    def _exact(self, chosen: Filter | None, by: Condition, number: int) -> Condition:
        """Return the condition for a block, in which the evaluator has decided what columns cannot decide."""
        if by.exact:
            return by
        rows = self._blocks.rows(number, by)
        candidates = (Candidate(*row) for row in rows)
        matching = [str(found.seq) for found in candidates if self._is_match(found, chosen, by)]
        return Condition(f"seq IN ({','.join(matching)})")

    def calls(self, selection: Selection) -> Iterator[tuple[TraceSummary, Times]]:
        """Yield the example of each shape, with the times of the calls of all matching traces that have it."""
        chosen = self._condition(selection.filter)
        self._catch_up(selection, math.inf)
        statement = (
            "SELECT shape, times, first, seq, trace_id FROM traces JOIN calls USING (seq)"  # noqa: S608 (constants)
            f" WHERE {_WITHIN[selection.by]} AND {chosen.sql}"
        )
        times: dict[int, list[bytes]] = defaultdict(list)
        for shape, found, *of_trace in self._database.rows(
            statement, (selection.start, selection.end, *chosen.parameters)
        ):
            if chosen.exact or self._is_match(Candidate(shape, *of_trace), selection.filter, chosen):
                times[shape].append(found)
        for shape, parts in times.items():
            yield self._shapes.example(shape), array("d", b"".join(parts))

    def _candidates(
        self, selection: Selection, chosen: Condition, after: Position | None, limit: int, *, order: Order = "-start"
    ) -> list[Candidate]:
        """Return the first traces after a position that may match; those without columns only by their start."""
        column, direction, follows = _ORDERS[order]
        stale = "OR shape IS NULL" if column == "first" else "AND shape IS NOT NULL"
        position = f"AND ({column}, seq) {follows} (?, ?)" if after else ""
        statement = (
            f"SELECT shape, {column}, seq, trace_id FROM traces WHERE {_WITHIN[selection.by]} {position}"  # noqa: S608
            f" AND ({chosen.sql} {stale}) ORDER BY {column} {direction}, seq {direction} LIMIT ?"
        )
        parameters = (selection.start, selection.end, *(after or ()), *chosen.parameters, limit)
        return [Candidate(*row) for row in self._database.rows(statement, parameters)]

    def _catch_up(self, selection: Selection, end: float) -> Position | None:
        """Summarize what has no columns until a process time; return how far it came if there may be more."""
        while self.without_summary(1) and (stale := self._candidates(selection, _NONE, None, SUMMARIZED)):
            self.summarize([(candidate.seq, candidate.trace_id) for candidate in stale])
            if time.process_time() > end:
                return stale[-1].position
        return None

    def _count_columns(self, selection: Selection, chosen: Condition, end: float) -> Count:
        """Summarize what has no columns, until a process time; return how many traces match by their columns."""
        reached = self._catch_up(selection, end)
        within = f"{_WITHIN[selection.by]} AND shape IS NOT NULL AND {chosen.sql}"
        parameters = (selection.start, selection.end, *chosen.parameters)
        (number,) = self._database.row(f"SELECT COUNT(*) FROM traces WHERE {within}", parameters)  # noqa: S608
        return Count(number, reached)
