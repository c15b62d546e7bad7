"""One trace as the page shows it: a window of the waterfall's rows with bars, ticks and details. Pure.

A window keeps a trace of ten thousand rows a small page.
"""

from dataclasses import dataclass
from typing import Any

from xray_local.page import formats
from xray_local.page.row_details import Details, details, event_times, failures, json_body
from xray_local.traces.flags import Flag
from xray_local.traces.waterfall import Row, Waterfall

ROWS_PER_PAGE = 200
TICKS = 4
"""The time axis is divided into this many parts."""

INDENT_MAX = 16
"""Rows nested deeper are indented as if they were at this depth, and show their depth as a number."""

EXCEPTIONS_MAX = 5
"""How many exceptions are listed above the waterfall; all of them are in it."""

RECORDERS = {"otel": "OpenTelemetry", "xray": "X-Ray SDK"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the time axis: where it starts and how wide it is, in percent."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Point:
    """An event on the bar: where, in percent, and whether it is an exception."""

    left: float
    failure: bool


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of the waterfall; `number` is its place among all rows, from 1, `offset` its start on the time axis."""

    number: int
    row: Row
    indent: int
    recorder: str
    bar: Bar
    points: tuple[Point, ...]
    offset: float
    status: int | None
    marks: tuple[Flag, ...]
    details: Details
    part_query: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of the time axis: where, in percent, its seconds, and how the text is anchored there."""

    left: float
    seconds: float
    anchor: str


@dataclass(frozen=True, slots=True)
class ExceptionLink:
    """An exception above the waterfall, with a link to its row."""

    href: str
    name: str
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Head:
    """The title of a trace: its first row with a request, or else its first row."""

    method: str
    host: str
    path: str
    status: int | None
    marks: tuple[Flag, ...]
    start: float
    duration: float


@dataclass(frozen=True, slots=True)
class TracePage:
    """A window of rows; `first` and `last` number them from 1, `previous` and `next` are links or None.

    `segments`, `subsegments` and `spans` count all rows of the trace.
    """

    lines: tuple[RowLine, ...]
    ticks: tuple[Tick, ...]
    start: float
    first: int
    last: int
    total: int
    segments: int
    subsegments: int
    spans: int
    previous: str | None
    next: str | None
    exceptions: tuple[ExceptionLink, ...]


def trace_page(tree: Waterfall, href: str, part: str = "", offset: int = 0) -> TracePage:
    """Return at most ROWS_PER_PAGE rows from `offset` on (0-based, clamped); `href` is the trace's address."""
    total = len(tree.rows)
    offset = max(0, min(offset, total - 1)) if total else 0
    end = min(total, offset + ROWS_PER_PAGE)
    spans = sum(row.recorder == "otel" for row in tree.rows)
    segments = sum(row.kind == "segment" and row.recorder == "xray" for row in tree.rows)
    return TracePage(
        lines=tuple(_line(number, tree.rows[number - 1], tree) for number in range(offset + 1, end + 1)),
        ticks=_ticks(tree),
        start=tree.start,
        first=offset + 1 if total else 0,
        last=end,
        total=total,
        segments=segments,
        subsegments=total - spans - segments,
        spans=spans,
        previous=formats.link(href, part=part, offset=max(0, offset - ROWS_PER_PAGE)) if offset else None,
        next=formats.link(href, part=part, offset=end) if end < total else None,
        exceptions=_exceptions(tree, href, part),
    )


def trace_head(tree: Waterfall) -> Head:
    """Return the title of a trace that has at least one row."""
    titled = next((row for row in tree.rows if row.body.object("http", "request")), tree.rows[0])
    http = titled.body.http
    host, path = formats.split_url(http.url or "")
    flags = {flag for row in tree.rows for flag in row.body.flags}
    return Head(
        method=formats.shortened(http.method or "", 20),
        host=formats.shortened(host, 80),
        path=formats.shortened(path or titled.name or "(no name)"),
        status=http.status,
        marks=tuple(flag for flag in Flag if flag in flags),
        start=tree.start,
        duration=tree.duration,
    )


def row_json(number: int, row: Row) -> dict[str, Any]:
    """Return a row for the trace's JSON; `body` is the document without its subsegments, which are rows."""
    return {
        "number": number,
        "id": row.id,
        "parent_id": row.parent_id,
        "depth": row.depth,
        "name": row.name,
        "recorder": row.recorder,
        "kind": row.kind,
        "start": row.start,
        "duration": row.duration,
        "status": row.body.http.status,
        "marks": list(row.body.flags),
        "notes": list(row.notes),
        "body": json_body(row.body),
    }


def _exceptions(tree: Waterfall, href: str, part: str) -> tuple[ExceptionLink, ...]:
    links: list[ExceptionLink] = []
    for index, row in enumerate(tree.rows):
        found = failures(row.body)
        if found:
            window = index // ROWS_PER_PAGE * ROWS_PER_PAGE
            target = f"{formats.link(href, part=part, offset=window)}#row-{index + 1}"
            message = formats.shortened(found[0].message)
            links.append(ExceptionLink(target, row.name or "(no name)", found[0].type, message))
        if len(links) == EXCEPTIONS_MAX:
            break
    return tuple(links)


def _line(number: int, row: Row, tree: Waterfall) -> RowLine:
    return RowLine(
        number=number,
        row=row,
        indent=min(row.depth, INDENT_MAX),
        recorder=RECORDERS[row.recorder],
        bar=_bar(row, tree),
        points=tuple(Point(_position(at, tree), failure) for at, failure in event_times(row.body)),
        offset=max(0.0, row.start - tree.start),
        status=row.body.http.status,
        marks=row.body.flags,
        details=details(row.body),
        part_query=formats.link("", part=row.id) if row.children else "",
    )


def _bar(row: Row, tree: Waterfall) -> Bar:
    """Return a visible bar; one that is in progress reaches to the end of the axis."""
    left = _position(row.start, tree)
    right = 100.0 if row.end is None else _position(row.end, tree)
    width = max(0.4, right - left)
    return Bar(round(min(left, 100 - width), 3), round(width, 3))


def _position(at: float, tree: Waterfall) -> float:
    if tree.duration <= 0:
        return 0.0
    return round(max(0.0, min(100.0, (at - tree.start) / tree.duration * 100)), 3)


def _ticks(tree: Waterfall) -> tuple[Tick, ...]:
    anchors = ["start", *["middle"] * (TICKS - 1), "end"]
    return tuple(Tick(100 * n / TICKS, tree.duration * n / TICKS, anchor) for n, anchor in enumerate(anchors))
