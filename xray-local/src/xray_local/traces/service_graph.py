"""The service graph of one or more traces: how often each service was called, by which, and how it ended. Pure.

A node is a service by name and type: one that sent segments, one inferred from calls to it, or the client at the
start.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from xray_local.traces.flags import Flag
from xray_local.traces.services import ServiceNode
from xray_local.traces.summaries import TraceSummary

CLIENT = "client"
Key = tuple[str, str]


@dataclass(slots=True)
class CallStatistics:
    """Calls by their most severe flag (None for those that went well), and by their seconds to the millisecond."""

    results: Counter[Flag | None] = field(default_factory=Counter)
    seconds: float = 0.0
    histogram: Counter[float] = field(default_factory=Counter)

    def add(self, called: ServiceNode) -> None:
        """Count one call of a service."""
        self.results[next(iter(called.flags), None)] += 1
        self.seconds += called.duration
        self.histogram[round(called.duration, 3)] += 1


@dataclass(slots=True)
class GraphService:
    """One node; `edges` are the calls that it made, by the key of the service that was called."""

    name: str
    type: str
    root: bool = False
    calls: CallStatistics = field(default_factory=CallStatistics)
    edges: dict[Key, CallStatistics] = field(default_factory=dict)


def service_graph(summaries: Iterable[TraceSummary]) -> dict[Key, GraphService]:
    """Return the services of the traces by name and type."""
    graph: dict[Key, GraphService] = {}
    for summary in summaries:
        _add_services(graph, summary)
        _add_edges(graph, summary)
    return graph


def _service(graph: dict[Key, GraphService], name: str, type_: str) -> GraphService:
    return graph.setdefault((name, type_), GraphService(name, type_))


def _add_services(graph: dict[Key, GraphService], summary: TraceSummary) -> None:
    for node in summary.services:
        service = _service(graph, node.name, node.type)
        service.root = service.root or node.root
        service.calls.add(node)


def _add_edges(graph: dict[Key, GraphService], summary: TraceSummary) -> None:
    for edge in summary.edges:
        called = summary.services[edge.target]
        caller = None if edge.source is None else summary.services[edge.source]
        source = _service(graph, caller.name, caller.type) if caller else _service(graph, CLIENT, CLIENT)
        if caller is None:
            source.calls.add(called)
        key = (called.name, called.type)
        if key != (source.name, source.type):  # a segment and a span of one service are one node
            source.edges.setdefault(key, CallStatistics()).add(called)
