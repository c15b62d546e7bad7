"""The overview of the list: chips, the heat map and the table of groups, each with its link. Pure."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from xray_local.page.frame import formats
from xray_local.page.listing.query import toggled
from xray_local.state.store import Cell, Group, Overview, Route, Spread
from xray_model.filter_expression import Expression, to_text
from xray_model.filter_expression.nodes import And, Annotation, Compare, Flag, Identity, Service

GROUPS_SHOWN = 8
SERVICES_SHOWN = 8
Href = Callable[..., str]
"""Returns the address of the list with other values in its query."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A link that adds a clause, or takes it off if it is `on`; a chip of a `service` has its colour."""

    label: str
    traces: int | None
    href: str
    on: bool
    service: str = ""


class HeatCell(NamedTuple):
    """A cell of the heat map in percent of its size, as text; `opacity` grows with the number of traces."""

    x: str
    y: str
    opacity: str
    label: str
    href: str
    failed: bool


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Traces by their start, from `start` to `end` in epoch seconds, and by what they took.

    `width` and `height` are those of a cell in percent.
    """

    cells: tuple[HeatCell, ...]
    start: float
    end: float
    shortest: float
    longest: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One line of the table of groups; `method` is that of a route."""

    method: str
    name: str
    href: str
    spread: Spread


def chips(overview: Overview, expression: Expression | None, href: Href) -> tuple[Chip, ...]:
    """Return the chips for results and services that some of the traces have, and for those of the expression."""
    total = overview.total
    results = (
        ("failed", total.faults, "fault"),
        ("errors", total.errors, "error"),
        ("throttled", total.throttles, "throttle"),
    )
    found = [_chip(label, number, clause, expression, href) for label, number, clause in results]
    if total.traces:
        slow = slow_seconds(total)
        clause = to_text(Compare("duration", ">", slow))
        found.append(_chip(f"slow: over {formats.duration(slow)}", None, clause, expression, href))
    for name, number in overview.service_counts.most_common(SERVICES_SHOWN):
        found.append(_chip(name, number, to_text(Service(Identity(name=name))), expression, href, service=name))
    return tuple(chip for chip in found if chip.traces != 0 or chip.on)


def slow_seconds(total: Spread) -> float:
    """Return what the slowest traces exceed: the 95th percentile, to three digits."""
    return float(f"{total.p95:.3g}")


def _chip(
    label: str, traces: int | None, clause: str, expression: Expression | None, href: Href, *, service: str = ""
) -> Chip:
    text, on = toggled(expression, clause)
    return Chip(formats.shortened(label, 40), traces, href(q=text, filter="", next=""), on, service)


def heat_map(overview: Overview, href: Href) -> HeatMap | None:
    """Return the heat map, None without traces."""
    cells = overview.cells
    if not cells:
        return None
    start, end = cells[0].start, max(cell.end for cell in cells)
    low, high = min(cells, key=lambda cell: cell.row), max(cells, key=lambda cell: cell.row)
    rows, span = high.row - low.row + 1, end - start
    most = math.log1p(max(cell.traces for cell in cells))
    address = href(**{"from": "", "to": "", "took": "", "range": "", "next": ""})
    address += "&" if "?" in address else "?"

    # What the cells of a column, of a row or with a number of traces have in common is written once.
    @cache
    def column(cell_start: float, cell_end: float) -> tuple[str, str]:
        return f"{(cell_start - start) / span * 100:.2f}", f"{address}from={cell_start:.15g}&to={cell_end:.15g}"

    @cache
    def row(number: int, shortest: float, longest: float) -> tuple[str, str, str]:
        took = f"{formats.duration(shortest)} to {formats.duration(longest)}"
        return f"{(high.row - number) / rows * 100:.2f}", f"&took={shortest:.6g}-{longest:.6g}", took

    @cache
    def opacity(traces: int) -> str:
        return f"{0.35 + 0.65 * math.log1p(traces) / most:.2f}"

    def drawn(cell: Cell) -> HeatCell:
        (x, times), (y, durations, took) = column(cell.start, cell.end), row(cell.row, cell.shortest, cell.longest)
        failed = f", {cell.faults:,} failed" if cell.faults else ""
        label = f"{formats.count(cell.traces, 'trace')}{failed}: {took}"
        return HeatCell(x, y, opacity(cell.traces), label, times + durations, cell.faults > 0)

    size = round(overview.step / span * 100, 2), round(100 / rows, 2)
    return HeatMap(tuple(map(drawn, cells)), start, end, low.shortest, high.longest, *size)


def group_lines(
    groups: Iterable[Group], by: str, expression: Expression | None, href: Href
) -> tuple[tuple[GroupLine, ...], int]:
    """Return the lines of the most frequent groups, and how many more there are."""
    known = tuple(groups)
    lines = tuple(_group_line(group, by, expression, href) for group in known[:GROUPS_SHOWN])
    return lines, len(known) - len(lines)


def _group_line(group: Group, by: str, expression: Expression | None, href: Href) -> GroupLine:
    key = group.key
    text, has = toggled(expression, to_text(clause(key, by)))
    address = href(q=text, filter="", next="") if not has else ""
    if isinstance(key, Route):
        return GroupLine(key.method, formats.shortened(key.path, 80), address, group.spread)
    return GroupLine("", formats.shortened(key.strip('"'), 80), address, group.spread)


def clause(key: Route | str, by: str) -> Expression:
    """Return the expression that selects the traces of a group."""
    if isinstance(key, Route):
        return _route_clause(key)
    if by == "service":
        return Service(Identity(name=key))
    if by == "status":
        return Compare("http.status", "=", int(key))
    name = by.removeprefix("annotation.")
    value = json.loads(key)
    return Annotation(name, "=", value if isinstance(value, str | int | float) else str(value))


def _route_clause(route: Route) -> Expression:
    """Return the expression of a route. The language has no patterns: the parts of a path around ids are required."""
    if not route.example:
        return Service(Identity(name=route.path)) if route.path else Flag("ok")
    path = urlsplit(route.example).netloc + "/" if route.path == "/" else route.path
    texts = [part for part in path.split("*") if part]
    at_end = len(texts) == 1 and "*" not in path and "?" not in route.example
    terms: list[Expression] = [Compare("http.url", "ENDSWITH" if at_end else "CONTAINS", text) for text in texts]
    if route.method:
        terms.insert(0, Compare("http.method", "=", route.method))
    return And(tuple(terms)) if len(terms) > 1 else terms[0]


def overview_json(overview: Overview, groups: Iterable[Group]) -> Mapping[str, Any]:
    """Return the overview as numbers; times are epoch seconds, durations seconds."""
    return {
        "complete": overview.complete,
        "step": overview.step,
        **_spread_json(overview.total),
        "services": dict(overview.service_counts),
        "groups": [_group_json(group) for group in groups],
        "cells": [[cell.start, cell.shortest, cell.longest, cell.traces, cell.faults] for cell in overview.cells],
    }


def _group_json(group: Group) -> Mapping[str, Any]:
    key = group.key
    named = {"method": key.method, "path": key.path} if isinstance(key, Route) else {"name": key}
    return {**named, **_spread_json(group.spread)}


def _spread_json(spread: Spread) -> Mapping[str, Any]:
    flags = {"faults": spread.faults, "errors": spread.errors, "throttles": spread.throttles}
    return {"count": spread.traces, **flags, "p50": spread.p50, "p95": spread.p95, "p99": spread.p99}
