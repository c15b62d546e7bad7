"""The service graph of one or more traces: how often each service was called, by which, and how it ended. Pure.

A node is a service by name and type: one that sent segments, one inferred from calls to it, or the client of a root,
which has the root's name and the type `client`.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from xray_local.traces.flags import Flag
from xray_local.traces.services import Edge, ServiceNode
from xray_local.traces.summaries import TraceSummary

CLIENT = "client"
Key = tuple[str, str]


@dataclass(slots=True)
class CallStatistics:
    """Calls by their most severe flag (None for those that went well), and by their seconds to the millisecond.

    `start` and `end` are the time in which they were made, in epoch seconds.
    """

    start: float = math.inf
    end: float = -math.inf
    results: Counter[Flag | None] = field(default_factory=Counter)
    seconds: float = 0.0
    histogram: Counter[float] = field(default_factory=Counter)

    def add(self, call: ServiceNode | Edge) -> None:
        """Count one call: as the called service recorded it, or as its caller did."""
        self.start, self.end = min(self.start, call.start), max(self.end, call.end)
        self.results[next(iter(call.flags), None)] += 1
        self.seconds += call.duration
        self.histogram[round(call.duration, 3)] += 1


@dataclass(slots=True)
class GraphService:
    """One node; `edges` are the calls that it made, by the key of the service that was called.

    It is `active` if it sent a segment itself.
    """

    name: str
    type: str
    root: bool = False
    active: bool = False
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
        service.active = service.active or not node.inferred
        service.calls.add(node)


def _add_edges(graph: dict[Key, GraphService], summary: TraceSummary) -> None:
    for edge in summary.edges:
        called = summary.services[edge.target]
        caller = None if edge.source is None else summary.services[edge.source]
        source = _service(graph, caller.name, caller.type) if caller else _service(graph, called.name, CLIENT)
        if caller is None:
            source.calls.add(edge)
        key = (called.name, called.type)
        if key != (source.name, source.type):  # a segment and a span of one service are one node
            source.edges.setdefault(key, CallStatistics()).add(edge)
