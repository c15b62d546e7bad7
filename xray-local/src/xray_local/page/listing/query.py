"""What the list shows, which is all in its address: the field, times, order, grouping. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from xray_local.page.frame.formats import whole_number
from xray_local.page.listing.field import Reading
from xray_local.state.store import Order
from xray_model.filter_expression import Expression, parse, to_text
from xray_model.filter_expression.nodes import And, Compare

RANGES: Mapping[str, tuple[str, int | None]] = {
    "5m": ("last 5 minutes", 300),
    "1h": ("last hour", 3_600),
    "2h": ("last 2 hours", 7_200),
    "6h": ("last 6 hours", 21_600),
    "24h": ("last day", 86_400),
    "all": ("any time", None),
}
"""The time ranges that the list offers: a label, and seconds back from now."""

ORDERS: Mapping[Order, str] = {
    "-start": "newest first",
    "start": "oldest first",
    "-duration": "slowest first",
    "duration": "fastest first",
}
GROUPINGS: Mapping[str, str] = {"route": "route", "service": "service", "status": "status"}
"""What traces are grouped by, besides annotations."""

COLUMNS = 48
"""The most columns of the heat map."""

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
"""The widths of a column in seconds; a longer range has columns of whole days."""

LIVE_SECONDS_MAX = 3_600


@dataclass(frozen=True, slots=True)
class Query:
    """The query of the list's address.

    `start` and `end` are in epoch seconds; `shortest` and `longest` limit what a trace took, `by` names what traces
    are grouped by, `live` is the seconds between two reloads of the page, 0 for none.
    """

    typed: str
    strict: bool
    range: str
    start: float | None
    end: float | None
    shortest: float | None
    longest: float | None
    order: Order
    by: str
    live: int
    token: str

    def times(self, now: float, step: int) -> tuple[float, float]:
        """Return the range of the starts of traces; one that is relative to now begins at a column of the heat map."""
        seconds = RANGES[self.range][1]
        start = self.start if self.start is not None else 0.0 if seconds is None else (now - seconds) // step * step
        return start, math.inf if self.end is None else self.end

    def expression(self, reading: Reading) -> Expression | None:
        """Return the expression of the field and of what a trace took."""
        terms = [] if reading.expression is None else [reading.expression]
        if self.shortest is not None:
            terms.append(Compare("duration", ">=", self.shortest))
        if self.longest is not None:
            terms.append(Compare("duration", "<", self.longest))
        return And(tuple(terms)) if len(terms) > 1 else next(iter(terms), None)


def read_query(query: Mapping[str, str]) -> Query:
    """Return the query of an address; what is not valid is ignored."""
    range_, order, by = query.get("range", ""), query.get("sort", ""), query.get("by", "")
    shortest, _, longest = query.get("took", "").partition("-")
    return Query(
        typed=(query.get("q") or query.get("filter") or "").strip(),
        strict=not query.get("q") and bool(query.get("filter")),
        range=range_ if range_ in RANGES else "all",
        start=_number(query.get("from", "")),
        end=_number(query.get("to", "")),
        shortest=_number(shortest),
        longest=_number(longest),
        order=next((known for known in get_args(Order) if known == order), "-start"),
        by=by if by in GROUPINGS or by.startswith("annotation.") else "route",
        live=min(whole_number(query.get("live", "")) or 0, LIVE_SECONDS_MAX),
        token=query.get("next", ""),
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def step_seconds(span: float) -> int:
    """Return the width of the heat map's columns for a range of some seconds."""
    needed = span / (COLUMNS - 1)
    return next((step for step in STEPS if step >= needed), math.ceil(needed / 86_400) * 86_400)


def toggled(expression: Expression | None, clause: str) -> tuple[str, bool]:
    """Return the text of an expression with one more clause, or without it if it has it; and whether it has it."""
    term = parse(clause)
    added = term.operands if isinstance(term, And) else (term,)
    operands = expression.operands if isinstance(expression, And) else () if expression is None else (expression,)
    has = all(operand in operands for operand in added)
    kept = tuple(operand for operand in operands if operand not in added) if has else (*operands, *added)
    return to_text(And(kept)) if len(kept) > 1 else to_text(kept[0]) if kept else "", has
