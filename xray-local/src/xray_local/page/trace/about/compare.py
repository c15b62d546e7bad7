"""The page that compares two traces, and the one that offers traces to compare one with."""

from dataclasses import asdict
from typing import Any

from xray_local.api.operations import OPERATIONS
from xray_local.page.frame import formats
from xray_local.page.frame.exchange import Answer, Page, PageRequest, Redirect, missing
from xray_local.page.trace import header
from xray_local.page.trace.about import comparison, others
from xray_local.page.trace.sources import SOURCES, StoredTrace, xray_id
from xray_model.filter_expression import to_text

OFFERED = 20
ROWS_MAX = 1_000
"""Rows that the page shows; its JSON has all of them."""


async def choose(request: PageRequest) -> Answer:
    """Offer the newest traces of the same request, and a field for the id of any other one."""
    given = request.match["trace_id"]
    stored = SOURCES.find(request.region, given)
    if stored is None:
        return missing(f"Trace {given} is not stored.")
    path = f"{formats.trace_href(stored.id)}/compare"
    if wanted := request.query.get("with", "").strip():
        known = xray_id(wanted)
        return Redirect(f"{path}/{known}") if known else missing(f"{wanted!r} is not a trace id.")
    head = header.head(stored.analysed)
    offered = _offered(request, stored, head)
    context = {"stored": stored, "head": head, "path": path, "offered": offered}
    data = {"trace_id": stored.id, "traces": offered}
    return Page(title="Compare", section="/", template="trace/choose.html", context=context, data=data)


def _offered(request: PageRequest, stored: StoredTrace, head: header.Head) -> list[dict[str, Any]]:
    """Return the summaries of the newest traces of the same request, without the trace itself."""
    expression = others.same_request(head)
    query: dict[str, Any] = {"StartTime": 0.0, "EndTime": request.now + 86_400}
    query |= {} if expression is None else {"FilterExpression": to_text(expression)}
    found: list[dict[str, Any]] = OPERATIONS["GetTraceSummaries"](request.region, query)["TraceSummaries"]
    return [summary for summary in found if summary["Id"] != stored.id][:OFFERED]


async def show(request: PageRequest) -> Answer:
    """Show the rows of two traces side by side, and where one of them took longer."""
    found = [SOURCES.find(request.region, request.match[name]) for name in ("trace_id", "other")]
    for stored, name in zip(found, ("trace_id", "other"), strict=True):
        if stored is None:
            return missing(f"Trace {request.match[name]} is not stored.")
    first, second = (stored for stored in found if stored is not None)
    rows = comparison.compared(first.analysed, second.analysed)
    heads = [header.head(stored.analysed) for stored in (first, second)]
    context = {
        "first": first,
        "second": second,
        "heads": heads,
        "rows": rows[:ROWS_MAX],
        "total": len(rows),
        "largest": comparison.largest(rows),
    }
    data = {
        "traces": [first.id, second.id],
        "durations": [head.duration for head in heads],
        "rows": [asdict(row) | {"change": row.change} for row in rows],
    }
    return Page(title="Compare", section="/", template="trace/compare.html", context=context, data=data)
