"""What a search of the store is given and what it returns."""

from dataclasses import dataclass
from typing import Literal, Protocol

from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import Expression

RangeBy = Literal["start", "end", "update", "overlap"]
Order = Literal["-start", "start", "-duration", "duration"]
Position = tuple[float, int]


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
    """How many traces match; `next` is where to continue if there may be more."""

    number: int
    next: Position | None = None
