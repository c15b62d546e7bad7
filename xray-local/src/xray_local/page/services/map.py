"""The service graph as a drawing: boxes, lines and where their texts are, in pixels. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xray_local.page.frame.formats import duration, number, percent, short_name, shortened
from xray_local.page.services.grid import Grid
from xray_local.page.services.layout import Layout, Point, arrange, spread
from xray_local.page.services.numbers import Call, Graph, Numbers, Service, Show

SERVICES_MAX = 60
CALLS_MAX = 180
GRID = Grid(width=176, height=64, gap=104, pitch=84)
STRIP = 5  # the height of the strip of results
LABEL = 14  # the height of a line's text
NAME_MAX, KIND_MAX = 17, 25  # characters that fit in a box
CHARACTER = 6.2  # the width of one in the text of a line
LINE_MIN, LINE_MAX = 1.0, 6.0  # the width of a line


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the strip of results."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Box:
    """One service; `x` and `y` are its upper left corner, `text` its numbers."""

    service: Service
    x: float
    y: float
    name: str
    kind: str
    text: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of a service by another: a path, its arrow head, and the centre of its text.

    `severity` is the flag whose colour it has, empty if it has none.
    """

    call: Call
    path: str
    arrow: str
    width: float
    severity: str
    text: str
    text_width: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Map:
    """A drawing of this size; its boxes have one size, with a strip of results at the bottom."""

    width: float
    height: float
    box: tuple[int, int]
    strip: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(graph: Graph, show: Show) -> Map | None:
    """Return the drawing of a graph, None if it has too many services or calls to be read as one."""
    if len(graph.services) > SERVICES_MAX or len(graph.calls) > CALLS_MAX:
        return None
    places = {service.key: place for place, service in enumerate(graph.services)}
    layout = arrange(len(places), [(places[call.source], places[call.target]) for call in graph.calls])
    boxes = [_box(service, layout.places[places[service.key]], show) for service in graph.services]
    width, height = GRID.size(layout)
    return Map(
        width=width,
        height=height,
        box=(GRID.width, GRID.height),
        strip=STRIP,
        boxes=tuple(sorted(boxes, key=lambda box: (box.x, box.y))),
        lines=_lines(graph.calls, places, layout, show),
    )


def _box(service: Service, place: Point, show: Show) -> Box:
    x, y = GRID.corner(place)
    return Box(
        service=service,
        x=x,
        y=y,
        name="client" if service.is_client else shortened(short_name(service.name), NAME_MAX),
        kind=shortened(f"of {service.name}" if service.is_client else service.kind, KIND_MAX),
        text=f"{number(service.numbers.calls)} · {_shown(service.numbers, show)}",
        parts=_parts(service.numbers, x),
    )


def _parts(found: Numbers, x: float) -> tuple[Part, ...]:
    counts = (("ok", found.ok), ("error", found.errors), ("throttle", found.throttles), ("fault", found.failures))
    parts: list[Part] = []
    at, scale = x + 1, (GRID.width - 2) / max(1, found.calls)
    for kind, count in counts:
        if count:
            parts.append(Part(kind, round(at, 1), round(count * scale, 1)))
            at += count * scale
    return tuple(parts)


def _shown(found: Numbers, show: Show) -> str:
    return f"{percent(round(found.failed, 3))} failed" if show == "failures" else f"p95 {duration(found.p95)}"


def _lines(calls: Sequence[Call], places: dict[tuple[str, str], int], layout: Layout, show: Show) -> tuple[Line, ...]:
    weights = [_weight(call.numbers, show) for call in calls]
    most = max(weights, default=0.0)
    paths = [layout.paths[places[call.source], places[call.target]] for call in calls]
    texts = [_line_text(call.numbers, show) for call in calls]
    centres = _centres(paths)
    return tuple(
        Line(
            call=call,
            path=GRID.line(path),
            arrow=GRID.arrow(path),
            width=round(LINE_MIN + (LINE_MAX - LINE_MIN) * (weight / most if most else 0.0), 1),
            severity=_severity(call.numbers, show),
            text=text,
            text_width=round(CHARACTER * len(text) + 4, 1) if text else 0.0,
            x=centre[0],
            y=round(centre[1], 1),
        )
        for call, path, weight, text, centre in zip(calls, paths, weights, texts, centres, strict=True)
    )


def _weight(found: Numbers, show: Show) -> float:
    match show:
        case "traffic":
            return math.log1p(found.calls)
        case "failures":
            return math.log1p(found.failures + found.throttles + found.errors)
        case "slow":
            return math.log1p(found.p95 * 1000)


def _severity(found: Numbers, show: Show) -> str:
    return found.worst if show == "failures" else found.severity


def _line_text(found: Numbers, show: Show) -> str:
    if show == "slow":
        return f"p95 {duration(found.p95)}"
    failed = f"{percent(round(found.failed, 2))} ✗" if found.failures else ""
    if show == "failures":
        return failed
    return f"{number(found.calls)} · {failed}" if failed else number(found.calls)


def _centres(paths: Sequence[Sequence[Point]]) -> list[tuple[float, float]]:
    """Return the centre of each text: in the last gap, as near to the middle of the line as the others allow."""
    wanted = [GRID.middle(path) for path in paths]
    centres = [(0.0, 0.0)] * len(paths)
    for x in {x for x, _ in wanted}:
        here = sorted((y, place) for place, (at, y) in enumerate(wanted) if at == x)
        for (_, place), y in zip(here, spread([y for y, _ in here], [float(LABEL)] * len(here)), strict=True):
            centres[place] = (x, y)
    return centres
