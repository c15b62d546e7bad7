"""Which traces a reader selects: a range of time, and a filter. Pure."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression

RangeBy = Literal["start", "end", "update", "overlap"]
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

    def are_within(self, selection: Selection) -> bool | None:
        """Return whether all of the traces are in the range of a selection (True), none (False), or maybe some."""
        low, high, ends = {
            "start": (self.first_low, self.first_high, self.first_high),
            "end": (self.last_low, self.last_high, self.last_high),
            "update": (self.updated_low, self.updated_high, self.updated_high),
            "overlap": (self.first_low, self.first_high, self.last_high),
        }[selection.by]
        if low >= selection.end or ends < selection.start:
            return False
        begins = self.last_low if selection.by == "overlap" else low
        return True if begins >= selection.start and high < selection.end else None
