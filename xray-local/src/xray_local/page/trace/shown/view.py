"""What of a trace is shown, as its address says: folded rows, a search, kinds of rows, a part of the time. Pure."""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

from xray_local.page.frame import formats
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.row.exceptions import failures

ONLY = ("errors", "critical", "slow")
"""What `only` may name; of several, a row is shown that is one of them."""

SLOW_SHARE = 0.05
"""A row is slow when it took this part of the trace."""


@dataclass(frozen=True, slots=True)
class View:
    """An address's query: `row` is what the pane shows, `zoom` seconds from the trace's start to seconds from it.

    With `calls` a call and the segment that answered it are two rows. `offset` is None if the address has none, `live`
    the seconds until the page is reloaded, 0 for never.
    """

    row: str = ""
    find: str = ""
    only: tuple[str, ...] = ()
    fold: frozenset[str] = field(default_factory=frozenset)
    calls: bool = False
    zoom: tuple[float, float] | None = None
    offset: int | None = None
    live: int = 0


class Shown(NamedTuple):
    """A row that is shown: its place, that of the segment that answered it in the same row, and its depth there.

    `expanded` is None for a row with nothing below it; `found` marks what the search found, not what is above it.
    """

    place: int
    answer: int | None
    depth: int
    expanded: bool | None
    found: bool


def read(query: Mapping[str, str]) -> View:
    """Return the view of a query; what is not valid in it counts as absent."""
    return View(
        row=query.get("row", ""),
        find=query.get("find", "").strip(),
        only=tuple(name for name in ONLY if name in query.get("only", "").split(",")),
        fold=frozenset(filter(None, query.get("fold", "").split(","))),
        calls=query.get("calls") == "all",
        zoom=_zoom(query.get("zoom", "")),
        offset=formats.whole_number(query.get("offset", "")),
        live=formats.whole_number(query.get("live", "")) or 0,
    )


def _zoom(text: str) -> tuple[float, float] | None:
    """Return the seconds of milliseconds in the form 120-380."""
    first, _, last = text.partition("-")
    try:
        start, end = float(first) / 1000, float(last) / 1000
    except ValueError:
        return None
    return (start, end) if 0 <= start < end < math.inf else None


def key(trace: AnalysedTrace, place: int) -> str:
    """Return what names a row in an address: its id, which late rows do not move, or else its place."""
    return trace.rows[place].id or f"row-{place}"


def place_of(trace: AnalysedTrace, name: str) -> int | None:
    """Return the place of the row that an address names."""
    if (place := trace.by_id.get(name)) is not None:
        return place
    number = formats.whole_number(name.removeprefix("row-")) if name.startswith("row-") else None
    return number if number is not None and number < len(trace.rows) else None


def shown(trace: AnalysedTrace, view: View) -> list[Shown]:
    """Return the rows of a view, in their order."""
    places, answers = trace.places, {} if view.calls else trace.answers
    within = _within(trace, view)
    found = _found(trace, view, within)
    kept = range(len(trace.rows)) if found is None else _with_parents(found, places.parent)
    folded = {place for name in view.fold if (place := place_of(trace, name)) is not None}
    folded |= {call for call, answer in answers.items() if answer in folded}
    hidden = set(answers.values())
    depths = [0] * len(trace.rows)
    result: list[Shown] = []
    place = 0
    while place < len(trace.rows):
        parent = places.parent[place]
        depths[place] = depths[parent] + (place not in hidden) if parent >= 0 else 0
        is_folded = place in folded and place not in hidden
        if place in kept and place not in hidden and within[place]:
            answer = answers.get(place)
            has_below = places.stop[place] > (place if answer is None else answer) + 1
            is_hit = bool(view.find) and found is not None and not found.isdisjoint((place, answer))
            result.append(Shown(place, answer, depths[place], not is_folded if has_below else None, is_hit))
        place = places.stop[place] if is_folded or place not in kept else place + 1
    return result


def _with_parents(found: AbstractSet[int], parents: Sequence[int]) -> AbstractSet[int]:
    kept = set()
    for place in found:
        while place >= 0 and place not in kept:
            kept.add(place)
            place = parents[place]  # noqa: PLW2901 (the way up)
    return kept


def _within(trace: AnalysedTrace, view: View) -> Sequence[bool]:
    """Return for each row whether a part of it is in the time that is shown."""
    if view.zoom is None:
        return [True] * len(trace.rows)
    start, end = (trace.tree.start + seconds for seconds in view.zoom)
    times = zip(trace.places.start, trace.places.end, strict=True)
    return [first <= end and last >= start for first, last in times]


def _found(trace: AnalysedTrace, view: View, within: Sequence[bool]) -> AbstractSet[int] | None:
    """Return the rows within the time that a search and a choice of rows are about, None without either."""
    if not view.only and not view.find:
        return None
    found = _chosen(trace, view) if view.only else range(len(trace.rows))
    wanted = view.find.casefold()
    return {place for place in found if within[place] and (not wanted or wanted in _searched(trace, place))}


def _chosen(trace: AnalysedTrace, view: View) -> AbstractSet[int]:
    """Return the rows of the kinds that the view names."""
    found: set[int] = set()
    if "errors" in view.only:
        found |= trace.failed.keys()
    if "critical" in view.only:
        found |= trace.critical.keys()
    if "slow" in view.only:
        least = trace.tree.duration * SLOW_SHARE
        times = zip(trace.places.start, trace.places.end, strict=True)
        found |= set(compress(range(len(trace.rows)), (end - start > least for start, end in times)))
    return found


def _searched(trace: AnalysedTrace, place: int) -> str:
    """Return the text of a row that a search looks at: its names, annotations, exceptions and id."""
    row = trace.rows[place]
    texts = [trace.label(place).text, row.name, row.id]
    texts += [f"{name}={formats.value(value)}" for name, value in row.body.annotations.items()]
    if place in trace.failed:
        texts += [f"{exception.type} {exception.message}" for exception in failures(row.body)]
    return "\n".join(texts).casefold()
