"""The page of the list of traces."""

import json
from typing import Any

from xray_local.page.frame import formats
from xray_local.page.frame.exchange import Page, PageRequest
from xray_local.page.listing import lines
from xray_local.page.queries import RANGES, TraceQuery, first_matches
from xray_model.filter_expression import FilterError, parse


async def show(request: PageRequest) -> Page:
    """Show the newest traces that match; an expression that is not valid is a 400 with its column."""
    query = _query(request)
    context: dict[str, Any] = {"query": query, "ranges": RANGES, "examples": lines.filter_examples()}
    try:
        if query.filter:
            parse(query.filter)
    except FilterError as error:
        line, caret = formats.caret(query.filter, error.column)
        context["error"] = {"message": str(error), "line": line, "caret": caret}
        data = {"message": str(error), "column": error.column, "filter": query.filter}
        return _page(context, data, status=400)
    summaries, token = await first_matches(request.region, query.request(request.now))
    older = query.href(token) if token else None
    found = lines.trace_lines(summaries, now=request.now)
    context |= {"error": None, "lines": found, "older": older, "command": _example_command(request)}
    return _page(context, {"filter": query.filter, "range": query.range, "traces": summaries, "next": older})


def _page(context: dict[str, Any], data: dict[str, Any], status: int = 200) -> Page:
    return Page(title="Traces", section="/", template="list/traces.html", context=context, data=data, status=status)


def _query(request: PageRequest) -> TraceQuery:
    range_ = request.query.get("range", "all")
    return TraceQuery(
        filter=request.query.get("filter", "").strip(),
        range=range_ if range_ in RANGES else "all",
        token=request.query.get("next", ""),
    )


def _example_command(request: PageRequest) -> str:
    """Return a command that stores one trace, to be copied from the page."""
    segment = {
        "trace_id": f"1-{int(request.now):08x}-{'0' * 23}1",
        "id": "53995c3f42cd8ad8",
        "name": "hello",
        "start_time": round(request.now - 0.25, 3),
        "end_time": round(request.now, 3),
    }
    body = json.dumps({"TraceSegmentDocuments": [json.dumps(segment)]})
    return f"curl -H 'Content-Type: application/json' {request.base}/TraceSegments -d '{body}'"
