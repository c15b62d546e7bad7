"""The page's reads through the API's operations, where one response is not enough: all pages, a first match, a count.

They only read, and let other requests run between two responses.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xray_local.api.operations import OPERATIONS
from xray_local.api.operations.traces import trace_counts
from xray_local.page.formats import link
from xray_local.state.region import Region

RANGES = {
    "5m": ("last 5 minutes", 300),
    "1h": ("last hour", 3_600),
    "6h": ("last 6 hours", 21_600),
    "24h": ("last day", 86_400),
    "all": ("any time", None),
}
"""The time ranges that the list offers: a label, and seconds back from now."""

AHEAD_SECONDS = 86_400
"""The list includes traces from clocks that are up to a day ahead."""

COUNT_SECONDS = 2.0
"""A group's matches are counted for so long; after that the count is a lower bound."""

SEARCHED_PAGES = 10
"""This many pages without a match are searched before the list is shown empty, with a link to continue."""


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """What the list shows: a filter expression, a key of RANGES and a paging token; filter and token may be empty."""

    filter: str
    range: str
    token: str

    def href(self, token: str = "") -> str:
        """Return the address of the same list from a token on, or from its beginning."""
        return link("/", filter=self.filter, range=self.range if self.range != "all" else "", next=token)

    def request(self, now: float) -> dict[str, Any]:
        """Return the request of GetTraceSummaries."""
        seconds = RANGES[self.range][1]
        start = 0.0 if seconds is None else now - seconds
        request: dict[str, Any] = {"StartTime": start, "EndTime": now + AHEAD_SECONDS}
        if self.filter:
            request["FilterExpression"] = self.filter
        if self.token:
            request["NextToken"] = self.token
        return request


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


async def first_matches(region: Region, request: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Return the first page of summaries that has a match, and the token of the page after it."""
    for _ in range(SEARCHED_PAGES):
        answer = OPERATIONS["GetTraceSummaries"](region, request)
        token: str | None = answer.get("NextToken")
        if answer["TraceSummaries"] or token is None:
            return answer["TraceSummaries"], token
        request["NextToken"] = token
        await asyncio.sleep(0)
    return [], token


async def count_matches(region: Region, expression: str | None) -> MatchCount:
    """Return how many stored traces match an expression; all of them match an empty one."""
    if not expression:
        return MatchCount(region.store.counts()["traces"])
    end = time.monotonic() + COUNT_SECONDS
    number = 0
    for count in trace_counts(region, expression):
        number = count.number
        if not count.is_complete and time.monotonic() > end:
            return MatchCount(number, at_least=True)
        await asyncio.sleep(0)
    return MatchCount(number)
