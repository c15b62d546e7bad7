"""What the page of the groups reads: numbers of the traces that match an expression, and of each of the last minutes.

The numbers are computed in steps, between which other requests run, and kept until a trace changes.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups
from xray_local.state.region import Region
from xray_local.state.store import Cell, Overview, Selection, Spread
from xray_model.filter_expression import FilterError, parse

MINUTES = 60
STEP = 60.0  # seconds
SECONDS = 0.1  # of CPU time, of one step
GROUP_SECONDS = 2.0  # after which the numbers are those of the traces that were counted


@dataclass(frozen=True, slots=True)
class GroupNumbers:
    """The numbers of all traces, with `at_least` of some, and how many started and failed in each of the last minutes.

    The oldest minute is first.
    """

    spread: Spread
    traces: tuple[int, ...]
    failed: tuple[int, ...]
    at_least: bool = False


T = TypeVar("T")
NONE = GroupNumbers(Spread(), (0,) * MINUTES, (0,) * MINUTES)


async def read_numbers(region: Region, group: Mapping[str, Any], now: float) -> GroupNumbers:
    """Return the numbers of a Group shape; none if its expression is not valid any more."""
    text = group.get("FilterExpression")
    try:
        chosen = TraceFilter(parse(text) if text else None, groups.expressions(region))
    except FilterError:
        return NONE
    last = now // STEP * STEP
    start = last - (MINUTES - 1) * STEP
    end = time.monotonic() + GROUP_SECONDS
    every, hour = (Selection(first, after, "start", chosen) for first, after in ((0.0, math.inf), (start, last + STEP)))
    spread, all_counted = await _read(region, every, 0.0, lambda overview: overview.total, end)
    minutes, hour_counted = await _read(region, hour, STEP, lambda overview: by_minute(overview.cells, start), end)
    return GroupNumbers(spread, *minutes, at_least=not (all_counted and hour_counted))


async def _read(
    region: Region, selection: Selection, step: float, compute: Callable[[Overview], T], end: float
) -> tuple[T, bool]:
    """Return a value of an overview and whether it is of all traces; it is kept if it is."""
    key = ("group", selection.start, selection.end, selection.filter.key if selection.filter else "")
    known: T | None = region.store.cached(key, lambda: None)
    if known is not None:
        return known, True
    overview = await _overview(region, selection, step, end)
    found = compute(overview)
    return (region.store.cached(key, lambda: found), True) if overview.complete else (found, False)


async def _overview(region: Region, selection: Selection, step: float, end: float) -> Overview:
    """Return the overview of all traces, or of as many as were counted until a time of the monotonic clock."""
    while True:
        overview = region.store.overview(selection, step=step, seconds=SECONDS)
        if overview.complete or time.monotonic() > end:
            return overview
        await asyncio.sleep(0)


def by_minute(cells: tuple[Cell, ...], start: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the traces and the failures of each of MINUTES from a start on."""
    traces, failed = [0] * MINUTES, [0] * MINUTES
    for cell in cells:
        minute = int((cell.start - start) // STEP)
        if 0 <= minute < MINUTES:
            traces[minute] += cell.traces
            failed[minute] += cell.faults
    return tuple(traces), tuple(failed)
