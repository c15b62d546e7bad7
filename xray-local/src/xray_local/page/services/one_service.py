"""One service: its routes and its slowest requests, in a sample of its traces. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xray_local.page.frame.formats import trace_href
from xray_local.page.services.expressions import named
from xray_local.page.services.numbers import Call, Graph, Numbers, Service, numbers
from xray_local.traces.body import Http
from xray_local.traces.service_graph import CLIENT, CallStatistics
from xray_local.traces.services import ServiceNode
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression import nodes

EXAMPLES = 5
ROUTES_MAX = 50


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the service answered; `started` in epoch seconds, `took` in seconds."""

    trace_id: str
    href: str
    route: str
    status: int | None
    started: float
    took: float


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, without its query, with the requests of it; `filter` is the expression of their traces."""

    name: str
    numbers: Numbers
    filter: str


@dataclass(frozen=True, slots=True)
class OneService:
    """What the page of one service shows; routes and slow requests are those of the newest `sample` traces.

    There is more than one service of a name if its calls are also recorded by callers whose trace has no segment of it.
    """

    name: str
    filter: str
    services: tuple[Service, ...]
    callers: tuple[Call, ...]
    calls: tuple[Call, ...]
    routes: tuple[Route, ...]
    slow: tuple[Request, ...]
    failed: tuple[Request, ...]
    sample: int


def one_service(
    name: str, graph: Graph, sample: Sequence[TraceSummary], failed: Sequence[TraceSummary]
) -> OneService | None:
    """Return the services of a name in a graph, with their newest traces and the newest that failed; None without."""
    services = tuple(service for service in graph.services if service.name == name and not service.is_client)
    if not services:
        return None
    return OneService(
        name=name,
        filter=named(name),
        services=services,
        callers=tuple(call for call in graph.calls if call.target[0] == name),
        calls=tuple(call for call in graph.calls if call.source[0] == name and call.source[1] != CLIENT),
        routes=tuple(routes(name, sample)),
        slow=tuple(slowest(requests(name, sample))),
        failed=tuple(requests(name, failed)),
        sample=len(sample),
    )


def requests(name: str, traces: Iterable[TraceSummary]) -> list[Request]:
    """Return the requests that the services of a name answered in some traces."""
    return [_request(trace, node) for trace, node in _nodes(name, traces)]


def slowest(found: Iterable[Request]) -> list[Request]:
    """Return the slowest requests, the slowest first."""
    return sorted(found, key=lambda request: request.took, reverse=True)[:EXAMPLES]


def routes(name: str, traces: Iterable[TraceSummary]) -> list[Route]:
    """Return the routes of the services of a name, the most requests first; none that has no HTTP request."""
    by_route: defaultdict[str, list[ServiceNode]] = defaultdict(list)
    for _, node in _nodes(name, traces):
        if node.http.url or node.http.method:
            by_route[route(node.http)].append(node)
    found = sorted(by_route.items(), key=lambda item: len(item[1]), reverse=True)[:ROUTES_MAX]
    return [Route(shown, _numbers(calls), named(name, _condition(calls))) for shown, calls in found]


def route(http: Http) -> str:
    """Return the method and the path of a request, without its query."""
    path = "/" + (http.url or "").partition("://")[2].partition("/")[2].partition("?")[0]
    return f"{http.method or ''} {path}".strip()


def _nodes(name: str, traces: Iterable[TraceSummary]) -> Iterable[tuple[TraceSummary, ServiceNode]]:
    return ((trace, node) for trace in traces for node in trace.services if node.name == name)


def _request(trace: TraceSummary, node: ServiceNode) -> Request:
    shown = route(node.http) if node.http.url or node.http.method else node.name
    return Request(trace.id, trace_href(trace.id), shown, node.http.status, node.start, node.duration)


def _numbers(found: Sequence[ServiceNode]) -> Numbers:
    calls = CallStatistics()
    for node in found:
        calls.results[next(iter(node.flags), None)] += 1
        calls.histogram[round(node.duration, 3)] += 1
    return numbers(calls)


def _condition(found: Sequence[ServiceNode]) -> nodes.Expression:
    """Return what the requests of a route have in common."""
    urls = {node.http.url or "" for node in found}
    plain = min(urls).partition("?")[0]
    conditions = [
        nodes.Compare(keyword, operator, value)
        for keyword, operator, value in (
            ("http.method", "=", found[0].http.method),
            ("http.url", "=" if urls == {plain} else "BEGINSWITH", plain),
        )
        if value
    ]
    return nodes.And(tuple(conditions)) if len(conditions) > 1 else conditions[0]
