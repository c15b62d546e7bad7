"""Where the time of a trace went: the own time of each row, and the critical path. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xray_local.traces.waterfall import Row

EPSILON = 1e-6
"""Seconds by which two recorded times may differ and still be the same: a double holds epoch seconds no better."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a trace as numbers: start and end, the place of the parent, and the place after the last row below.

    Times are epoch seconds; a row in progress ends with the trace. The parent of a root is -1.
    """

    start: tuple[float, ...]
    end: tuple[float, ...]
    parent: tuple[int, ...]
    stop: tuple[int, ...]

    def children(self, place: int) -> Iterator[int]:
        """Yield the direct children of a row; those of -1 are the roots."""
        child, stop = place + 1, self.stop[place] if place >= 0 else len(self.stop)
        while child < stop:
            yield child
            child = self.stop[child]


def layout(rows: Sequence[Row], end: float) -> Layout:
    """Return the layout of rows in depth-first order, in a trace that ends at `end`."""
    parents, stops = [-1] * len(rows), [len(rows)] * len(rows)
    above: list[int] = []
    for place, row in enumerate(rows):
        while len(above) > row.depth:
            stops[above.pop()] = place
        parents[place] = above[-1] if above else -1
        above.append(place)
    starts = tuple([row.entry.start for row in rows])
    ends = tuple([end if row.entry.end is None else max(row.entry.end, row.entry.start) for row in rows])
    return Layout(starts, ends, tuple(parents), tuple(stops))


def own_times(places: Layout) -> tuple[float, ...]:
    """Return the seconds of each row in which none of its children was at work."""
    own = [end - start for start, end in zip(places.start, places.end, strict=True)]
    covered = list(places.start)
    for child in sorted(range(len(own)), key=places.start.__getitem__):
        parent = places.parent[child]
        if parent < 0:
            continue
        start = max(places.start[child], covered[parent])
        end = min(places.end[child], places.end[parent])
        if end > start:
            own[parent] -= end - start
            covered[parent] = end
    return tuple([max(0.0, seconds) for seconds in own])


def critical_path(places: Layout) -> Mapping[int, tuple[tuple[float, float], ...]]:
    """Return the rows that the end of the trace waited for, each with the times when it was itself at work.

    From the end of a row backwards: the child that ended last was waited for, before its start the one that had ended
    last by then, and so on; what is between them is the row's own. Making anything else faster ends no trace earlier.
    """
    if not places.start:
        return {}
    pieces: dict[int, list[tuple[float, float]]] = {}
    waiting = [(-1, max(places.end))]
    while waiting:
        place, until = waiting.pop()
        begin = places.start[place] if place >= 0 else min(places.start)
        own = pieces.setdefault(place, [])
        for child, at in _waited_for(places, place, begin, until):
            if until - at > EPSILON:
                own.append((at, until))
            waiting.append((child, at))
            until = max(begin, places.start[child])
        if until - begin > EPSILON or not own:
            own.append((begin, until))
    pieces.pop(-1)
    return {place: tuple(reversed(found)) for place, found in pieces.items()}


def _waited_for(places: Layout, place: int, begin: float, until: float) -> Iterator[tuple[int, float]]:
    """Yield the children that a row waited for, from the last one backwards, each with the time until which it did."""
    by_end = sorted(places.children(place), key=lambda child: (places.end[child], places.start[child]), reverse=True)
    last = until
    for child in by_end:
        at = min(places.end[child], last)
        if begin < at <= until + EPSILON and places.start[child] < until:
            yield child, min(at, until)
            until = max(begin, places.start[child])
