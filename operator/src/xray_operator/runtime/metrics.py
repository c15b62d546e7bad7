"""The metrics in Prometheus' format. Calls are counted as they happen; the rest is read at each scrape.

`METRICS` is the one list of them, also for the reference page.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from xray_operator.aws.objects import Kind
from xray_operator.aws.state import AwsState
from xray_operator.kubernetes.resource_cache import ResourceCache
from xray_operator.manifests.kinds import KINDS
from xray_operator.status.reporter import Reporter


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric: its name, type, labels and help text."""

    name: str
    type: str
    labels: tuple[str, ...]
    text: str


CALLS = MetricInfo(
    "xray_operator_aws_calls_total",
    "counter",
    ("operation", "result"),
    "calls to AWS; result is Success or the error's reason",
)
OBJECTS = MetricInfo(
    "xray_operator_objects",
    "gauge",
    ("kind", "condition", "status"),
    "objects by condition and its status",
)
DRIFT_SEEN = MetricInfo("xray_operator_drift_seen_total", "counter", ("kind",), "detected changes outside the operator")
DRIFT_REPAIRED = MetricInfo(
    "xray_operator_drift_repaired_total", "counter", ("kind",), "undone changes outside the operator"
)
QUOTA_USED = MetricInfo("xray_operator_quota_used", "gauge", ("kind",), "custom rules and groups in the region")
QUOTA_LIMIT = MetricInfo("xray_operator_quota_limit", "gauge", ("kind",), "their quota in AWS")
SYNC_AGE = MetricInfo(
    "xray_operator_last_sync_age_seconds",
    "gauge",
    (),
    "seconds since the last complete read of AWS",
)
RULE_REQUESTS = MetricInfo(
    "xray_operator_rule_requests",
    "gauge",
    ("rule", "result"),
    "requests in AWS's latest windows of sampling statistics; result is matched, sampled or borrowed",
)
FORBIDDEN = MetricInfo(
    "xray_operator_forbidden_namespaces",
    "gauge",
    (),
    "namespaces of --namespaces in which the operator has no permission; the others are served",
)
CONFLICTS = MetricInfo(
    "xray_operator_conflicts", "gauge", (), "resources whose status another operator writes, too; expected 0"
)
LEADER = MetricInfo("xray_operator_leader", "gauge", (), "1 if this process writes, 0 if it is a standby")
METRICS = (
    LEADER,
    CALLS,
    OBJECTS,
    DRIFT_SEEN,
    DRIFT_REPAIRED,
    QUOTA_USED,
    QUOTA_LIMIT,
    RULE_REQUESTS,
    SYNC_AGE,
    FORBIDDEN,
    CONFLICTS,
)


class Calls:
    """Counts the calls to AWS, from any thread."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def count(self, operation: str, result: str) -> None:
        """Count a call."""
        with self._lock:
            self._counts[operation, result] += 1

    def counts(self) -> dict[tuple[str, ...], float]:
        """Return the counts by operation and result."""
        with self._lock:
            return dict(self._counts)


class ProcessCollector(Collector):
    """What every process has, a standby too."""

    def __init__(self, calls: Calls, *, is_leader: bool) -> None:
        self._calls = calls
        self._is_leader = is_leader

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        yield _family(LEADER, {(): self._is_leader})
        yield _family(CALLS, self._calls.counts())


class OperatorCollector(Collector):
    """Reads the operator's state at each scrape; a standby has none."""

    def __init__(
        self,
        state: AwsState,
        cache: ResourceCache,
        reporter: Reporter,
        quotas: Mapping[Kind, int],
        forbidden: Callable[[], Collection[str]],
    ) -> None:
        self._state = state
        self._cache = cache
        self._reporter = reporter
        self._quotas = quotas
        self._forbidden = forbidden

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        yield _family(OBJECTS, self._objects())
        yield _family(DRIFT_SEEN, {(kind,): self._reporter.drift_seen[kind] for kind in KINDS})
        yield _family(DRIFT_REPAIRED, {(kind,): self._reporter.drift_repaired[kind] for kind in KINDS})
        yield _family(QUOTA_LIMIT, {(kind,): self._quotas[kind] for kind in KINDS})
        yield _family(RULE_REQUESTS, self._rule_requests())
        yield _family(FORBIDDEN, {(): len(self._forbidden())})
        yield _family(CONFLICTS, {(): self._reporter.others.conflicts(self._cache.resources)})
        age = self._state.age
        if age is not None:
            yield _family(QUOTA_USED, {(kind,): self._state.observed.used(kind) for kind in KINDS})
            yield _family(SYNC_AGE, {(): age})

    def _objects(self) -> Counter[tuple[str, ...]]:
        return Counter(
            (key.kind, str(condition.get("type")), str(condition.get("status")))
            for key, resource in self._cache.resources.items()
            for condition in resource.status.get("conditions") or ()
        )

    def _rule_requests(self) -> dict[tuple[str, ...], float]:
        return {
            (rule, result): count
            for rule, statistics in self._state.statistics.items()
            for result, count in (
                ("matched", statistics.requests),
                ("sampled", statistics.sampled),
                ("borrowed", statistics.borrowed),
            )
        }


def _family(info: MetricInfo, values: Mapping[tuple[str, ...], float]) -> Metric:
    kind = CounterMetricFamily if info.type == "counter" else GaugeMetricFamily
    family = kind(info.name, info.text, labels=info.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def render(*collectors: Collector) -> bytes:
    """Return the text of a scrape."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)
