"""A window of a trace's rows, with bars on a common axis of time: ten thousand rows stay a small page. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.analysis.calls import Called
from xray_local.page.trace.row.details import event_times, json_body
from xray_local.page.trace.shown.view import Shown, View, key, place_of
from xray_local.traces.body import Wire
from xray_local.traces.waterfall import Row

ROWS_PER_PAGE = 200
TICKS = 4
"""The time axis is divided into this many parts."""

INDENT_MAX = 16
"""Rows nested deeper are indented as if they were at this depth, and show their depth as a number."""

POINTS_MAX = 20
"""Events of one row that are shown on its bar."""

GAP = 0.5
"""Pieces of the critical path that are closer, in percent of the axis, are drawn as one."""

TEXT_MAX = 100
"""Characters of what was called that a row shows; the pane shows all of them."""

WIRES: Mapping[tuple[Wire, ...], str] = {
    ("segments", "otlp"): "X-Ray and OpenTelemetry",
    ("segments",): "X-Ray only",
    ("otlp",): "OpenTelemetry only",
}
"""How a row arrived, in words: as a segment document, as a span, or as both."""

SHAPES: Mapping[tuple[Wire, ...], str] = {("segments", "otlp"): "both", ("segments",): "", ("otlp",): "round"}
"""The CSS classes of the same: a square, a circle, or half of each."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the time axis in percent, in the colour of a service; `kind` is "", or the class of a special bar."""

    left: float
    width: float
    service: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """An event on the bar: where, in percent, and whether it is an exception."""

    left: float
    failure: bool


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row as the list shows it: what was called, by whom, when, and how it went.

    `service` is the one at work, `share` the part of the trace that it took, `flag` the most severe one, `began` marks
    where a failure began, `found` what a search found.
    """

    key: str
    depth: int
    expanded: bool | None
    found: bool
    service: str
    shape: str
    wires: str
    called: Called
    bars: tuple[Bar, ...]
    critical: tuple[Bar, ...]
    points: tuple[Point, ...]
    took: float | None
    share: float
    status: int | None
    flag: str
    began: bool
    notes: tuple[str, ...]

    @property
    def indent(self) -> int:
        """The depth as far as it is drawn."""
        return min(self.depth, INDENT_MAX)


@dataclass(frozen=True, slots=True)
class Axis:
    """The time that is shown, in epoch seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start

    def at(self, time: float) -> float:
        """Return where a time is, in percent of the axis."""
        if self.duration <= 0:
            return 0.0
        return round(max(0.0, min(100.0, (time - self.start) / self.duration * 100)), 2)

    def bar(self, start: float, end: float, service: str = "", kind: str = "") -> Bar:
        """Return a bar that is wide enough to be seen."""
        left = self.at(start)
        width = max(0.3, self.at(end) - left)
        return Bar(round(min(left, 100 - width), 2), round(width, 2), service, kind)

    @property
    def ticks(self) -> tuple[tuple[float, float], ...]:
        """Where the labels are, in percent, and their seconds from the start of the axis."""
        return tuple((100 * number / TICKS, self.duration * number / TICKS) for number in range(TICKS + 1))


@dataclass(frozen=True, slots=True)
class Window:
    """Some of the rows of a view: `first` and `last` number them from 1, `total` counts all of them."""

    lines: tuple[RowLine, ...]
    first: int
    last: int
    total: int

    @property
    def previous(self) -> int | None:
        """The offset of the window before it."""
        return max(0, self.first - 1 - ROWS_PER_PAGE) if self.first > 1 else None

    @property
    def next(self) -> int | None:
        """The offset of the window after it."""
        return self.last if self.last < self.total else None


def axis(trace: AnalysedTrace, view: View) -> Axis:
    """Return the time axis of a view."""
    if view.zoom is None:
        return Axis(trace.tree.start, trace.tree.end)
    start, end = view.zoom
    return Axis(trace.tree.start + start, trace.tree.start + end)


def offset(trace: AnalysedTrace, view: View, rows: Sequence[Shown]) -> int:
    """Return where the window of a view begins: where it says, or else where the chosen row is."""
    if not rows:
        return 0
    if view.offset is not None:
        return min(view.offset, len(rows) - 1)
    chosen = place_of(trace, view.row) if view.row else None
    at = next((number for number, row in enumerate(rows) if chosen in {row.place, row.answer}), 0) if chosen else 0
    return at // ROWS_PER_PAGE * ROWS_PER_PAGE


def window(trace: AnalysedTrace, view: View, rows: Sequence[Shown]) -> Window:
    """Return the rows of a view's window."""
    first = offset(trace, view, rows)
    part = rows[first : first + ROWS_PER_PAGE]
    time = axis(trace, view)
    lines = tuple(_line(trace, row, time) for row in part)
    return Window(lines, first + 1 if lines else 0, first + len(lines), len(rows))


def _line(trace: AnalysedTrace, shown: Shown, time: Axis) -> RowLine:
    row = trace.rows[shown.place]
    both = [shown.place] if shown.answer is None else [shown.place, shown.answer]
    flag = next((str(trace.failed[place][0]) for place in both if place in trace.failed), "")
    status = next((found for place in both if (found := trace.rows[place].body.http.status) is not None), None)
    pieces = sorted(piece for place in both for piece in trace.critical.get(place, ()))
    arrived = {wire for place in both for wire in trace.rows[place].wires}
    wires = next(known for known in WIRES if set(known) == arrived)
    total = trace.tree.duration
    return RowLine(
        key=key(trace, shown.place),
        depth=shown.depth,
        expanded=shown.expanded,
        found=shown.found,
        service=trace.at_work[both[-1]],
        shape=SHAPES[wires],
        wires=WIRES[wires],
        called=_called(trace, shown),
        bars=tuple(_bars(trace, both, time)),
        critical=tuple(_joined(pieces, time)),
        points=_points(row, time),
        took=row.duration,
        share=row.duration / total if row.duration and total else 0.0,
        status=status,
        flag=flag,
        began=not trace.origins.isdisjoint(both),
        notes=tuple(note for place in both for note in trace.rows[place].notes),
    )


def _called(trace: AnalysedTrace, shown: Shown) -> Called:
    """Return the name of the service that answered with what it was asked for, in no more characters than fit."""
    found = trace.label(shown.place)
    name = found.name if shown.answer is None else trace.rows[shown.answer].entry.name or found.name
    what = found.what if shown.answer is None else found.what or trace.label(shown.answer).what
    return Called(name[:TEXT_MAX], what[:TEXT_MAX])


def _bars(trace: AnalysedTrace, both: Sequence[int], time: Axis) -> Iterable[Bar]:
    """Yield the bars of a row: a call, which waits, is light, what was at work is solid, and where it failed is red."""
    began = next((place for place in reversed(both) if place in trace.origins), None)
    for place in both:
        row = trace.rows[place]
        start, end = trace.places.start[place], trace.places.end[place]
        if start <= time.end and end >= time.start:
            kind = "began" if place == began else "call" if row.entry.is_remote else ""
            kind += " open" if row.end is None else ""
            yield time.bar(start, end, trace.at_work[place], kind.strip())


def _joined(pieces: Iterable[tuple[float, float]], time: Axis) -> Iterable[Bar]:
    """Yield the pieces of the critical path that are on the axis; those that are close to each other are one."""
    begin = end = -1.0
    for start, stop in pieces:
        if stop < time.start or start > time.end:
            continue
        left, right = time.at(start), time.at(stop)
        if begin >= 0 and left - end > GAP:
            yield Bar(begin, round(max(0.1, end - begin), 2))
            begin = left
        begin, end = (left if begin < 0 else begin), right
    if begin >= 0:
        yield Bar(begin, round(max(0.1, end - begin), 2))


def _points(row: Row, time: Axis) -> tuple[Point, ...]:
    events = [found for found in event_times(row.body) if time.start <= found[0] <= time.end]
    return tuple(Point(time.at(at), failure) for at, failure in events[:POINTS_MAX])


def row_json(trace: AnalysedTrace, place: int) -> dict[str, Any]:
    """Return a row for the trace's JSON; `body` is the document without its subsegments, which are rows."""
    row = trace.rows[place]
    found = trace.label(place)
    return {
        "number": place + 1,
        "id": row.id,
        "parent_id": row.parent_id,
        "depth": row.depth,
        "name": row.name,
        "service": trace.at_work[place],
        "called": found.text,
        "wires": list(row.wires),
        "kind": row.kind,
        "start": row.start,
        "duration": row.duration,
        "own": round(trace.own[place], 6),
        "critical": [list(piece) for piece in trace.critical.get(place, ())],
        "status": row.body.http.status,
        "marks": list(row.body.flags),
        "began": place in trace.origins,
        "notes": list(row.notes),
        "body": json_body(row.body),
    }


@dataclass(frozen=True, slots=True)
class WireCount:
    """How many rows of the trace arrived in one way; `spans` counts those without a segment document."""

    label: str
    shape: str
    segments: int
    subsegments: int
    spans: int

    @property
    def rows(self) -> int:
        """The number of all of them."""
        return self.segments + self.subsegments + self.spans


def wire_counts(rows: Sequence[Row]) -> tuple[WireCount, ...]:
    """Return how many rows arrived by each combination of wires that there is."""
    found = ((wires, [row for row in rows if row.wires == wires]) for wires in WIRES)
    return tuple(_wire_count(wires, arrived) for wires, arrived in found if arrived)


def _wire_count(wires: tuple[Wire, ...], rows: Sequence[Row]) -> WireCount:
    segments = sum(row.kind == "segment" for row in rows)
    spans = 0 if "segments" in wires else len(rows)
    return WireCount(WIRES[wires], SHAPES[wires], segments, len(rows) - segments - spans, spans)
