"""What the page asks of the operations, where one answer of the API is not enough: all pages, a first match, a count.

`web` calls it. It only reads, and lets other requests in between two answers.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xray_local.api.operations import OPERATIONS
from xray_local.page.trace_list import link
from xray_local.state.region import Service

RANGES = {
    "5m": ("last 5 minutes", 300),
    "1h": ("last hour", 3_600),
    "6h": ("last 6 hours", 21_600),
    "24h": ("last day", 86_400),
    "all": ("any time", None),
}
"""The time ranges offered: words, and seconds back from now."""

AHEAD_SECONDS = 86400
"""Traces of clocks that run ahead by up to a day are still in the list."""

COUNTED_PAGES = 10
"""A group's matches are counted over this many pages of summaries; more is shown as a lower bound."""

SEARCHED_PAGES = 10
"""So many pages without a match are looked through before the list is shown empty, with a link to go on."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the list was asked for: a filter expression, a key of RANGES and a paging token, each may be empty."""

    filter: str
    range: str
    token: str

    def href(self, token: str = "") -> str:
        """The same list from a token on, or from its beginning."""
        return link("/", filter=self.filter, range=self.range if self.range != "all" else "", next=token)

    def api(self, now: float) -> dict[str, Any]:
        """The request of GetTraceSummaries."""
        seconds = RANGES[self.range][1]
        asked: dict[str, Any] = {"StartTime": 0.0 if seconds is None else now - seconds, "EndTime": now + AHEAD_SECONDS}
        if self.filter:
            asked["FilterExpression"] = self.filter
        if self.token:
            asked["NextToken"] = self.token
        return asked


def every(operation: str, service: Service, key: str) -> Iterator[dict[str, Any]]:
    """Every item of an answer that comes in pages."""
    answer = OPERATIONS[operation](service, {})
    yield from answer[key]
    while token := answer.get("NextToken"):
        answer = OPERATIONS[operation](service, {"NextToken": token})
        yield from answer[key]


async def first_found(service: Service, asked: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """The first page that has a match, and the token of what comes after it; other requests are let in between."""
    for _ in range(SEARCHED_PAGES):
        answer = OPERATIONS["GetTraceSummaries"](service, asked)
        token: str | None = answer.get("NextToken")
        if answer["TraceSummaries"] or token is None:
            return answer["TraceSummaries"], token
        asked["NextToken"] = token
        await asyncio.sleep(0)
    return [], token


async def matching(service: Service, expression: str | None) -> str:
    """How many stored traces match, as a number, or as one with a + when counting stopped."""
    if not expression:
        return f"{service.health()['traces']:,}"
    asked = Question(expression, "all", "").api(service.clock())
    total = 0
    for _ in range(COUNTED_PAGES):
        answer = OPERATIONS["GetTraceSummaries"](service, asked)
        total += len(answer["TraceSummaries"])
        if not answer.get("NextToken"):
            return f"{total:,}"
        asked["NextToken"] = answer["NextToken"]
        await asyncio.sleep(0)
    return f"{total:,}+"
