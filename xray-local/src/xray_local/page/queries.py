"""The page's reads through the API's operations, where one response is not enough: all pages, a count.

They only read, and let other requests run between two responses.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xray_local.api.operations import OPERATIONS
from xray_local.api.operations.traces import trace_counts
from xray_local.state.region import Region

COUNT_SECONDS = 2.0
"""A group's matches are counted for so long; after that the count is a lower bound."""


@dataclass(frozen=True, slots=True)
class MatchCount:
    """How many traces match; with `at_least` there may be more."""

    number: int
    at_least: bool = False


def all_items(operation: str, region: Region, key: str) -> Iterator[dict[str, Any]]:
    """Yield every item of a response that comes in pages."""
    answer = OPERATIONS[operation](region, {})
    yield from answer[key]
    while token := answer.get("NextToken"):
        answer = OPERATIONS[operation](region, {"NextToken": token})
        yield from answer[key]


async def count_matches(region: Region, expression: str | None) -> MatchCount:
    """Return how many stored traces match an expression; all of them match an empty one."""
    if not expression:
        return MatchCount(region.store.counts()["traces"])
    end = time.monotonic() + COUNT_SECONDS
    number = 0
    for count in trace_counts(region, expression):
        number = count.number
        if count.next is not None and time.monotonic() > end:
            return MatchCount(number, at_least=True)
        await asyncio.sleep(0)
    return MatchCount(number)
