"""The metrics, in Prometheus' form. Counters of calls count as they happen; the rest is read when somebody asks.

`METRICS` is the one list of them; the documents' table is made from it.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from xray_operator.mirror import Mirror
from xray_operator.ports import Kind
from xray_operator.region import Region
from xray_operator.report import Report


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """One metric: its name, type, labels, and what it tells."""

    name: str
    type: str
    labels: tuple[str, ...]
    text: str


CALLS = MetricInfo(
    "xray_operator_aws_calls_total",
    "counter",
    ("operation", "result"),
    "calls to AWS; result is Success or the reason of the error",
)
OBJECTS = MetricInfo(
    "xray_operator_objects",
    "gauge",
    ("kind", "condition", "status"),
    "objects by condition and its status",
)
DRIFT_SEEN = MetricInfo("xray_operator_drift_seen_total", "counter", ("kind",), "changes by others that were seen")
DRIFT_REPAIRED = MetricInfo("xray_operator_drift_repaired_total", "counter", ("kind",), "of these, put right")
QUOTA_USED = MetricInfo("xray_operator_quota_used", "gauge", ("kind",), "custom rules and groups in the region")
QUOTA_LIMIT = MetricInfo("xray_operator_quota_limit", "gauge", ("kind",), "how many of them AWS allows")
SYNC_AGE = MetricInfo(
    "xray_operator_last_sync_age_seconds", "gauge", (), "seconds since AWS was last read whole; absent before"
)
METRICS = (CALLS, OBJECTS, DRIFT_SEEN, DRIFT_REPAIRED, QUOTA_USED, QUOTA_LIMIT, SYNC_AGE)
_KINDS: tuple[Kind, ...] = ("rule", "group")


class Calls:
    """Counts the calls to AWS; a gateway in a thread tells of them."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def told(self, operation: str, result: str) -> None:
        """Count a call."""
        with self._lock:
            self._counts[operation, result] += 1

    def counts(self) -> dict[tuple[str, ...], float]:
        """Give the counts by operation and result."""
        with self._lock:
            return dict(self._counts)


class OperatorCollector(Collector):
    """Reads the operator's state for each scrape."""

    def __init__(
        self, calls: Calls, region: Region, mirror: Mirror, report: Report, quotas: Mapping[Kind, int]
    ) -> None:
        self._calls = calls
        self._region = region
        self._mirror = mirror
        self._report = report
        self._quotas = quotas

    def collect(self) -> Iterable[Metric]:
        """Give all metrics."""
        yield _family(CALLS, self._calls.counts())
        yield _family(OBJECTS, self._objects())
        yield _family(DRIFT_SEEN, {(kind,): self._report.drift_seen[kind] for kind in _KINDS})
        yield _family(DRIFT_REPAIRED, {(kind,): self._report.drift_repaired[kind] for kind in _KINDS})
        yield _family(QUOTA_LIMIT, {(kind,): self._quotas[kind] for kind in _KINDS})
        age = self._region.age
        if age is not None:
            yield _family(QUOTA_USED, {(kind,): self._region.observed.used(kind) for kind in _KINDS})
            yield _family(SYNC_AGE, {(): age})

    def _objects(self) -> Counter[tuple[str, ...]]:
        return Counter(
            (key.kind, str(condition.get("type")), str(condition.get("status")))
            for key, resource in self._mirror.resources.items()
            for condition in resource.status.get("conditions") or ()
        )


def _family(info: MetricInfo, values: Mapping[tuple[str, ...], float]) -> Metric:
    kind = CounterMetricFamily if info.type == "counter" else GaugeMetricFamily
    family = kind(info.name, info.text, labels=info.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def render(collector: OperatorCollector) -> bytes:
    """Give the text for a scrape."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)
