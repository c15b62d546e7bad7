"""GetTraceGraph and GetServiceGraph."""

from typing import Any

from xray_local.api import rendering
from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups, paging
from xray_local.errors import invalid
from xray_local.state.region import Region
from xray_local.state.store import Selection
from xray_local.traces.service_graph import service_graph
from xray_local.traces.summaries import summarize
from xray_model.filter_expression import parse

PAGE = 1000  # services in one response


def get_trace_graph(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the services of some traces and the calls between them."""
    traces = [region.store.parsed(trace_id) for trace_id in dict.fromkeys(request["TraceIds"])]
    graph = service_graph(summarize(documents[0].trace_id, documents) for documents in traces if documents)
    return {"Services": rendering.services(graph)}


def get_service_graph(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the services of all traces in the range, of one group's if a group is named."""
    graph = region.store.graph(selection(region, request))
    services, token = paging.page(rendering.services(graph), request.get("NextToken"), PAGE)
    answer = {"StartTime": request["StartTime"], "EndTime": request["EndTime"], "ContainsOldGroupVersions": False}
    return answer | paging.answer("Services", services, token)


def selection(region: Region, request: dict[str, Any]) -> Selection:
    """Return the traces that overlap the range of a request, those of one group if it names a group."""
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise invalid("StartTime is after EndTime")
    text = None
    if request.get("GroupName") or request.get("GroupARN"):
        text = groups.get_group(region, request)["Group"].get("FilterExpression")
    trace_filter = TraceFilter(parse(text) if text else None, groups.expressions(region))
    return Selection(start, end, "overlap", trace_filter)
