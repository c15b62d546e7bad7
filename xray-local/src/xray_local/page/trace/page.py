"""The page of one trace."""

import json
from collections.abc import Mapping
from typing import Any

from xray_local.api.operations.traces import stored_traces
from xray_local.page.frame import formats
from xray_local.page.frame.exchange import Page, PageRequest, missing
from xray_local.page.trace import rows
from xray_local.traces.waterfall import waterfall
from xray_model.trace_id import to_w3c, to_xray


async def show(request: PageRequest) -> Page:
    """Show one trace, or with `part` one of its rows and everything below it; rows in windows from `offset` on."""
    given = request.match["trace_id"]
    trace_id = xray_id(given)
    found = stored_traces(request.region, {"TraceIds": [trace_id]})["Traces"] if trace_id else []
    if not found:
        return missing(f"Trace {given} is not stored.")
    tree = waterfall(_body(segment) for trace in found for segment in trace["Segments"])
    head = rows.trace_head(tree)
    part = request.query.get("part", "")
    if part:
        below = tree.below(part)
        if below is None:
            return missing(f"Trace {trace_id} has no row {part}.")
        tree = below
    href = formats.trace_href(trace_id)
    page = rows.trace_page(tree, href, part, request.number("offset"))
    shared = {
        "trace_id": trace_id,
        "w3c_trace_id": to_w3c(trace_id),
        "limit_exceeded": any(trace.get("LimitExceeded") for trace in found),
    }
    data = shared | {
        "start": tree.start,
        "duration": tree.duration,
        "total": page.total,
        "next": page.next,
        "rows": [rows.row_json(line.number, line.row) for line in page.lines],
    }
    context = shared | {"href": href, "part": part, "head": head, "page": page}
    return Page(title=head.path, section="/", template="trace/trace.html", context=context, data=data)


def xray_id(text: str) -> str:
    """Return a trace id of either form in X-Ray's form; empty if it is neither."""
    try:
        return str(to_xray(to_w3c(text) if "-" in text else text))
    except ValueError:
        return ""


def _body(segment: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Segment shape's document; the standard library's parser may refuse one that the store accepted."""
    try:
        body = json.loads(segment["Document"])
    except RecursionError:
        return {"id": segment["Id"], "name": "nested too deeply to be shown"}
    return body if isinstance(body, dict) else {}
