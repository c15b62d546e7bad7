"""One trace as the page shows it: a window of the waterfall's rows with bars, ticks and details. Pure.

A window keeps a trace of ten thousand rows a small page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_local.page.frame import formats
from xray_local.page.trace.row_details import Details, details, event_times, failures, json_body
from xray_local.traces.body import Wire
from xray_local.traces.flags import Flag
from xray_local.traces.waterfall import Row, Waterfall

ROWS_PER_PAGE = 200
TICKS = 4
"""The time axis is divided into this many parts."""

INDENT_MAX = 16
"""Rows nested deeper are indented as if they were at this depth, and show their depth as a number."""

EXCEPTIONS_MAX = 5
"""How many exceptions are listed above the waterfall; all of them are in it."""

WIRES: Mapping[tuple[Wire, ...], str] = {
    ("segments", "otlp"): "X-Ray and OpenTelemetry",
    ("segments",): "X-Ray only",
    ("otlp",): "OpenTelemetry only",
}
"""How a row arrived, in words: as a segment document, as a span, or as both."""

MARKS: Mapping[tuple[Wire, ...], str] = {("segments", "otlp"): "both", ("segments",): "xray", ("otlp",): "otel"}
"""The CSS classes of the same, which have a shape and a colour."""


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
    wires: str
    wires_class: str
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
class WireCount:
    """How many rows of the trace arrived in one way; `spans` counts those without a segment document."""

    label: str
    wires_class: str
    segments: int
    subsegments: int
    spans: int

    @property
    def rows(self) -> int:
        """The number of all of them."""
        return self.segments + self.subsegments + self.spans


@dataclass(frozen=True, slots=True)
class TracePage:
    """A window of rows; `first` and `last` number them from 1, `previous` and `next` are links or None."""

    lines: tuple[RowLine, ...]
    ticks: tuple[Tick, ...]
    start: float
    first: int
    last: int
    total: int
    counts: tuple[WireCount, ...]
    wires: int
    previous: str | None
    next: str | None
    exceptions: tuple[ExceptionLink, ...]


def trace_page(tree: Waterfall, href: str, part: str = "", offset: int = 0) -> TracePage:
    """Return at most ROWS_PER_PAGE rows from `offset` on (0-based, clamped); `href` is the trace's address."""
    total = len(tree.rows)
    offset = max(0, min(offset, total - 1)) if total else 0
    end = min(total, offset + ROWS_PER_PAGE)
    return TracePage(
        lines=tuple(_line(number, tree.rows[number - 1], tree) for number in range(offset + 1, end + 1)),
        ticks=_ticks(tree),
        start=tree.start,
        first=offset + 1 if total else 0,
        last=end,
        total=total,
        counts=wire_counts(tree.rows),
        wires=len({wire for row in tree.rows for wire in row.wires}),
        previous=formats.link(href, part=part, offset=max(0, offset - ROWS_PER_PAGE)) if offset else None,
        next=formats.link(href, part=part, offset=end) if end < total else None,
        exceptions=_exceptions(tree, href, part),
    )


def wire_counts(rows: Sequence[Row]) -> tuple[WireCount, ...]:
    """Return how many rows arrived by each combination of wires that there is."""
    found = ((wires, [row for row in rows if row.wires == wires]) for wires in WIRES)
    return tuple(_wire_count(wires, arrived) for wires, arrived in found if arrived)


def _wire_count(wires: tuple[Wire, ...], rows: Sequence[Row]) -> WireCount:
    segments = sum(row.kind == "segment" for row in rows)
    spans = 0 if "segments" in wires else len(rows)
    return WireCount(WIRES[wires], MARKS[wires], segments, len(rows) - segments - spans, spans)


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
        "wires": list(row.wires),
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
        wires=WIRES[row.wires],
        wires_class=MARKS[row.wires],
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
