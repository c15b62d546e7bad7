"""Where a trace is in the list that its address names: its number there, the trace before it and the one after it."""

import math
from dataclasses import dataclass, replace

from xray_local.page.frame import formats
from xray_local.page.frame.exchange import PageRequest
from xray_local.page.listing.selected import Selected, list_query, selected
from xray_local.state.region import Region
from xray_local.state.store import Order, Position, Selection
from xray_model.filter_expression import nodes

SECONDS = 0.05
"""Seconds of CPU time for one count or search; what they are not enough for is left out."""

TIES_MAX = 100
"""Traces with the same start or duration that are looked through."""

REVERSED: dict[Order, Order] = {"-start": "start", "start": "-start", "-duration": "duration", "duration": "-duration"}
WORDS: dict[Order, tuple[str, str]] = {
    "-start": ("newer", "older"),
    "start": ("older", "newer"),
    "-duration": ("slower", "faster"),
    "duration": ("faster", "slower"),
}
SIDES = (("prev", "["), ("next", "]"))
"""The link relation and the key of both neighbours."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The trace before or after one in the list: the word for it, its key, and its address, empty if there is none."""

    rel: str
    word: str
    key: str
    href: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The list: its address and its filter as typed; None for the numbers of a trace that is not in it.

    `number` counts from 1 in the order of the list.
    """

    href: str
    typed: str
    number: int | None = None
    total: int | None = None
    around: tuple[Neighbour, ...] = ()


def neighbours(request: PageRequest, trace_id: str, start: float) -> Neighbours:
    """Return where a trace that started at `start` is in the list that the query of a request names."""
    query = list_query(request)
    found = selected(request)
    href = formats.link("/", **query)
    if found.reading.mistake or (at := _position(request.region, found, trace_id, start)) is None:
        return Neighbours(href, found.query.typed)
    position, ties_before = at
    order = found.query.order
    around = tuple(
        Neighbour(rel, word, key, _href(request.region, found.selection, direction, position, query))
        for (rel, key), word, direction in zip(SIDES, WORDS[order], (REVERSED[order], order), strict=True)
    )
    before = _before(request.region, found, position[0])
    total = request.region.store.count(found.selection, seconds=SECONDS)
    if before is None or not total.is_complete:
        return Neighbours(href, found.query.typed, around=around)
    return Neighbours(href, found.query.typed, before + ties_before + 1, total.number, around)


def _position(region: Region, found: Selected, trace_id: str, start: float) -> tuple[Position, int] | None:
    """Return the position of a trace in the list, and how many are before it with the same start or duration."""
    order, selection = found.query.order, found.selection
    if not selection.start <= start < selection.end:
        return None
    here = replace(selection, start=start, end=math.nextafter(start, math.inf))
    if order in {"-duration", "duration"}:
        known = next((row for row in _first(region, here, order) if row[0] == trace_id), None)
        if known is None:
            return None
        here = found.narrowed(nodes.Compare("duration", "=", known[1][0]))
    ties = _first(region, here, order)
    return next(((position, place) for place, (id_, position) in enumerate(ties) if id_ == trace_id), None)


def _first(region: Region, selection: Selection, order: Order) -> list[tuple[str, Position]]:
    rows = region.store.find(selection, order=order, limit=TIES_MAX, seconds=SECONDS).rows
    return [(row.summary.id, row.position) for row in rows]


def _before(region: Region, found: Selected, value: float) -> int | None:
    """Return how many traces of the list are before those with a start or duration, None if that takes too long."""
    selection = found.selection
    match found.query.order:
        case "-start":
            before = replace(selection, start=max(selection.start, math.nextafter(value, math.inf)))
        case "start":
            before = replace(selection, end=min(selection.end, value))
        case "-duration":
            before = found.narrowed(nodes.Compare("duration", ">", value))
        case "duration":
            before = found.narrowed(nodes.Compare("duration", "<", value))
    count = region.store.count(before, seconds=SECONDS)
    return count.number if count.is_complete else None


def _href(region: Region, selection: Selection, order: Order, after: Position, query: dict[str, str]) -> str:
    rows = region.store.find(selection, order=order, before=after, limit=1, seconds=SECONDS).rows
    return formats.link(formats.trace_href(rows[0].summary.id), **query) if rows else ""
