"""The numbers of the services and their calls, as the page and its JSON have them. Pure.

A call failed if it has a fault (a 5xx or an exception); errors (4xx) and throttles (429) are counted beside that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from xray_local.page.services.expressions import Names
from xray_local.traces.flags import Flag
from xray_local.traces.service_graph import CLIENT, CallStatistics, GraphService, Key
from xray_model.filter_expression import nodes

Show = Literal["traffic", "failures", "slow"]
SHOWS: tuple[Show, ...] = get_args(Show)
BAD_SHARE = 0.1  # of calls, beyond which their failures are marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How many calls there were and how they ended; times in seconds, each of which that many calls do not exceed."""

    calls: int
    ok: int
    errors: int
    throttles: int
    failures: int
    p50: float
    p95: float
    longest: float

    @property
    def failed(self) -> float:
        """The share of calls that failed."""
        return self.failures / self.calls if self.calls else 0.0

    @property
    def severity(self) -> str:
        """The flag of more than BAD_SHARE of the calls, the most severe one; empty if there is none."""
        return self._flag(BAD_SHARE * self.calls)

    @property
    def worst(self) -> str:
        """The most severe flag of any call; empty if all are ok."""
        return self._flag(0)

    def _flag(self, least: float) -> str:
        counts = ((Flag.FAULT, self.failures), (Flag.THROTTLE, self.throttles), (Flag.ERROR, self.errors))
        return next((str(flag) for flag, count in counts if count > least), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The calls of one service by another, by their keys; `filter` is the expression of their traces."""

    source: Key
    target: Key
    numbers: Numbers
    filter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, or the client of the traces; `inferred` if it sent no segment itself."""

    name: str
    type: str
    inferred: bool
    numbers: Numbers
    filter: str

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.name, self.type

    @property
    def is_client(self) -> bool:
        """Whether it stands for whoever sent the first request."""
        return self.type == CLIENT

    @property
    def kind(self) -> str:
        """Its type, without the prefix that most have."""
        return self.type.removeprefix("AWS::")


@dataclass(frozen=True, slots=True)
class Graph:
    """The services, and the calls between them."""

    services: tuple[Service, ...]
    calls: tuple[Call, ...]


def graph_numbers(graph: Mapping[Key, GraphService], show: Show = "traffic") -> Graph:
    """Return services and calls in the order of what is shown: the most calls, the most failures or the slowest."""
    names = Names(graph)
    services = [_service(service, names, show) for service in graph.values()]
    calls = [
        _call(source, target, statistics, names, show)
        for source, service in graph.items()
        for target, statistics in service.edges.items()
    ]
    services.sort(key=lambda service: _rank(service.numbers, show), reverse=True)
    calls.sort(key=lambda call: _rank(call.numbers, show), reverse=True)
    return Graph(tuple(services), tuple(calls))


def _service(service: GraphService, names: Names, show: Show) -> Service:
    found = numbers(service.calls)
    expression = names.service((service.name, service.type), _condition(found, show))
    is_inferred = not service.active and service.type != CLIENT
    return Service(name=service.name, type=service.type, inferred=is_inferred, numbers=found, filter=expression)


def _call(source: Key, target: Key, statistics: CallStatistics, names: Names, show: Show) -> Call:
    found = numbers(statistics)
    expression = names.call(source, target, _condition(found, show))
    return Call(source=source, target=target, numbers=found, filter=expression)


def _condition(found: Numbers, show: Show) -> nodes.Expression | None:
    match show:
        case "traffic":
            return None
        case "failures":
            return nodes.Not(nodes.Flag("ok"))
        case "slow":
            least = max(0.0, round(found.p95 - 0.0005, 4))  # the percentile is rounded to the millisecond
            return nodes.Compare("responsetime", ">=", least)


def _rank(found: Numbers, show: Show) -> tuple[float, ...]:
    match show:
        case "traffic":
            return (found.calls,)
        case "failures":
            return found.failures, found.throttles, found.errors, found.calls
        case "slow":
            return found.p95, found.calls


def numbers(calls: CallStatistics) -> Numbers:
    """Return the numbers of some calls."""
    total, results = calls.results.total(), calls.results
    p50, p95, longest = percentiles(calls.histogram, (0.5, 0.95, 1.0))
    return Numbers(
        calls=total,
        ok=results[None],
        errors=results[Flag.ERROR],
        throttles=results[Flag.THROTTLE],
        failures=results[Flag.FAULT],
        p50=p50,
        p95=p95,
        longest=longest,
    )


def percentiles(histogram: Mapping[float, int], shares: tuple[float, ...]) -> list[float]:
    """Return the smallest value that each share of all is not above, by the counts of the values; rising shares."""
    found: list[float] = []
    total, passed = sum(histogram.values()), 0
    for value, count in sorted(histogram.items()):
        passed += count
        while len(found) < len(shares) and passed >= shares[len(found)] * total:
            found.append(value)
    return found or [0.0] * len(shares)
