"""One trace as the page shows it: a window of the waterfall's rows with bars, ticks and opened details.

`web` calls it. Pure, like `views`; a window keeps a trace of ten thousand rows a small page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xray_local.page import formats
from xray_local.page.row_details import Details, Event, details, event_times, failures, shown
from xray_local.page.trace_list import Bar, link, split_url, status_class
from xray_local.traces.waterfall import Row, Waterfall

ROWS_PER_PAGE = 200
TICKS = 4
"""The time axis is divided into this many parts."""

DEEPEST_INDENT = 16
"""Rows nested deeper are indented as if they were at this depth, and say their depth."""

TROUBLES_SHOWN = 5
"""So many exceptions are listed above the waterfall; all of them are in it."""

MARKS = ("fault", "throttle", "error")


@dataclass(frozen=True, slots=True)
class Point:
    """An event on the bar: where, in percent, and whether it is an exception."""

    left: float
    failure: bool


@dataclass(frozen=True, slots=True)
class EventLine:
    """A span's event and how long after the start of the axis it happened ("" when it has no time)."""

    event: Event
    offset_text: str


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of the waterfall as text and positions; `number` is its place among all rows, from 1."""

    number: int
    row: Row
    indent: int
    who: str
    bar: Bar
    points: tuple[Point, ...]
    offset_text: str
    duration_text: str
    status: int | None
    status_class: str
    marks: tuple[str, ...]
    details: Details
    events: tuple[EventLine, ...]
    start_iso: str
    part_query: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of the time axis: where, in percent, and how the text is anchored there."""

    left: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """An exception above the waterfall, with a link to its row."""

    href: str
    name: str
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Head:
    """What the whole trace is about: the first row that tells a request, else the first row."""

    method: str
    host: str
    path: str
    status: int | None
    status_class: str
    marks: tuple[str, ...]
    start_iso: str
    duration_text: str


@dataclass(frozen=True, slots=True)
class TracePage:
    """A window of rows; `first` and `last` number them from 1, `previous` and `next` are links or None."""

    lines: tuple[RowLine, ...]
    ticks: tuple[Tick, ...]
    first: int
    last: int
    total: int
    xray_text: str
    otel_text: str
    together: str
    previous: str | None
    next: str | None
    troubles: tuple[Trouble, ...]


def trace_page(tree: Waterfall, here: str, part: str = "", offset: int = 0) -> TracePage:
    """At most ROWS_PER_PAGE rows from `offset` (0-based, brought into range) on; `here` is the trace's address."""
    total = len(tree.rows)
    offset = max(0, min(offset, total - 1)) if total else 0
    end = min(total, offset + ROWS_PER_PAGE)
    recorders = {row.recorder for row in tree.rows}
    return TracePage(
        lines=tuple(_line(number, tree.rows[number - 1], tree) for number in range(offset + 1, end + 1)),
        ticks=_ticks(tree),
        first=offset + 1 if total else 0,
        last=end,
        total=total,
        xray_text=_xray_text(tree),
        otel_text=_otel_text(tree),
        together="two recorders, one trace id" if len(recorders) > 1 else "one recorder in this trace",
        previous=link(here, part=part, offset=max(0, offset - ROWS_PER_PAGE)) if offset else None,
        next=link(here, part=part, offset=end) if end < total else None,
        troubles=_troubles(tree, here, part),
    )


def trace_head(tree: Waterfall) -> Head:
    """The title of a trace that has at least one row."""
    told = next((row for row in tree.rows if _request(row.body)), tree.rows[0])
    request = _request(told.body)
    host, path = split_url(formats.value(request.get("url", "")))
    status = http_status(told.body)
    found = {mark for row in tree.rows for mark in row_marks(row.body)}
    return Head(
        method=formats.shortened(formats.value(request.get("method", "")), 20),
        host=formats.shortened(host, 80),
        path=formats.shortened(path or told.name or "(no name)"),
        status=status,
        status_class=status_class(status),
        marks=tuple(mark for mark in MARKS if mark in found),
        start_iso=formats.iso(tree.start),
        duration_text=formats.duration(tree.duration),
    )


def row_json(number: int, row: Row) -> dict[str, Any]:
    """A row for the trace's JSON: `body` is the document without what became rows of its own."""
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
        "status": http_status(row.body),
        "marks": list(row_marks(row.body)),
        "notes": list(row.notes),
        "body": shown(row.body),
    }


def http_status(body: Mapping[str, Any]) -> int | None:
    """The response's HTTP status, None when the document has none."""
    http = body.get("http")
    response = http.get("response") if isinstance(http, Mapping) else None
    status = response.get("status") if isinstance(response, Mapping) else None
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def row_marks(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of X-Ray's three troubles the document is marked with, the gravest first."""
    return tuple(mark for mark in MARKS if body.get(mark) is True)


def _request(body: Mapping[str, Any]) -> Mapping[str, Any]:
    http = body.get("http")
    request = http.get("request") if isinstance(http, Mapping) else None
    return request if isinstance(request, Mapping) else {}


def _xray_text(tree: Waterfall) -> str:
    """How many of each kind, "" when the X-Ray SDK recorded nothing."""
    made = [row.kind for row in tree.rows if row.recorder == "xray"]
    segments = made.count("segment")
    counted = ((segments, "segment"), (len(made) - segments, "subsegment"))
    return ", ".join(formats.count(number, noun) for number, noun in counted if number)


def _otel_text(tree: Waterfall) -> str:
    spans = sum(row.recorder == "otel" for row in tree.rows)
    return formats.count(spans, "span") if spans else ""


def _troubles(tree: Waterfall, here: str, part: str) -> tuple[Trouble, ...]:
    found: list[Trouble] = []
    for index, row in enumerate(tree.rows):
        told = failures(row.body)
        if told:
            window = index // ROWS_PER_PAGE * ROWS_PER_PAGE
            href = f"{link(here, part=part, offset=window)}#row-{index + 1}"
            found.append(Trouble(href, row.name or "(no name)", told[0].type, formats.shortened(told[0].message)))
        if len(found) == TROUBLES_SHOWN:
            break
    return tuple(found)


def _line(number: int, row: Row, tree: Waterfall) -> RowLine:
    status = http_status(row.body)
    told = details(row.body)
    return RowLine(
        number=number,
        row=row,
        indent=min(row.depth, DEEPEST_INDENT),
        who="OpenTelemetry" if row.recorder == "otel" else "X-Ray SDK",
        bar=_bar(row, tree),
        points=tuple(Point(_position(at, tree), failure) for at, failure in event_times(row.body)),
        offset_text=_offset_text(row.start, tree),
        duration_text=formats.duration(row.duration),
        status=status,
        status_class=status_class(status),
        marks=row_marks(row.body),
        details=told,
        events=tuple(EventLine(event, _offset_text(event.at, tree)) for event in told.events),
        start_iso=formats.iso(row.start),
        part_query=link("", part=row.id) if row.children else "",
    )


def _offset_text(at: float | None, tree: Waterfall) -> str:
    return "" if at is None else formats.duration(max(0.0, at - tree.start))


def _bar(row: Row, tree: Waterfall) -> Bar:
    """What is in progress reaches to the end of the axis; nothing is narrower than can be seen."""
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
    return tuple(
        Tick(100 * n / TICKS, formats.duration(tree.duration * n / TICKS), anchor) for n, anchor in enumerate(anchors)
    )
