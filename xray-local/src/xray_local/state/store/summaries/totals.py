"""Counts and graphs of all matching traces of a range, put together of what is kept of blocks."""

import math
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from xray_local.state.store.summaries.cache import Span
from xray_local.state.store.summaries.conditions import ANY, Condition
from xray_local.state.store.summaries.selection import WITHIN, Count, Selection
from xray_local.state.store.summaries.summaries import IN_SPAN, Candidate, Summaries
from xray_local.traces.service_graph import Graph, Times, graph_of_shapes, merged
from xray_local.traces.summaries import TraceSummary

Made = TypeVar("Made")
Calls = Iterable[tuple[TraceSummary, Times]]
"""The example of each shape, with the times of the calls of all traces that have it."""

_GRAPH = "graph"
_EVERYTHING = Selection(-math.inf, math.inf)


class Totals(Summaries):
    """Answers what needs every trace of a range."""

    def count(self, selection: Selection, *, seconds: float) -> Count:
        """Return how many traces match, of as many as some seconds of CPU time are enough for; call again to go on."""
        end = time.process_time() + seconds
        chosen = self._condition(selection.filter)
        key, number = ("count", selection.key), 0
        for span, is_whole in self._spans(selection):
            found = self._known.get(key, span) if is_whole else None
            if found is None:
                found, is_complete = self._count(selection, chosen, span, end)
                if not is_complete:
                    return Count(number + found, is_complete=False)
                if is_whole:
                    self._known.put(key, span, found)
            number += found
        return Count(number)

    def fold(self, selection: Selection, key: Hashable, make: Callable[[Calls], Made]) -> Iterator[Made]:
        """Yield what a function makes of each block of matching traces; `key` is equal for equal functions."""
        chosen = self._condition(selection.filter)
        whole = (key, selection.key)
        for span, is_whole in self._spans(selection):
            made: Made | None = self._known.get(whole, span) if is_whole else None
            if made is None:
                made = make(self._calls(selection, chosen, span))
                if is_whole:
                    self._known.put(whole, span, made)
            yield made

    def graph(self, selection: Selection) -> Graph:
        """Return the service graph of the matching traces."""
        return merged(self.fold(selection, _GRAPH, graph_of_shapes))

    def prepare(self) -> bool:
        """Make the graph of one full block that has none; return whether there was one."""
        for span, _ in self._spans(_EVERYTHING):
            if span.is_full and self._known.get((_GRAPH, ""), span) is None:
                made = graph_of_shapes(self._calls(_EVERYTHING, ANY, span))
                self._known.put((_GRAPH, ""), span, made)
                return True
        return False

    def _count(self, selection: Selection, chosen: Condition, span: Span, end: float) -> tuple[int, bool]:
        """Return how many traces of a block match, and whether a process time was enough for all of them."""
        if not self.summarize_span(span, end):
            return 0, False
        where = f"{IN_SPAN} AND {WITHIN[selection.by]} AND {chosen.sql}"
        parameters = (*span, selection.start, selection.end, *chosen.parameters)
        if chosen.exact:
            (number,) = self._database.row(f"SELECT COUNT(*) FROM traces WHERE {where}", parameters)  # noqa: S608
            return number, True
        number, key = 0, selection.key
        for row in self._database.rows(f"SELECT shape, first, seq, trace_id FROM traces WHERE {where}", parameters):  # noqa: S608
            candidate = Candidate(*row)
            is_new = self._verdicts.get(key, candidate.seq) is None
            number += self._is_match(candidate, selection.filter, chosen)
            if is_new and time.process_time() > end:  # only then: each call decides about some that none did before
                return number, False
        return number, True

    def _calls(self, selection: Selection, chosen: Condition, span: Span) -> Iterator[tuple[TraceSummary, Times]]:
        """Yield the example of each shape, with the times of the calls of all matching traces of a block."""
        self.summarize_span(span, math.inf)
        statement = (
            "SELECT shape, times, first, seq, trace_id FROM traces JOIN calls USING (seq)"  # noqa: S608 (constants)
            f" WHERE {IN_SPAN} AND {WITHIN[selection.by]} AND {chosen.sql}"
        )
        times: dict[int, list[bytes]] = defaultdict(list)
        for shape, found, *of_trace in self._database.rows(
            statement, (*span, selection.start, selection.end, *chosen.parameters)
        ):
            if chosen.exact or self._is_match(Candidate(shape, *of_trace), selection.filter, chosen):
                times[shape].append(found)
        for shape, parts in times.items():
            yield self._shapes.example(shape), array("d", b"".join(parts))
