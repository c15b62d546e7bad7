"""Counts and graphs of all matching traces of a range, put together of what is kept of blocks."""

import math
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from xray_local.state.store.summaries.cache import Span
from xray_local.state.store.summaries.conditions import ANY, Condition
from xray_local.state.store.summaries.overview.blocks import Strings, joined
from xray_local.state.store.summaries.selection import WITHIN, Count, Selection
from xray_local.state.store.summaries.summaries import IN_SPAN, Candidate, Summaries
from xray_local.traces.service_graph import Graph, Times, graph_of_shapes, merged
from xray_local.traces.summaries import TraceSummary

Made = TypeVar("Made")
Calls = Iterable[tuple[TraceSummary, Times]]
"""The example of each shape, with the times of the calls of all traces that have it."""


class OutOfTimeError(Exception):
    """The CPU time that a search may take is over."""


_GRAPH = "graph"
_EVERYTHING = Selection(-math.inf, math.inf)


class Totals(Summaries):
    """Answers what needs every trace of a range."""

    def count(self, selection: Selection, *, seconds: float) -> Count:
        """Return how many traces match, of as many as some seconds of CPU time are enough for; call again to go on."""
        end = time.process_time() + seconds
        chosen = self._condition(selection.filter)
        of_span = partial(self._count, selection, chosen, end)
        counts: Iterator[int] = self._values(self._known, ("count", selection.key), selection, of_span, sum)
        number = 0
        try:
            for found in counts:
                number += found
        except OutOfTimeError:
            return Count(number, is_complete=False)
        return Count(number)

    def fold(
        self,
        selection: Selection,
        key: Hashable,
        make: Callable[[Calls], Made],
        merge: Callable[[Iterable[Made]], Made],
    ) -> Made:
        """Return what a function makes of the matching traces, merged of blocks; `key` is equal for equal functions."""
        chosen = self._condition(selection.filter)

        def of_span(span: Span) -> Made:
            return make(self._calls(selection, chosen, span))

        return merge(self._values(self._known, (key, selection.key), selection, of_span, merge))

    def graph(self, selection: Selection) -> Graph:
        """Return the service graph of the matching traces."""
        return self.fold(selection, _GRAPH, graph_of_shapes, merged)

    def prepare(self) -> bool:
        """Make the graph or the strings of a block that has none, or count them; return whether there was any."""
        made: list[Span] = []

        def graph_of(span: Span) -> Graph:
            made.append(span)
            return graph_of_shapes(self._calls(_EVERYTHING, ANY, span))

        def strings_of(span: Span) -> Strings:
            made.append(span)
            return self._blocks.strings(span, ANY)

        graphs = self._values(self._known, (_GRAPH, ""), _EVERYTHING, graph_of, merged)
        strings = self._values(self._blocks.kept, "", _EVERYTHING, strings_of, joined)
        return any(made for _ in graphs) or any(made or block.count_more() for block in strings)

    def _count(self, selection: Selection, chosen: Condition, end: float, span: Span) -> int:
        """Return how many traces of a block match; OutOfTimeError if a process time is not enough for all of them."""
        if not self.summarize_span(span, end):
            raise OutOfTimeError
        where = f"{IN_SPAN} AND {WITHIN[selection.by]} AND {chosen.sql}"
        parameters = (span.low, span.high, selection.start, selection.end, *chosen.parameters)
        if chosen.exact:
            return int(self._database.row(f"SELECT COUNT(*) FROM traces WHERE {where}", parameters)[0])  # noqa: S608
        number, key = 0, selection.key
        for row in self._database.rows(f"SELECT shape, first, seq, trace_id FROM traces WHERE {where}", parameters):  # noqa: S608
            candidate = Candidate(*row)
            is_new = self._verdicts.get(key, candidate.seq) is None
            number += self._is_match(candidate, selection.filter, chosen)
            if is_new and time.process_time() > end:  # only then: each call decides about some that none did before
                raise OutOfTimeError
        return number

    def _calls(self, selection: Selection, chosen: Condition, span: Span) -> Iterator[tuple[TraceSummary, Times]]:
        """Yield the example of each shape, with the times of the calls of all matching traces of a block."""
        self.summarize_span(span, math.inf)
        statement = (
            "SELECT shape, times, first, seq, trace_id FROM traces JOIN calls USING (seq)"  # noqa: S608 (constants)
            f" WHERE {IN_SPAN} AND {WITHIN[selection.by]} AND {chosen.sql}"
        )
        times: dict[int, list[bytes]] = defaultdict(list)
        for shape, found, *of_trace in self._database.rows(
            statement, (span.low, span.high, selection.start, selection.end, *chosen.parameters)
        ):
            if chosen.exact or self._is_match(Candidate(shape, *of_trace), selection.filter, chosen):
                times[shape].append(found)
        for shape, parts in times.items():
            yield self._shapes.example(shape), array("d", b"".join(parts))
