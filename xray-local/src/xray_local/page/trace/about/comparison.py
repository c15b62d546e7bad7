"""Two traces row by row: which rows they have in common, and where one took longer. Pure.

Below rows in common, a row of one trace is that of the other with the same name and request, the first with the first;
what is left over is paired by name alone, so that `/orders/1` is compared with `/orders/2`.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.analysis.calls import Called

CHANGES = 3
"""Rows that the summary names."""


@dataclass(frozen=True, slots=True)
class Side:
    """A row in one of the traces; times in seconds, None while it is in progress."""

    place: int
    took: float | None
    own: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A row of both traces, or of one: then the side of the other is None."""

    depth: int
    called: Called
    service: str
    first: Side | None
    second: Side | None

    @property
    def change(self) -> float:
        """How much longer its own time is in the second trace, in seconds."""
        return (self.second.own if self.second else 0.0) - (self.first.own if self.first else 0.0)


Pair = tuple[int | None, int | None]


def compared(first: AnalysedTrace, second: AnalysedTrace) -> list[Compared]:
    """Return the rows of both traces, in the order of the first one."""
    result: list[Compared] = []
    waiting: list[tuple[int | None, int | None, int]] = [(-1, -1, -1)]
    while waiting:
        one, other, depth = waiting.pop()
        if depth >= 0:
            result.append(_compared(first, one, second, other, depth))
        ones = [] if one is None else list(first.places.children(one))
        others = [] if other is None else list(second.places.children(other))
        waiting.extend((*pair, depth + 1) for pair in reversed(_pairs(first, ones, second, others)))
    return result


def largest(rows: Sequence[Compared]) -> list[Compared]:
    """Return the rows whose own times differ most, the largest difference first."""
    return sorted((row for row in rows if row.change), key=lambda row: -abs(row.change))[:CHANGES]


def _compared(first: AnalysedTrace, one: int | None, second: AnalysedTrace, other: int | None, depth: int) -> Compared:
    trace, place = (first, one) if one is not None else (second, other)
    assert place is not None
    return Compared(
        depth=depth,
        called=trace.label(place),
        service=trace.at_work[place],
        first=_side(first, one),
        second=_side(second, other),
    )


def _side(trace: AnalysedTrace, place: int | None) -> Side | None:
    if place is None:
        return None
    return Side(place, trace.rows[place].duration, trace.own[place], place in trace.failed)


def _pairs(first: AnalysedTrace, ones: list[int], second: AnalysedTrace, others: list[int]) -> list[Pair]:
    """Return the children of two rows in pairs, in the order of the first trace, then those of the second alone."""
    found: dict[int, int] = {}
    for name in (_request, _name):
        left: defaultdict[str, deque[int]] = defaultdict(deque)
        taken = set(found.values())
        for other in others:
            if other not in taken:
                left[name(second, other)].append(other)
        for one in ones:
            if one not in found and (queue := left.get(name(first, one))):
                found[one] = queue.popleft()
    taken = set(found.values())
    return [(one, found.get(one)) for one in ones] + [(None, other) for other in others if other not in taken]


def _request(trace: AnalysedTrace, place: int) -> str:
    return trace.label(place).text


def _name(trace: AnalysedTrace, place: int) -> str:
    return trace.label(place).name
