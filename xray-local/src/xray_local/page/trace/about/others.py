"""How a trace compares with the others: how slow it is among those of its request, and how many failed like it."""

import math
from dataclasses import dataclass

from xray_local.api.filters import TraceFilter
from xray_local.page.frame import formats
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.header import Head
from xray_local.page.trace.row.exceptions import failures
from xray_local.state.region import Region
from xray_local.state.store import Count, Selection
from xray_local.traces.flags import Flag
from xray_model.filter_expression import Expression, nodes, to_text

COUNT_SECONDS = 0.05
"""Seconds of CPU time for one count; what they are not enough for is a lower bound, and no percentile is shown."""

FEW = 5
"""A percentile among fewer traces says nothing."""


@dataclass(frozen=True, slots=True)
class Among:
    """Traces that a sentence names: how many, and the address of their list."""

    number: int
    at_least: bool
    href: str


@dataclass(frozen=True, slots=True)
class Place:
    """The share of the traces of the same request that are faster, and those traces."""

    slower_than: float
    route: str
    traces: Among


def place_among(region: Region, head: Head, seconds: float) -> Place | None:
    """Return the place of a trace that took some seconds among those with its method and URL, if they are enough."""
    request = same_request(head)
    if request is None:
        return None
    all_ = _count(region, request)
    if not all_.is_complete or all_.number < FEW:
        return None
    faster = _count(region, nodes.And((request, nodes.Compare("responsetime", "<", seconds))))
    if not faster.is_complete:
        return None
    route = f"{head.method} {head.path}".strip()
    return Place(faster.number / all_.number, route, Among(all_.number, False, _href(request)))


def same_request(head: Head) -> Expression | None:
    """Return the expression of the traces with the same method and URL; None for a trace without a URL."""
    if not head.url:
        return None
    url = nodes.Compare("http.url", "=", head.url)
    return nodes.And((nodes.Compare("http.method", "=", head.method), url)) if head.method else url


def failed_alike(region: Region, trace: AnalysedTrace) -> Among | None:
    """Return the other traces that failed with the same exception, or else in the same service."""
    expression = same_failure(trace)
    if expression is None:
        return None
    count = _count(region, expression)
    return Among(count.number - 1, not count.is_complete, _href(expression)) if count.number > 1 else None


def same_failure(trace: AnalysedTrace) -> Expression | None:
    """Return the expression of the traces that failed like this one, if its failure reached the client."""
    failure = trace.failure
    if failure is None or not failure.client:
        return None
    flag = nodes.Flag(str(failure.flag))
    service = nodes.Service(nodes.Identity(name=failure.services[-1]), flag)
    if failure.exception is None or failure.flag is Flag.THROTTLE:
        return nodes.And((flag, service))
    [first, *_] = failures(trace.rows[failure.exception].body)
    named = nodes.RootCause(str(failure.flag), "exception", nodes.Compare("name", "=", first.type))
    return nodes.And((flag, named))


def _href(expression: Expression) -> str:
    return formats.filter_href(to_text(expression))


def _count(region: Region, expression: Expression) -> Count:
    return region.store.count(Selection(0.0, math.inf, "start", TraceFilter(expression)), seconds=COUNT_SECONDS)
