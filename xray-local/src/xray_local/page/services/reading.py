"""What the services pages read: the service graph of a selection of traces, and the newest traces of one service.

The end of a range and its start are rounded to a part of it, so that a page that is read again can be cached.
"""

from dataclasses import dataclass

from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups
from xray_local.api.operations.graphs import selection
from xray_local.page.listing.query import RANGES
from xray_local.page.services.map import Map, draw
from xray_local.page.services.numbers import Graph, Show, graph_numbers
from xray_local.state.region import Region
from xray_local.state.store import Selection
from xray_local.traces.service_graph import graph_of_shapes
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import parse

AHEAD_SECONDS = 86_400  # that a clock may be ahead
STEPS = 60  # parts of a range that its ends are rounded to
SAMPLE = 200  # of the newest traces, from which routes and slow examples are
SECONDS = 0.1  # of CPU time, of looking for them


@dataclass(frozen=True, slots=True)
class Scope:
    """Which traces are shown: those of a key of RANGES, before `now`, and of a group if it is named."""

    range: str
    group: str
    now: float

    def selection(self, region: Region) -> Selection:
        """Return it as the store has it; ApiError if there is no such group."""
        seconds = RANGES[self.range][1]
        step = (seconds or AHEAD_SECONDS) / STEPS
        now = self.now // step * step
        request = {"StartTime": now - seconds if seconds else 0.0, "EndTime": now + AHEAD_SECONDS}
        return selection(region, request | ({"GroupName": self.group} if self.group else {}))


def read_graph(region: Region, scope: Scope, show: Show) -> Graph:
    """Return the numbers of the service graph of some traces."""
    chosen = scope.selection(region)
    key = _key(chosen)
    graph = region.store.cached(("graph", *key), lambda: graph_of_shapes(region.store.calls(chosen)))
    return region.store.cached(("numbers", *key, show), lambda: graph_numbers(graph, show))


def read_map(region: Region, scope: Scope, show: Show) -> Map | None:
    """Return the drawing of the same, None if it is too large for one."""
    key = ("map", *_key(scope.selection(region)), show)
    return region.store.cached(key, lambda: draw(read_graph(region, scope, show), show))


def _key(chosen: Selection) -> tuple[float, float, str]:
    return chosen.start, chosen.end, chosen.filter.key if chosen.filter else ""


def count_traces(region: Region, scope: Scope) -> int:
    """Return how many traces there are, as many as can be counted at once."""
    return region.store.count(scope.selection(region)).number


def newest(region: Region, expression: str, limit: int) -> list[TraceSummary]:
    """Return the newest traces that match an expression, as many as can be found at once."""
    chosen = Selection(0.0, float("inf"), "start", TraceFilter(parse(expression), groups.expressions(region)))

    def found() -> list[TraceSummary]:
        return [row.summary for row in region.store.find(chosen, limit=limit, seconds=SECONDS).rows]

    return region.store.cached(("newest", expression, limit), found)
