"""GetTimeSeriesServiceStatistics: the statistics of services or of calls, by period."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from xray_local.api import rendering
from xray_local.api.filters import selected
from xray_local.api.operations import paging
from xray_local.api.operations.graphs import selection_of_group
from xray_local.errors import invalid
from xray_local.state.region import Region
from xray_local.traces.service_graph import CallStatistics
from xray_local.traces.services import Edge, ServiceNode
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression, FilterError, nodes, parse

PAGE = 1000  # periods in one response
PERIOD = 60  # seconds, if the request has none


@dataclass(slots=True)
class _Period:
    services: CallStatistics = field(default_factory=CallStatistics)
    edges: CallStatistics = field(default_factory=CallStatistics)


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
    periods: defaultdict[int, _Period] = defaultdict(_Period)
    for trace in region.store.each(selection_of_group(region, request)):
        for found in _selected(selector, trace):
            period = periods[int(found.start // seconds) * seconds]
            (period.services if isinstance(found, ServiceNode) else period.edges).add(found)
    shapes = [_shape(start, periods[start]) for start in sorted(periods)]
    items, token = paging.page(shapes, request.get("NextToken"), PAGE)
    return paging.answer("TimeSeriesServiceStatistics", items, token) | {"ContainsOldGroupVersions": False}


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


def _selected(selector: Expression | None, trace: TraceSummary) -> Iterable[ServiceNode | Edge]:
    if selector is None:
        return (edge for edge in trace.edges if edge.source is None)
    return selected(selector, trace)


def _shape(start: int, period: _Period) -> dict[str, Any]:
    shape: dict[str, Any] = {"Timestamp": start}
    if period.edges.results:
        shape["EdgeSummaryStatistics"] = rendering.statistics(period.edges)
    if period.services.results:
        shape["ServiceSummaryStatistics"] = rendering.statistics(period.services)
    selected_ = period.services if period.services.results else period.edges
    return shape | {"ResponseTimeHistogram": rendering.histogram(selected_)}
