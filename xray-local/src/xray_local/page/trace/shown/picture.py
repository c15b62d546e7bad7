"""The services of one trace as a small drawing: which called which, and where a failure passed. Pure."""

from collections import Counter
from dataclasses import dataclass

from xray_local.page.frame import formats
from xray_local.page.services.grid import Grid
from xray_local.page.services.layout import arrange
from xray_local.page.trace.analysis.analysed import AnalysedTrace

FEWEST, MOST = 3, 24
"""Services that are drawn: fewer have no shape to see, more are read better on the page of all services."""

GRID = Grid(width=150, height=38, gap=44, pitch=48, margin=4)
NAME_MAX = 17  # characters that fit in a box


@dataclass(frozen=True, slots=True)
class Box:
    """A service with its own time; `x` and `y` are its upper left corner, `row` the place of its first row."""

    service: str
    name: str
    text: str
    x: float
    y: float
    row: int
    failed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of a service by another: a path, its arrow head, and whether one of them failed."""

    path: str
    arrow: str
    label: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of this size, whose boxes have one size."""

    width: float
    height: float
    box: tuple[int, int]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def picture(trace: AnalysedTrace) -> Picture | None:
    """Return the drawing of the services of a trace, None if they are too few or too many."""
    first: dict[str, int] = {}
    for place, service in enumerate(trace.at_work):
        first.setdefault(service, place)
    if not FEWEST <= len(first) <= MOST:
        return None
    numbers = {service: number for number, service in enumerate(first)}
    calls, failed = _calls(trace)
    layout = arrange(len(first), [(numbers[source], numbers[target]) for source, target in calls])
    failing = {trace.at_work[place] for place in trace.failed}
    width, height = GRID.size(layout)
    return Picture(
        width=width,
        height=height,
        box=(GRID.width, GRID.height),
        boxes=tuple(
            _box(trace, service, GRID.corner(layout.places[numbers[service]]), row, service in failing)
            for service, row in first.items()
        ),
        lines=tuple(
            _line(layout.paths[numbers[call[0]], numbers[call[1]]], call, number, call in failed)
            for call, number in calls.items()
        ),
    )


def _calls(trace: AnalysedTrace) -> tuple[Counter[tuple[str, str]], set[tuple[str, str]]]:
    """Return how often each service called another, and those of which one failed."""
    calls: Counter[tuple[str, str]] = Counter()
    failed = set()
    for place, parent in enumerate(trace.places.parent):
        call = trace.at_work[parent], trace.at_work[place]
        if parent >= 0 and call[0] != call[1]:
            calls[call] += 1
            if place in trace.failed:
                failed.add(call)
    return calls, failed


def _box(trace: AnalysedTrace, service: str, corner: tuple[float, float], row: int, failed: bool) -> Box:
    x, y = corner
    name, text = formats.shortened(formats.short_name(service), NAME_MAX), formats.duration(trace.services[service])
    return Box(service, name, text, x, y, row, failed)


def _line(path: tuple[tuple[int, float], ...], call: tuple[str, str], number: int, failed: bool) -> Line:
    ended = ", failed" if failed else ""
    label = f"{call[0]} → {call[1]}: {formats.count(number, 'call')}{ended}"
    return Line(GRID.line(path), GRID.arrow(path), label, failed)
