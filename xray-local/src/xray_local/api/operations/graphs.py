"""GetTraceGraph and GetServiceGraph."""

from typing import Any

from xray_local.api.operations import groups
from xray_local.errors import invalid
from xray_local.state.region import Service
from xray_local.traces.service_graph import service_graph
from xray_model.filter_expression import matches, parse

TRACES = 1000  # the newest traces of the range that a service graph is made of


def get_trace_graph(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give the services of some traces and how they call each other."""
    traces = [service.store.parsed(trace_id) for trace_id in dict.fromkeys(request["TraceIds"])]
    starts = [document.start_time for documents in traces for document in documents]
    ends = [document.end_time or document.start_time for documents in traces for document in documents]
    return {"Services": service_graph(traces, min(starts, default=0.0), max(ends, default=0.0))}


def get_service_graph(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give the services of the range, of one group's traces if a group is named."""
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise invalid("StartTime is after EndTime")
    rows = service.store.summaries(start, end, by="overlap", before=None, most=TRACES)
    if request.get("GroupName") or request.get("GroupARN"):
        text = groups.get_group(service, request)["Group"].get("FilterExpression")
        expression = parse(text) if text else None
        rows = [row for row in rows if expression is None or matches(expression, row.summary)]
    services = service_graph((service.store.parsed(row.summary["Id"]) for row in rows), start, end)
    return {"StartTime": start, "EndTime": end, "Services": services, "ContainsOldGroupVersions": False}
