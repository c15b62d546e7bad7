"""StartTraceRetrieval, ListRetrievedTraces, GetRetrievedTracesGraph and CancelTraceRetrieval.

AWS reads the log group of Transaction Search; here they read what is stored, whatever the destination, and are complete
at once. A retrieval is a stored resource and times out after an hour.
"""

import json
from collections.abc import Iterator
from typing import Any

from xray_local.api import rendering
from xray_local.api.operations import paging, traces
from xray_local.api.operations.retrieval.spans import spans
from xray_local.errors import invalid, not_found
from xray_local.state.region import Region
from xray_local.traces.service_graph import service_graph
from xray_local.traces.summaries import summarize

KIND = "retrieval"
RETRIEVALS_MAX = 100  # that are stored; the oldest are forgotten
TIMEOUT_SECONDS = 3600
TRACES_PAGE = 5  # in one response, as in the model
SPANS_MAX = 100  # of one trace in a response; a larger one is listed again with the next ones
SERVICES_PAGE = 1000


def start_trace_retrieval(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the token of a new retrieval of these traces."""
    if request["StartTime"] > request["EndTime"]:
        raise invalid("StartTime is after EndTime")
    now = region.clock()
    stored = sorted(region.store.resources(KIND), key=lambda item: float(item[1]["started"]))
    for token, _ in stored[: max(0, len(stored) - RETRIEVALS_MAX + 1)]:
        region.store.delete_resource(KIND, token)
    token = f"{region.random.getrandbits(128):032x}"
    body = {"ids": list(dict.fromkeys(request["TraceIds"])), "started": now, "status": "COMPLETE"}
    body |= {"start": request["StartTime"], "end": request["EndTime"]}
    region.store.put_resource(KIND, token, body)
    return {"RetrievalToken": token}


def cancel_trace_retrieval(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Cancel a retrieval: nothing is listed for it from then on."""
    body = _retrieval(region, request)
    region.store.put_resource(KIND, request["RetrievalToken"], body | {"status": "CANCELLED"})
    return {}


def list_retrieved_traces(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the traces of a retrieval: segment documents as from BatchGetTraces, or OTEL spans."""
    body, form = _retrieval(region, request), request.get("TraceFormat") or "XRAY"
    parts: list[dict[str, Any]] = []
    for trace_id in _found(region, body):
        [trace] = traces.batch_get_traces(region, {"TraceIds": [trace_id]})["Traces"]
        found = trace["Segments"] if form == "XRAY" else _spans(region, trace_id)
        for start in range(0, len(found), SPANS_MAX):
            part = found[start : start + SPANS_MAX]
            parts.append({"Id": trace_id, "Duration": trace["Duration"], "Spans": part})
    items, token = paging.page(parts, request.get("NextToken"), TRACES_PAGE)
    return {"RetrievalStatus": body["status"], "TraceFormat": form} | paging.answer("Traces", items, token)


def get_retrieved_traces_graph(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the services of the traces of a retrieval, and the calls between them; links are not resolved."""
    body = _retrieval(region, request)
    graph = service_graph(summarize(trace_id, region.store.parsed(trace_id)) for trace_id in _found(region, body))
    services = [{"Service": service, "Links": []} for service in rendering.services(graph)]
    items, token = paging.page(services, request.get("NextToken"), SERVICES_PAGE)
    return {"RetrievalStatus": body["status"]} | paging.answer("Services", items, token)


def _retrieval(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    body = region.store.resource(KIND, request["RetrievalToken"])
    if body is None:
        raise not_found(f"Trace retrieval {request['RetrievalToken']} does not exist")
    is_old = region.clock() - body["started"] > TIMEOUT_SECONDS
    return body | {"status": "TIMEOUT"} if is_old and body["status"] == "COMPLETE" else body


def _found(region: Region, body: dict[str, Any]) -> Iterator[str]:
    """Yield the ids of the retrieval's traces that are stored and overlap its time range."""
    if body["status"] != "COMPLETE":
        return
    for trace_id in body["ids"]:
        for document in region.store.parsed(trace_id):
            if document.start_time <= body["end"] and (document.end_time or document.start_time) >= body["start"]:
                yield trace_id
                break


def _spans(region: Region, trace_id: str) -> list[dict[str, Any]]:
    bodies = (document.body for document in region.store.parsed(trace_id))
    return [{"Id": span["spanId"], "Document": json.dumps(span)} for span in spans(trace_id, bodies)]
