"""The sampling arithmetic of the service: who asks for which rule, and how its reservoir is divided. Pure.

A client reports what it did every 10 seconds and gets a quota for the next ones. AWS does not publish how it divides a
reservoir; here the live clients of a rule get equal whole parts, and the first ones (by client id) the remainder, so
that the parts add up to ReservoirSize exactly. Called by the GetSamplingTargets and GetSamplingStatisticSummaries
operations.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from xray_model import SamplingRule

INTERVAL = 10  # seconds between two reports of a client
LIVE_SECONDS = 3 * INTERVAL  # a client that misses three reports is gone
QUOTA_TTL = 300  # seconds that a quota holds
STALE_SECONDS = 600  # statistics older than this are refused, as AWS does for old ones
KEPT_SECONDS = 6 * 3600  # how far back summaries reach


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one client did with one rule since its last report; `timestamp` in epoch seconds."""

    rule_name: str
    client_id: str
    timestamp: float
    request_count: int
    sampled_count: int
    borrow_count: int


@dataclass(frozen=True, slots=True)
class Target:
    """What a client may do: `reservoir_quota` requests a second until `reservoir_quota_ttl` (epoch), then the rate."""

    rule_name: str
    fixed_rate: float
    reservoir_quota: int
    reservoir_quota_ttl: float
    interval: int

    def to_api(self) -> dict[str, Any]:
        """Give the SamplingTargetDocument shape."""
        return {
            "RuleName": self.rule_name,
            "FixedRate": self.fixed_rate,
            "ReservoirQuota": self.reservoir_quota,
            "ReservoirQuotaTTL": self.reservoir_quota_ttl,
            "Interval": self.interval,
        }


@dataclass(slots=True)
class _Counts:
    requests: int = 0
    sampled: int = 0
    borrowed: int = 0

    def add(self, statistics: Statistics) -> None:
        self.requests += statistics.request_count
        self.sampled += statistics.sampled_count
        self.borrowed += statistics.borrow_count

    def to_api(self) -> dict[str, int]:
        return {"RequestCount": self.requests, "SampledCount": self.sampled, "BorrowCount": self.borrowed}


class Reservoirs:
    """The live clients of each rule, and what they reported. `now` is epoch seconds, given by the caller."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._windows: defaultdict[int, defaultdict[str, _Counts]] = defaultdict(lambda: defaultdict(_Counts))
        self._totals: defaultdict[str, _Counts] = defaultdict(_Counts)

    def record(self, statistics: Statistics, *, now: float) -> None:
        """Count a report in the window of its own timestamp, and its client as live."""
        self._seen[statistics.rule_name][statistics.client_id] = now
        window = int(statistics.timestamp) // INTERVAL * INTERVAL
        self._windows[window][statistics.rule_name].add(statistics)
        self._totals[statistics.rule_name].add(statistics)
        for old in [one for one in self._windows if one < now - KEPT_SECONDS]:
            del self._windows[old]

    def target(self, rule: SamplingRule, client_id: str, *, now: float) -> Target:
        """Give a client its part of the rule's reservoir; asking makes it live."""
        seen = self._seen[rule.rule_name]
        seen[client_id] = now
        for gone in [client for client, when in seen.items() if when < now - LIVE_SECONDS]:
            del seen[gone]
        return Target(
            rule_name=rule.rule_name,
            fixed_rate=rule.fixed_rate,
            reservoir_quota=_part(rule.reservoir_size, sorted(seen), client_id),
            reservoir_quota_ttl=now + QUOTA_TTL,
            interval=INTERVAL,
        )

    def summaries(self, *, since: float, until: float) -> list[dict[str, Any]]:
        """Give SamplingStatisticSummary shapes for the windows that begin within the range, oldest first."""
        return [
            {"RuleName": rule, "Timestamp": float(window), **counts.to_api()}
            for window in sorted(self._windows)
            if since - INTERVAL < window <= until
            for rule, counts in sorted(self._windows[window].items())
        ]

    def totals(self) -> dict[str, dict[str, int]]:
        """Give each rule's counts since the start."""
        return {rule: counts.to_api() for rule, counts in sorted(self._totals.items())}

    def forget(self, rule_name: str) -> None:
        """Drop a deleted rule's clients; its history stays."""
        self._seen.pop(rule_name, None)


def _part(size: int, clients: Iterable[str], client_id: str) -> int:
    order = list(clients)
    share, remainder = divmod(size, len(order))
    return share + (order.index(client_id) < remainder)
