"""The service graph of one or more traces: how often each service was called, by which, and how it ended. Pure.

A node is a service by name and type: one that sent segments, one inferred from calls to it, or the client of a root,
which has the root's name and the type `client`.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from xray_local.traces.flags import Flag
from xray_local.traces.services import Edge, ServiceNode
from xray_local.traces.summaries import TraceSummary

CLIENT = "client"
Key = tuple[str, str]
Times: TypeAlias = "array[float]"
"""Start and end (epoch seconds), duration and the duration to the millisecond (seconds) of calls, one after another."""

_MEMBERS = 4  # of the times of one call


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

    def add(self, call: ServiceNode | Edge, times: "CallTimes", place: int) -> None:
        """Count the calls at a place of some traces: as the called service recorded them, or as their caller did."""
        starts, ends, durations, milliseconds = times.at(place)
        first, last = min(starts), max(ends)
        self.start, self.end = min(self.start, first), max(self.end, last)
        self.results[next(iter(call.flags), None)] += len(durations)
        self.seconds += sum(durations)
        self.histogram.update(milliseconds)

    def merge(self, other: "CallStatistics") -> None:
        """Count other calls as well."""
        self.start, self.end = min(self.start, other.start), max(self.end, other.end)
        self.results.update(other.results)
        self.seconds += other.seconds
        self.histogram.update(other.histogram)


@dataclass(frozen=True, slots=True)
class CallTimes:
    """The times of `calls` services and calls, for one trace after another."""

    calls: int
    values: Times

    def at(self, place: int) -> tuple[Times, ...]:
        """Return the starts, ends, durations and rounded durations at a place, one value of each trace."""
        first, step = _MEMBERS * place, _MEMBERS * self.calls
        return tuple(self.values[first + member :: step] for member in range(_MEMBERS))


def call_times(summary: TraceSummary) -> Times:
    """Return the times of each service and then of each call of a trace."""
    times = array("d")
    calls: tuple[ServiceNode | Edge, ...] = (*summary.services, *summary.edges)
    for call in calls:
        times.extend((call.start, call.end, call.duration, round(call.duration, 3)))
    return times


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


Graph = dict[Key, GraphService]


def service_graph(summaries: Iterable[TraceSummary]) -> Graph:
    """Return the services of the traces by name and type."""
    return graph_of_shapes((summary, call_times(summary)) for summary in summaries)


def graph_of_shapes(shapes: Iterable[tuple[TraceSummary, Times]]) -> Graph:
    """Return the same, from one trace of each shape with the call times of all traces that have it."""
    graph: Graph = {}
    for summary, values in shapes:
        times = CallTimes(len(summary.services) + len(summary.edges), values)
        _add_services(graph, summary, times)
        _add_edges(graph, summary, times)
    return graph


def merged(graphs: Iterable[Graph]) -> Graph:
    """Return the graph of all traces of some graphs, which stay as they are."""
    whole: Graph = {}
    for graph in graphs:
        for (name, type_), part in graph.items():
            service = _service(whole, name, type_)
            service.root = service.root or part.root
            service.active = service.active or part.active
            service.calls.merge(part.calls)
            for key, calls in part.edges.items():
                service.edges.setdefault(key, CallStatistics()).merge(calls)
    return whole


def _service(graph: Graph, name: str, type_: str) -> GraphService:
    return graph.setdefault((name, type_), GraphService(name, type_))


def _add_services(graph: Graph, summary: TraceSummary, times: CallTimes) -> None:
    for place, node in enumerate(summary.services):
        service = _service(graph, node.name, node.type)
        service.root = service.root or node.root
        service.active = service.active or not node.inferred
        service.calls.add(node, times, place)


def _add_edges(graph: Graph, summary: TraceSummary, times: CallTimes) -> None:
    for place, edge in enumerate(summary.edges, len(summary.services)):
        called = summary.services[edge.target]
        caller = None if edge.source is None else summary.services[edge.source]
        source = _service(graph, caller.name, caller.type) if caller else _service(graph, called.name, CLIENT)
        if caller is None:
            source.calls.add(edge, times, place)
        key = (called.name, called.type)
        if key != (source.name, source.type):  # a segment and a span of one service are one node
            source.edges.setdefault(key, CallStatistics()).add(edge, times, place)
