"""GetTraceGraph and GetServiceGraph."""

from typing import Any

from xray_local.api import rendering
from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups
from xray_local.errors import invalid
from xray_local.state.region import Region
from xray_local.traces.service_graph import service_graph
from xray_local.traces.summaries import summarize
from xray_model.filter_expression import parse

TRACES_MAX = 1000  # a service graph is made of the newest traces of the range


def get_trace_graph(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the services of some traces and the calls between them."""
    traces = [region.store.parsed(trace_id) for trace_id in dict.fromkeys(request["TraceIds"])]
    starts = [document.start_time for documents in traces for document in documents]
    ends = [document.end_time or document.start_time for documents in traces for document in documents]
    graph = service_graph(summarize(documents[0].trace_id, documents) for documents in traces if documents)
    return {"Services": rendering.services(graph, min(starts, default=0.0), max(ends, default=0.0))}


def get_service_graph(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the services of the range, of one group's traces if a group is named."""
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise invalid("StartTime is after EndTime")
    text = None
    if request.get("GroupName") or request.get("GroupARN"):
        text = groups.get_group(region, request)["Group"].get("FilterExpression")
    trace_filter = TraceFilter(parse(text) if text else None)
    rows = region.store.summaries(start, end, by="overlap", before=None, limit=TRACES_MAX)
    graph = service_graph(row.summary for row in rows if trace_filter.matches(row.summary))
    services = rendering.services(graph, start, end)
    return {"StartTime": start, "EndTime": end, "Services": services, "ContainsOldGroupVersions": False}
