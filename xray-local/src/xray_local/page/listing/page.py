"""The page of the list of traces."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from xray_local.api import rendering
from xray_local.api.operations import paging
from xray_local.api.operations.traces import trace_position
from xray_local.page.frame import formats
from xray_local.page.frame.exchange import Answer, Data, Page, PageRequest, Redirect
from xray_local.page.listing import charts, field, lines
from xray_local.page.listing.query import GROUPINGS, ORDERS, RANGES, Query
from xray_local.page.listing.selected import OVERVIEW_SECONDS, Selected, list_query, selected
from xray_local.page.queries import all_items
from xray_local.state.region import Region
from xray_local.state.store import Group, Overview, Position, Selection, TraceRow
from xray_model.filter_expression import to_text

PAGE = 100  # traces
SEARCHED_PAGES = 10
"""So often a search goes on for what fills a page; after that the page has a link to continue."""

GROUPS_MAX = 6  # chips
PARTS = ("results",)


@dataclass(frozen=True, slots=True)
class _Found:
    selection: Selection
    overview: Overview
    rows: list[TraceRow]
    next: Position | None


async def show(request: PageRequest) -> Answer:
    """Show the traces that match; an id leads to its trace, and a mistake in an expression is a 400 with its column."""
    request = replace(request, path="/")  # also of the links in JSON
    traces = selected(request)
    query, reading = traces.query, traces.reading
    context = _context(request, query, reading)
    if trace_id := _trace_id(request.region, reading):
        return Redirect(formats.trace_href(trace_id))
    if reading.mistake:
        return _page(query, context | {"found": None}, _mistake_json(reading.mistake, query), status=400)
    found = await _find(request, traces)
    groups = _groups(request.region, query, found)
    expression = query.expression(reading)
    href = request.href
    next_href = href(next=paging.encode(found.next)) if found.next else None
    heat = charts.heat_map(found.overview, href)
    scale = lines.Scale(heat.shortest, heat.longest) if heat else lines.Scale(0, 0)
    summaries = [rendering.trace_summary(row.summary) for row in found.rows]
    context |= {
        "found": found,
        "heat": heat,
        "lines": lines.trace_lines(summaries, now=request.now, scale=scale),
        "chips": charts.chips(found.overview, reading.expression, href),
        "groups": charts.group_lines(groups, query.by, reading.expression, href),
        "saved": _saved_groups(request.region),
        "list_query": formats.link("", **list_query(request)),
        "next": next_href,
        "command": _example_command(request),
        "save_as": formats.link("/groups/new", q=to_text(expression) if expression else ""),
        "newest": request.region.store.newest(),
    }

    def data() -> Mapping[str, Any]:
        return {
            "filter": reading.text,
            "range": query.range,
            "traces": summaries,
            "next": next_href,
            "overview": charts.overview_json(found.overview, groups),
        }

    return _page(query, context, data)


def _mistake_json(mistake: field.Mistake, query: Query) -> Mapping[str, Any]:
    return {"message": mistake.message, "column": mistake.column, "filter": query.typed}


def _page(query: Query, context: Mapping[str, Any], data: Data, status: int = 200) -> Page:
    return Page(
        title="Traces",
        section="/",
        template="list/list.html",
        context=context,
        data=data,
        status=status,
        parts=PARTS,
        refresh=query.live,
    )


def _context(request: PageRequest, query: Query, reading: field.Reading) -> dict[str, Any]:
    limits = (query.start, query.end, query.shortest, query.longest)
    return {
        "query": query,
        "reading": reading,
        "ranges": RANGES,
        "orders": ORDERS,
        "groupings": {by: (label, request.href(by=by)) for by, label in GROUPINGS.items()},
        "kept": {name: request.query[name] for name in ("from", "to", "took", "by", "live") if request.query.get(name)},
        "without_limits": ""
        if limits == (None,) * 4
        else request.href(**{"from": "", "to": "", "took": "", "next": ""}),
        "live_href": request.href(live="" if query.live else 5, next=""),
        "first_href": request.href(next=""),
        "examples": lines.field_examples(),
        "command": "",
    }


def _trace_id(region: Region, reading: field.Reading) -> str:
    """Return the id of the stored trace that the field names, if it names one."""
    if reading.trace_id:
        return reading.trace_id if region.store.trace(reading.trace_id) else ""
    found = region.store.ids_ending(reading.short_id) if reading.short_id else []
    return found[0] if len(found) == 1 else ""


async def _find(request: PageRequest, traces: Selected) -> _Found:
    region, query, selection = request.region, traces.query, traces.selection
    position = trace_position(query.token) if query.token else None
    rows: list[TraceRow] = []
    for _ in range(SEARCHED_PAGES):
        page = region.store.find(selection, order=query.order, before=position, limit=PAGE - len(rows))
        rows, position = rows + page.rows, page.next
        if position is None or len(rows) == PAGE:
            break
        await asyncio.sleep(0)
    overview = region.store.overview(selection, step=traces.step, seconds=OVERVIEW_SECONDS)
    return _Found(selection, overview, rows, position)


def _groups(region: Region, query: Query, found: _Found) -> tuple[Group, ...]:
    if query.by == "route":
        return found.overview.routes
    if query.by == "service":
        return found.overview.services
    annotation = None if query.by == "status" else query.by.removeprefix("annotation.")
    return region.store.grouped(found.selection, annotation, seconds=OVERVIEW_SECONDS)


def _saved_groups(region: Region) -> list[tuple[str, str]]:
    """Return the names and addresses of some groups."""
    groups = [group for group in all_items("GetGroups", region, "Groups") if group.get("FilterExpression")]
    return [(group["GroupName"], formats.filter_href(group["FilterExpression"])) for group in groups[:GROUPS_MAX]]


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
