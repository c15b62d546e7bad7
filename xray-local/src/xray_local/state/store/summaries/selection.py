"""What a search of the store is given and what it returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression

RangeBy = Literal["start", "end", "update", "overlap"]
Order = Literal["-start", "start", "-duration", "duration"]
Position = tuple[float, int]
WITHIN: dict[RangeBy, str] = {
    "start": "first >= ? AND first < ?",
    "end": "last >= ? AND last < ?",
    "update": "updated >= ? AND updated < ?",
    "overlap": "last >= ? AND first < ?",
}
"""The condition of each kind of range on the columns of traces; its parameters are start and end."""


class Filter(Protocol):
    """A filter expression with what evaluates it; `key` is equal for filters that decide equally."""

    @property
    def expression(self) -> Expression | None:
        """The expression, None if every trace matches."""

    @property
    def key(self) -> str:
        """The text of the expression and of all that it depends on."""

    def matches(self, trace: TraceSummary) -> bool:
        """Return whether a trace matches."""

    def holds(self, expression: Expression, trace: TraceSummary) -> bool:
        """Return whether a part of the expression is true for a trace."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The traces of a range (epoch seconds, the end excluded) that match a filter.

    `by` says what is within the range: the trace's start, its end, the arrival of its last document, or any part.
    """

    start: float
    end: float
    by: RangeBy = "start"
    filter: Filter | None = None

    @property
    def key(self) -> str:
        """The key of the filter, empty if there is none."""
        return self.filter.key if self.filter else ""


class Bounds(NamedTuple):
    """The lowest and the highest times of some traces, in epoch seconds."""

    first_low: float
    first_high: float
    last_low: float
    last_high: float
    updated_low: float
    updated_high: float

    @staticmethod
    def around(parts: Sequence["Bounds"]) -> "Bounds":
        """Return the bounds of all traces of some parts, at least one."""
        places = zip(*parts, strict=True)
        return Bounds(*((max if place % 2 else min)(values) for place, values in enumerate(places)))

    def are_within(self, selection: Selection) -> bool | None:
        """Return whether all of the traces are in the range of a selection (True), none (False), or maybe some."""
        start, end = selection.start, selection.end
        if selection.by == "overlap":
            if self.last_high < start or self.first_low >= end:
                return False
            return True if self.last_low >= start and self.first_high < end else None
        place = _PLACES[selection.by]
        low, high = self[place], self[place + 1]
        if high < start or low >= end:
            return False
        return True if low >= start and high < end else None


_PLACES = {"start": 0, "end": 2, "update": 4}


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace as the list shows it; `position` orders and pages."""

    position: Position
    summary: TraceSummary


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the matching traces in order; `next` is where to go on if there may be more, `examined` how many traces
    were looked at one by one.
    """

    rows: list[TraceRow]
    next: Position | None
    examined: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many traces match, at least so many if it is not complete."""

    number: int
    is_complete: bool = True
