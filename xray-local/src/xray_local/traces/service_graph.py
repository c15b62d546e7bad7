"""The service graph of one or more traces, in the shape of GetTraceGraph and GetServiceGraph. Pure.

A node is a service by name and type: one that sent segments, one inferred from calls to it, or the client at the
start. Called by the two operations.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xray_local.traces.documents import Document
from xray_local.traces.summaries import summarize

Key = tuple[str, str]


@dataclass(slots=True)
class _Statistics:
    ok: int = 0
    throttles: int = 0
    errors: int = 0
    faults: int = 0
    seconds: float = 0.0
    histogram: dict[float, int] = field(default_factory=dict)

    def add(self, node: Mapping[str, Any]) -> None:
        self.faults += bool(node["fault"])
        self.throttles += bool(node["throttle"]) and not node["fault"]
        self.errors += bool(node["error"]) and not (node["fault"] or node["throttle"])
        self.ok += bool(node["ok"])
        self.seconds += node["responsetime"]
        bucket = round(node["responsetime"], 3)
        self.histogram[bucket] = self.histogram.get(bucket, 0) + 1

    def summary(self) -> dict[str, Any]:
        failed = self.throttles + self.errors
        return {
            "OkCount": self.ok,
            "ErrorStatistics": {
                "ThrottleCount": self.throttles,
                "OtherCount": self.errors,
                "TotalCount": failed,
            },
            "FaultStatistics": {"OtherCount": self.faults, "TotalCount": self.faults},
            "TotalCount": self.ok + failed + self.faults,
            "TotalResponseTime": self.seconds,
        }

    def buckets(self) -> list[dict[str, Any]]:
        return [{"Value": value, "Count": count} for value, count in sorted(self.histogram.items())]


@dataclass(slots=True)
class _Service:
    name: str
    type: str
    account_id: str
    root: bool = False
    statistics: _Statistics = field(default_factory=_Statistics)
    edges: dict[Key, _Statistics] = field(default_factory=dict)


def service_graph(traces: Iterable[Sequence[Document]], start: float, end: float) -> list[dict[str, Any]]:
    """Give the Service shapes of the traces; `start` and `end` (epoch seconds) are the range asked for."""
    services: dict[Key, _Service] = {}
    for documents in traces:
        if documents:
            _add(services, summarize(documents[0].trace_id, documents))
    references = {key: number for number, key in enumerate(services)}
    return [_to_api(service, references[key], references, (start, end)) for key, service in services.items()]


def _key(node: Mapping[str, Any]) -> Key:
    return node["Name"], node.get("Type", "")


def _service(services: dict[Key, _Service], node: Mapping[str, Any]) -> _Service:
    name, type_ = _key(node)
    return services.setdefault((name, type_), _Service(name, type_, node.get("AccountId", "")))


def _add(services: dict[Key, _Service], summary: Mapping[str, Any]) -> None:
    for node in summary["_services"]:
        service = _service(services, node)
        service.root = service.root or node["root"]
        service.statistics.add(node)
    for edge in summary["_edges"]:
        source = _service(services, edge["source"])
        if source.type == "client":
            source.statistics.add(edge)
        if _key(edge["source"]) != _key(edge["target"]):  # two recorders of one service are one node
            source.edges.setdefault(_key(edge["target"]), _Statistics()).add(edge)


def _to_api(
    service: _Service, reference: int, references: Mapping[Key, int], span: tuple[float, float]
) -> dict[str, Any]:
    times = {"StartTime": span[0], "EndTime": span[1]}
    return {
        "ReferenceId": reference,
        "Name": service.name,
        "Names": [service.name],
        "Root": service.root,
        "AccountId": service.account_id,
        "Type": service.type,
        "State": "active",
        **times,
        "Edges": [
            {
                "ReferenceId": references[target],
                **times,
                "SummaryStatistics": statistics.summary(),
                "ResponseTimeHistogram": statistics.buckets(),
                "Aliases": [],
            }
            for target, statistics in service.edges.items()
        ],
        "SummaryStatistics": service.statistics.summary(),
        "DurationHistogram": service.statistics.buckets(),
        "ResponseTimeHistogram": service.statistics.buckets(),
    }
