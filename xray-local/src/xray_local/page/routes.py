"""The page's routes: traces, one trace, groups, rules and problems, each as HTML and at the same address as JSON.

The page has no scripts, and its policy forbids them.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aiohttp import web

from xray_local.api.operations.traces import stored_traces
from xray_local.errors import ApiError
from xray_local.listener import REGION_KEY
from xray_local.page import formats, sampling_page, trace_list, trace_page
from xray_local.page.groups_page import group_json, group_line
from xray_local.page.queries import RANGES, TraceQuery, all_items, count_matches, first_matches
from xray_local.traces.waterfall import waterfall
from xray_model.filter_expression import FilterError, parse
from xray_model.trace_id import to_w3c, to_xray

if TYPE_CHECKING:
    import jinja2

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept",
}

STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}

Handler = Callable[[web.Request], Awaitable[web.Response]]


@cache
def _templates() -> "jinja2.Environment":
    """Return the templates; jinja2 is imported for the first page, since many a process never shows one."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("xray_local.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= formats.FILTERS
    return environment


def add_routes(app: web.Application) -> None:
    """Add the page's addresses, each with and without `.json`, and its static files."""
    app.add_routes(
        [
            web.get("/", _page(list_traces)),
            web.get("/traces{json:(\\.json)?}", _page(list_traces)),
            web.get("/traces/{trace_id:[^/]+?}{json:(\\.json)?}", _page(show_trace)),
            web.get("/groups{json:(\\.json)?}", _page(list_groups)),
            web.get("/rules{json:(\\.json)?}", _page(list_rules)),
            web.get("/refused{json:(\\.json)?}", _page(list_problems)),
            web.get("/static/{name}", static_file),
        ]
    )


def _page(show: Handler) -> Handler:
    """Return a handler that shows what an operation refuses as a page."""

    async def shown(request: web.Request) -> web.Response:
        try:
            return await show(request)
        except ApiError as error:
            return _message(request, "Bad request", f"{error.message}.", error.status)

    return shown


async def list_traces(request: web.Request) -> web.Response:
    """Show the newest traces that match; an expression that is not valid is a 400 with its column."""
    region = request.app[REGION_KEY]
    query = _query(request)
    now = region.clock()
    context: dict[str, Any] = {"title": "Traces", "section": "/", "query": query, "ranges": RANGES}
    context["examples"] = trace_list.filter_examples()
    try:
        if query.filter:
            parse(query.filter)
    except FilterError as error:
        line, caret = formats.caret(query.filter, error.column)
        context["error"] = {"message": str(error), "line": line, "caret": caret}
        data = {"message": str(error), "column": error.column, "filter": query.filter}
        return _respond(request, "traces.html", context, data, status=400)
    summaries, token = await first_matches(region, query.request(now))
    older = query.href(token) if token else None
    lines = trace_list.trace_lines(summaries, now=now)
    context |= {"error": None, "lines": lines, "older": older, "command": _example_command(request, now)}
    data = {"filter": query.filter, "range": query.range, "traces": summaries, "next": older}
    return _respond(request, "traces.html", context, data)


async def show_trace(request: web.Request) -> web.Response:
    """Show one trace, or with `part` one of its rows and everything below it; rows in windows from `offset` on."""
    region = request.app[REGION_KEY]
    trace_id = _xray_id(request.match_info["trace_id"])
    found = stored_traces(region, {"TraceIds": [trace_id]})["Traces"] if trace_id else []
    if not found:
        return _missing(request, f"Trace {request.match_info['trace_id']} is not stored.")
    tree = waterfall(_body(segment) for trace in found for segment in trace["Segments"])
    head = trace_page.trace_head(tree)
    part = request.query.get("part", "")
    if part:
        below = tree.below(part)
        if below is None:
            return _missing(request, f"Trace {trace_id} has no row {part}.")
        tree = below
    href = formats.trace_href(trace_id)
    page = trace_page.trace_page(tree, href, part, _offset(request))
    ids = {"trace_id": trace_id, "w3c_trace_id": to_w3c(trace_id)}
    limit_exceeded = any(trace.get("LimitExceeded") for trace in found)
    data = ids | {
        "start": tree.start,
        "duration": tree.duration,
        "limit_exceeded": limit_exceeded,
        "total": page.total,
        "next": page.next,
        "rows": [trace_page.row_json(line.number, line.row) for line in page.lines],
    }
    context = ids | {"title": head.path, "section": "/", "href": href, "part": part, "head": head, "page": page}
    return _respond(request, "trace.html", context | {"limit_exceeded": limit_exceeded}, data)


async def list_groups(request: web.Request) -> web.Response:
    """Show every group with its expression and the number of stored traces that match it."""
    region = request.app[REGION_KEY]
    groups = list(all_items("GetGroups", region, "Groups"))
    counted = [(group, await count_matches(region, group.get("FilterExpression"))) for group in groups]
    lines = [group_line(*group) for group in counted]
    data = {"groups": [group_json(*group) for group in counted]}
    return _respond(request, "groups.html", {"title": "Groups", "section": "/groups", "lines": lines}, data)


async def list_rules(request: web.Request) -> web.Response:
    """Show every sampling rule in the order of evaluation with the counts that its clients reported."""
    region = request.app[REGION_KEY]
    records = list(all_items("GetSamplingRules", region, "SamplingRuleRecords"))
    statistics = all_items("GetSamplingStatisticSummaries", region, "SamplingStatisticSummaries")
    fields = {field: request.query.get(field, "").strip() for field in sampling_page.REQUEST_FIELDS}
    verdicts = sampling_page.verdicts(records, fields)
    lines = sampling_page.rule_lines(records, statistics, verdicts)
    context: dict[str, Any] = {"title": "Sampling rules", "section": "/rules", "lines": lines, "fields": fields}
    context["decided"] = bool(verdicts)
    return _respond(request, "rules.html", context, {"rules": [asdict(line) for line in lines]})


async def list_problems(request: web.Request) -> web.Response:
    """Show what AWS would refuse, drop or not expect in what was sent here, the last one first."""
    problems = [asdict(problem) for problem in request.app[REGION_KEY].problems.newest()]
    context = {"title": "Refused or odd", "section": "/refused", "problems": problems}
    return _respond(request, "refused.html", context, {"problems": problems})


async def static_file(request: web.Request) -> web.Response:
    """Return one of the files in STATIC."""
    name = request.match_info["name"]
    if name not in STATIC:
        return _missing(request, f"There is no file {name}.")
    content = (files("xray_local.page") / "static" / name).read_bytes()
    return web.Response(body=content, content_type=STATIC[name], headers=HEADERS)


def _respond(
    request: web.Request, template: str, context: Mapping[str, Any], data: Mapping[str, Any], status: int = 200
) -> web.Response:
    """Return the content as HTML, or as JSON if the address or the Accept header requests it."""
    if _wants_json(request):
        return web.json_response(data, status=status, headers=HEADERS)
    shared = {"health": request.app[REGION_KEY].health(), "json_href": _json_href(request)}
    text = _templates().get_template(template).render(shared | dict(context))
    body = text.encode("utf-8", "replace")  # a name from JSON may have an unpaired surrogate, which UTF-8 cannot hold
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)


def _message(request: web.Request, title: str, message: str, status: int) -> web.Response:
    context = {"title": title, "section": "", "message": message}
    return _respond(request, "message.html", context, {"message": message}, status=status)


def _missing(request: web.Request, message: str) -> web.Response:
    return _message(request, "Not found", message, 404)


def _wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return bool(request.match_info.get("json")) or ("application/json" in accept and "text/html" not in accept)


def _json_href(request: web.Request) -> str:
    path = "/traces" if request.path == "/" else request.path
    return f"{path}.json?{request.query_string}" if request.query_string else f"{path}.json"


def _body(segment: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Segment shape's document; the standard library's parser may refuse one that the store accepted."""
    try:
        body = json.loads(segment["Document"])
    except RecursionError:
        return {"id": segment["Id"], "name": "nested too deeply to be shown"}
    return body if isinstance(body, dict) else {}


def _query(request: web.Request) -> TraceQuery:
    range_ = request.query.get("range", "all")
    return TraceQuery(
        filter=request.query.get("filter", "").strip(),
        range=range_ if range_ in RANGES else "all",
        token=request.query.get("next", ""),
    )


def _xray_id(text: str) -> str:
    """Return a trace id of either form in X-Ray's form; empty if it is neither."""
    try:
        return str(to_xray(to_w3c(text) if "-" in text else text))
    except ValueError:
        return ""


def _offset(request: web.Request) -> int:
    text = request.query.get("offset", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _example_command(request: web.Request, now: float) -> str:
    """Return a command that stores one trace, to be copied from the page."""
    segment = {
        "trace_id": f"1-{int(now):08x}-{'0' * 23}1",
        "id": "53995c3f42cd8ad8",
        "name": "hello",
        "start_time": round(now - 0.25, 3),
        "end_time": round(now, 3),
    }
    body = json.dumps({"TraceSegmentDocuments": [json.dumps(segment)]})
    return f"curl -H 'Content-Type: application/json' {request.scheme}://{request.host}/TraceSegments -d '{body}'"
