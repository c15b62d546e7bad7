"""Lists, counts and graphs of stored traces: a condition on columns selects them, the evaluator decides where it must.

A trace whose documents have changed has no columns; it is summarized when it is reached.
"""

import time
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from xray_local.state.store.database import Database
from xray_local.state.store.summaries import columns, summary_json
from xray_local.state.store.summaries.conditions import ANY, Condition, condition
from xray_local.state.store.summaries.shapes import Shapes
from xray_local.state.store.summaries.verdicts import Verdicts
from xray_local.traces.documents import Document, parse_stored
from xray_local.traces.service_graph import Times, call_times
from xray_local.traces.summaries import TraceSummary, summarize
from xray_model.filter_expression import Expression

RangeBy = Literal["start", "end", "update", "overlap"]
Position = tuple[float, int]
_WITHIN: dict[RangeBy, str] = {
    "start": "first >= ? AND first < ?",
    "end": "last >= ? AND last < ?",
    "update": "updated >= ? AND updated < ?",
    "overlap": "last >= ? AND first < ?",
}
_SET = ", ".join(f"{name} = ?" for name in columns.COLUMNS)
_CHUNK = 500  # rows that one query returns
_SUMMARIZED = 20  # traces in one transaction


class Filter(Protocol):
    """A filter expression with what evaluates it; `key` is equal for filters that decide equally."""

    @property
    def expression(self) -> Expression | None:
        """The expression, None if every trace matches."""

    @property
    def key(self) -> str:
        """The text of the expression and of all that it depends on."""

    def matches(self, trace: TraceSummary) -> bool:
        """Return whether a trace matches."""

    def holds(self, expression: Expression, trace: TraceSummary) -> bool:
        """Return whether a part of the expression is true for a trace."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The traces of a range (epoch seconds, the end excluded) that match a filter.

    `by` says what is within the range: the trace's start, its end, the arrival of its last document, or any part.
    """

    start: float
    end: float
    by: RangeBy = "start"
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace as the list shows it; `position` orders and pages."""

    position: Position
    summary: TraceSummary


@dataclass(frozen=True, slots=True)
class _Candidate:
    shape: int | None
    first: float
    seq: int
    trace_id: str
    summary: TraceSummary | None = None

    @property
    def position(self) -> Position:
        return self.first, self.seq


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the matching traces, newest first; `next` is where to go on if there may be more, `examined` how many
    traces were looked at one by one.
    """

    rows: list[TraceRow]
    next: Position | None
    examined: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many traces match; `next` is where to continue if there may be more."""

    number: int
    next: Position | None = None


class Search:
    """Reads traces through their columns, which it writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shapes = Shapes(database)
        self._verdicts = Verdicts()
        self._first = 0  # the lowest sequence number
        self._counts: dict[tuple[float, float, str, str], int] = {}  # until a trace changes

    def find(self, selection: Selection, *, before: Position | None, limit: int, seconds: float) -> Page:
        """Return the newest matches before a position: `limit` of them, or what some seconds of CPU time found."""
        end = time.process_time() + seconds
        chosen = self._condition(selection.filter)
        size = min(_CHUNK, limit + 1)
        rows: list[TraceRow] = []
        examined, position = 0, before
        while True:
            candidates = self._candidates(selection, chosen, position, size)
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

    def calls(self, selection: Selection) -> Iterator[tuple[TraceSummary, Times]]:
        """Yield the example of each shape, with the times of the calls of all matching traces that have it."""
        chosen = self._condition(selection.filter)
        while stale := self._candidates(selection, ANY, None, _CHUNK, stale=True):
            self.summarize([(candidate.seq, candidate.trace_id) for candidate in stale])
        statement = (
            "SELECT shape, times, first, seq, trace_id FROM traces JOIN calls USING (seq)"  # noqa: S608 (constants)
            f" WHERE {_WITHIN[selection.by]} AND {chosen.sql}"
        )
        times: dict[int, list[bytes]] = defaultdict(list)
        for shape, found, *of_trace in self._database.rows(
            statement, (selection.start, selection.end, *chosen.parameters)
        ):
            if chosen.exact or self._is_match(_Candidate(shape, *of_trace), selection.filter, chosen):
                times[shape].append(found)
        for shape, parts in times.items():
            yield self._shapes.example(shape), array("d", b"".join(parts))

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

    def without_summary(self, limit: int) -> list[tuple[int, str]]:
        """Return some traces that have no columns, the newest first."""
        statement = "SELECT seq, trace_id FROM traces WHERE shape IS NULL ORDER BY seq DESC LIMIT ?"
        return self._database.rows(statement, (limit,))

    def forget(self, changed: set[int]) -> None:
        """Forget what is known of traces that have changed, and of all of them together."""
        self._verdicts.forget(changed)
        self._counts.clear()

    def prune(self) -> None:
        """Delete what only evicted traces had, within the caller's transaction."""
        self._shapes.prune()

    def clear(self) -> None:
        """Forget everything."""
        self._shapes.forget()
        self._verdicts.clear()
        self._counts.clear()

    def _condition(self, chosen: Filter | None) -> Condition:
        if chosen is None or chosen.expression is None:
            return ANY
        self._first = self._database.row("SELECT COALESCE(MIN(seq), 0) FROM traces")[0]
        return condition(chosen.expression, lambda expression: self._shapes.where(expression, chosen.holds))

    def _candidates(
        self, selection: Selection, chosen: Condition, before: Position | None, limit: int, *, stale: bool = False
    ) -> list[_Candidate]:
        """Return the newest traces before a position that may match; with `stale` only those without columns."""
        columns_match = "0" if stale else chosen.sql
        position = "AND (first, seq) < (?, ?)" if before else ""
        statement = (
            f"SELECT shape, first, seq, trace_id FROM traces WHERE {_WITHIN[selection.by]} {position}"  # noqa: S608
            f" AND (shape IS NULL OR {columns_match}) ORDER BY first DESC, seq DESC LIMIT ?"
        )
        parameters: tuple[Any, ...] = () if stale else chosen.parameters
        rows = self._database.rows(statement, (selection.start, selection.end, *(before or ()), *parameters, limit))
        return [_Candidate(*row) for row in rows]

    def _count_columns(self, selection: Selection, chosen: Condition, end: float) -> Count:
        """Summarize what has no columns, until a process time; return how many traces match by their columns."""
        while stale := self._candidates(selection, ANY, None, _SUMMARIZED, stale=True):
            self.summarize([(candidate.seq, candidate.trace_id) for candidate in stale])
            if time.process_time() > end:
                break
        within = f"{_WITHIN[selection.by]} AND shape IS NOT NULL AND {chosen.sql}"
        parameters = (selection.start, selection.end, *chosen.parameters)
        (number,) = self._database.row(f"SELECT COUNT(*) FROM traces WHERE {within}", parameters)  # noqa: S608
        return Count(number, stale[-1].position if stale else None)

    def _summarized(self, candidates: Sequence[_Candidate]) -> Iterator[_Candidate]:
        """Yield candidates, those without columns with the summary that was made for them."""
        for at in range(0, len(candidates), _SUMMARIZED):
            part = candidates[at : at + _SUMMARIZED]
            stale = [(candidate.seq, candidate.trace_id) for candidate in part if candidate.shape is None]
            made = dict(zip((seq for seq, _ in stale), self.summarize(stale) if stale else (), strict=True))
            for candidate in part:
                yield replace(candidate, summary=made.get(candidate.seq))

    def _is_match(self, candidate: _Candidate, chosen: Filter | None, by: Condition) -> bool:
        if chosen is None or chosen.expression is None or (by.exact and candidate.shape is not None):
            return True
        verdict = self._verdicts.get(chosen.key, candidate.seq)
        if verdict is None:
            verdict = chosen.matches(candidate.summary or self._summary(candidate.seq))
            self._verdicts.put(chosen.key, candidate.seq, verdict, first=self._first)
        return verdict

    def _summary(self, seq: int) -> TraceSummary:
        (body,) = self._database.row("SELECT body FROM summaries WHERE seq = ?", (seq,))
        return summary_json.load(zlib.decompress(body))

    def _documents(self, seq: int) -> list[Document]:
        rows = self._database.rows("SELECT text FROM documents WHERE seq = ? ORDER BY rowid", (seq,))
        return [parse_stored(text) for (text,) in rows]

    def _write(self, seq: int, summary: TraceSummary) -> None:
        dumped = summary_json.dump(summary)
        values = columns.columns(summary, self._shapes.id(summary, dumped))
        self._database.execute(f"UPDATE traces SET {_SET} WHERE seq = ?", (*values, seq))  # noqa: S608 (constants)
        body, times = zlib.compress(dumped, 1), call_times(summary).tobytes()
        self._database.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?)", (seq, body))
        self._database.execute("INSERT OR REPLACE INTO calls VALUES (?, ?)", (seq, times))
