"""GetTimeSeriesServiceStatistics: the statistics of services or of calls, by period."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from xray_local.api import rendering
from xray_local.api.filters import selected
from xray_local.api.operations import paging
from xray_local.api.operations.graphs import selection
from xray_local.errors import invalid
from xray_local.state.region import Region
from xray_local.state.store import Selection
from xray_local.traces.service_graph import CallStatistics, CallTimes, Times, call_times
from xray_local.traces.services import Edge, ServiceNode
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression, FilterError, nodes, parse

PAGE = 1000  # periods in one response
PERIOD = 60  # seconds, if the request has none
SECONDS = 1.0  # of CPU time, of looking for traces in one step
Shapes = Iterable[tuple[TraceSummary, Times]]


@dataclass(slots=True)
class _Period:
    services: CallStatistics = field(default_factory=CallStatistics)
    edges: CallStatistics = field(default_factory=CallStatistics)


_Periods = dict[int, _Period]
"""By their start, in epoch seconds."""


def get_time_series_service_statistics(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the statistics of each period that has any, by the start of the service or of the call.

    Without a selector they are those of the calls by clients, so that each trace counts once. There is no forecast.
    """
    seconds = PERIOD if request.get("Period") is None else request["Period"]
    if seconds < 1:
        raise invalid(f"Period: {seconds}: expected seconds, at least 1")
    if request.get("ForecastStatistics") and not request.get("EntitySelectorExpression"):
        raise invalid("EntitySelectorExpression is missing: expected one with ForecastStatistics")
    selector = _selector(request.get("EntitySelectorExpression"))
    traces = selection(region, request)
    periods = _of_traces(region, traces, selector, seconds)
    items, token = paging.page(
        [_shape(start, periods[start]) for start in sorted(periods)], request.get("NextToken"), PAGE
    )
    return paging.answer("TimeSeriesServiceStatistics", items, token) | {"ContainsOldGroupVersions": False}


def _of_traces(region: Region, traces: Selection, selector: Expression | None, seconds: int) -> _Periods:
    if _has_conditions(selector):
        return _periods(_each_trace(region, traces), selector, seconds)
    key = ("periods", selector, seconds)
    return region.store.fold(traces, key, lambda shapes: _periods(shapes, selector, seconds), _merged)


def _merged(parts: Iterable[_Periods]) -> _Periods:
    whole: defaultdict[int, _Period] = defaultdict(_Period)
    for periods in parts:
        for start, period in periods.items():
            whole[start].services.merge(period.services)
            whole[start].edges.merge(period.edges)
    return whole


def _periods(shapes: Shapes, selector: Expression | None, seconds: int) -> _Periods:
    periods: defaultdict[int, _Period] = defaultdict(_Period)
    for trace, values in shapes:
        times = CallTimes(len(trace.services) + len(trace.edges), values)
        for place, found in _selected(selector, trace):
            for start, part in _by_period(times, place, seconds).items():
                period = periods[start]
                (period.services if isinstance(found, ServiceNode) else period.edges).add(found, CallTimes(1, part), 0)
    return periods


def _by_period(times: CallTimes, place: int, seconds: int) -> dict[int, Times]:
    """Return the times of the calls at a place, by the start of the period that they start in."""
    parts: defaultdict[int, Times] = defaultdict(lambda: array("d"))
    for call in zip(*times.at(place), strict=True):
        parts[int(call[0] // seconds) * seconds].extend(call)
    return parts


def _each_trace(region: Region, traces: Selection) -> Iterator[tuple[TraceSummary, Times]]:
    """Yield the traces one by one: what a selector compares differs between those of one shape."""
    position = None
    while True:
        page = region.store.find(traces, before=position, limit=PAGE, seconds=SECONDS)
        yield from ((row.summary, call_times(row.summary)) for row in page.rows)
        position = page.next
        if position is None:
            return


def _has_conditions(selector: Expression | None) -> bool:
    operands = selector.operands if isinstance(selector, nodes.Or) else (selector,)
    return any(isinstance(operand, nodes.Service | nodes.Edge) and operand.inner is not None for operand in operands)


def _selector(text: str | None) -> Expression | None:
    if text is None:
        return None
    try:
        expression = parse(f"service({text})" if text.lstrip().startswith("id(") else text)
    except FilterError as error:
        raise invalid(f"Invalid entity selector expression: {error}") from error
    operands = expression.operands if isinstance(expression, nodes.Or) else (expression,)
    if not all(isinstance(operand, nodes.Service | nodes.Edge) for operand in operands):
        raise invalid(f"Invalid entity selector expression: {text!r}: expected service(), edge() or id()")
    return expression


def _selected(selector: Expression | None, trace: TraceSummary) -> Iterable[tuple[int, ServiceNode | Edge]]:
    if selector is None:
        edges = enumerate(trace.edges, len(trace.services))
        return ((place, edge) for place, edge in edges if edge.source is None)
    return selected(selector, trace)


def _shape(start: int, period: _Period) -> dict[str, Any]:
    shape: dict[str, Any] = {"Timestamp": start}
    if period.edges.results:
        shape["EdgeSummaryStatistics"] = rendering.statistics(period.edges)
    if period.services.results:
        shape["ServiceSummaryStatistics"] = rendering.statistics(period.services)
    selected_ = period.services if period.services.results else period.edges
    return shape | {"ResponseTimeHistogram": rendering.histogram(selected_)}
