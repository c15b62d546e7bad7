"""Lists of stored traces: a condition on columns selects them, the evaluator decides where it must.

A trace whose documents have changed has no columns; it is summarized when it is reached.
"""

import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xray_local.state.store.summaries.conditions import ANY, Condition
from xray_local.state.store.summaries.reader import IN_SPAN, Candidate, Position
from xray_local.state.store.summaries.selection import WITHIN, Selection
from xray_local.state.store.summaries.summarizer import SUMMARIZED
from xray_local.state.store.summaries.totals import Totals
from xray_local.traces.summaries import TraceSummary

_CHUNK = 500  # rows that one query returns
_FEW = 256  # matches in a block, which are found faster by their sequence numbers than in the order of their times
_FEW_IN_ALL = 4000


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace as the list shows it; `position` orders and pages."""

    position: Position
    summary: TraceSummary


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the matching traces, newest first; `next` is where to go on if there may be more, `examined` how many
    traces were looked at one by one.
    """

    rows: list[TraceRow]
    next: Position | None
    examined: int


class Search(Totals):
    """Finds the newest matches of a range."""

    def find(self, selection: Selection, *, before: Position | None, limit: int, seconds: float) -> Page:
        """Return the newest matches before a position: `limit` of them, or what some seconds of CPU time found."""
        end = time.process_time() + seconds
        chosen = self._condition(selection.filter)
        few = self._few(selection, chosen)
        size = min(_CHUNK, limit + 1)
        rows: list[TraceRow] = []
        examined, position = 0, before
        while True:
            candidates = self._candidates(selection, chosen, few, position, size)
            for candidate in self._summarized(candidates):
                if len(rows) == limit or (examined and time.process_time() > end):
                    return Page(rows, position, examined)
                examined, position = examined + 1, candidate.position
                if self._is_match(candidate, selection.filter, chosen):
                    rows.append(TraceRow(position, candidate.summary or self.summarizer.summary(candidate.seq)))
            if len(candidates) < size:
                return Page(rows, None, examined)

    def _few(self, selection: Selection, chosen: Condition) -> list[int] | None:
        """Return the sequence numbers of the traces that may match, None if they are many."""
        if chosen is ANY:
            return None
        key, found = ("few", selection.key), list[int]()
        statement = (
            f"SELECT seq, shape FROM traces WHERE {IN_SPAN} AND {WITHIN[selection.by]}"  # noqa: S608 (constants)
            f" AND (shape IS NULL OR {chosen.sql}) LIMIT {_FEW + 1}"
        )
        for span, is_whole in self._spans(selection):
            seqs: array[int] | None = self._blocks.get(key, span) if is_whole else None
            if seqs is None:
                rows = self._database.rows(statement, (*span, selection.start, selection.end, *chosen.parameters))
                seqs = array("q", [seq for seq, _ in rows])
                if is_whole and not any(shape is None for _, shape in rows):
                    self._blocks.put(key, span, seqs)
            found += seqs
            if len(seqs) > _FEW or len(found) > _FEW_IN_ALL:
                return None
        return found

    def _candidates(
        self, selection: Selection, chosen: Condition, few: list[int] | None, before: Position | None, limit: int
    ) -> list[Candidate]:
        """Return the newest traces before a position that may match."""
        rows = "traces WHERE" if few is None else f"traces NOT INDEXED WHERE seq IN ({','.join(map(str, few))}) AND"
        position = "AND (first, seq) < (?, ?)" if before else ""
        statement = (
            f"SELECT shape, first, seq, trace_id FROM {rows} {WITHIN[selection.by]} {position}"  # noqa: S608
            f" AND (shape IS NULL OR {chosen.sql}) ORDER BY first DESC, seq DESC LIMIT ?"
        )
        parameters = (selection.start, selection.end, *(before or ()), *chosen.parameters, limit)
        return [Candidate(*row) for row in self._database.rows(statement, parameters)]

    def _summarized(self, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
        """Yield candidates, those without columns with the summary that was made for them."""
        for at in range(0, len(candidates), SUMMARIZED):
            part = candidates[at : at + SUMMARIZED]
            stale = [(candidate.seq, candidate.trace_id) for candidate in part if candidate.shape is None]
            made = dict(zip((seq for seq, _ in stale), self.summarizer.summarize(stale) if stale else (), strict=True))
            for candidate in part:
                yield replace(candidate, summary=made.get(candidate.seq))
