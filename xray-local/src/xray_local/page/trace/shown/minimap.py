"""The overview of a trace: its rows as thin bars, under cells that zoom to a part of the time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from xray_local.page.frame import formats
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.shown.view import Shown

LANES = 40
"""Bars at most; of more rows, the longest one of each part of the list is drawn."""

CELLS = 8


@dataclass(frozen=True, slots=True)
class Lane:
    """A row as a bar: where, in percent of the overview, its service, and whether a failure began there."""

    left: float
    width: float
    top: float
    height: float
    service: str
    began: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of the time: where, in percent, the `zoom` of its address, and what it says."""

    left: float
    width: float
    zoom: str
    label: str


def lanes(trace: AnalysedTrace, shown: Sequence[Shown]) -> tuple[Lane, ...]:
    """Return the bars of the overview."""
    total, places = trace.tree.duration, trace.places
    if total <= 0:
        return ()
    count = min(LANES, len(shown))
    found = []
    for number in range(count):
        part = shown[number * len(shown) // count : (number + 1) * len(shown) // count]
        place = max((row.place for row in part), key=lambda place: places.end[place] - places.start[place])
        left = (places.start[place] - trace.tree.start) / total * 100
        width = (places.end[place] - places.start[place]) / total * 100
        began = any(row.place in trace.origins or row.answer in trace.origins for row in part)
        service = trace.at_work[place]
        top, height = number / count * 100, min(10.0, 80 / count)
        found.append(Lane(round(left, 1), round(max(0.5, width), 1), round(top, 1), round(height, 1), service, began))
    return tuple(found)


def cells(trace: AnalysedTrace) -> tuple[Cell, ...]:
    """Return the parts of the time that an address can zoom to; a script offers any other part."""
    total, width = trace.tree.duration, 100 / CELLS
    if total <= 0:
        return ()
    found = []
    for number in range(CELLS):
        start, end = total * number / CELLS, total * (number + 1) / CELLS
        label = f"{formats.duration(start)} to {formats.duration(end)}"
        found.append(Cell(number * width, width, zoom(start, end), label))
    return tuple(found)


def zoom(start: float, end: float) -> str:
    """Return seconds from the start of the trace as an address has them: milliseconds."""
    return f"{round(start * 1000, 3):.12g}-{round(end * 1000, 3):.12g}"
