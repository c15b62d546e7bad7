"""How the reservoir of a sampling rule is divided among its clients, and what they reported. Pure.

A client reports its counts every 10 seconds and gets a quota for the next ones. AWS does not publish how it divides a
reservoir; here the live clients of a rule get equal whole parts, and the remainder goes to others of them in each turn
of a minute, so that the parts add up to ReservoirSize exactly and no client is left without for long.
"""

from collections import defaultdict, deque
from dataclasses import dataclass

from xray_model import SamplingRule

INTERVAL = 10  # seconds between two reports of a client
LIVE_SECONDS = 3 * INTERVAL  # a client that misses three reports is no longer live
TURN_SECONDS = 60  # after which the remainder of a reservoir goes to the next clients
QUOTA_TTL = 300  # seconds that a quota is valid
STALE_SECONDS = 600  # statistics older than this are refused, as AWS does
HISTORY_SECONDS = 6 * 3600  # how far back the windows reach
RECENT_SECONDS = 60  # of which reports the present rates are computed
CLIENTS_MAX = 10_000  # pairs of a rule and a client whose counts are kept


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests that matched a rule, how many of them were sampled, and how many borrowed from the reservoir."""

    requests: int = 0
    sampled: int = 0
    borrowed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(self.requests + other.requests, self.sampled + other.sampled, self.borrowed + other.borrowed)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one client did with one rule since its last report; `timestamp` in epoch seconds."""

    rule_name: str
    client_id: str
    timestamp: float
    counts: Counts


@dataclass(frozen=True, slots=True)
class Target:
    """What a client may do: `reservoir_quota` requests a second until `reservoir_quota_ttl` (epoch), then the rate."""

    rule_name: str
    fixed_rate: float
    reservoir_quota: int
    reservoir_quota_ttl: float
    interval: int


@dataclass(frozen=True, slots=True)
class Window:
    """The counts of one rule in the INTERVAL seconds from `timestamp` (epoch) on."""

    rule_name: str
    timestamp: float
    counts: Counts


@dataclass(frozen=True, slots=True)
class ClientCounts:
    """What one client reported about one rule: all of it, and of it what it reported in the last RECENT_SECONDS.

    `seconds` is the time in which it did the latter, `last` when it last reported (epoch seconds).
    """

    rule_name: str
    client_id: str
    counts: Counts
    recent: Counts
    seconds: float
    last: float


class Reservoirs:
    """The live clients of each rule, and the counts that they reported. `now` is in epoch seconds."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._windows: defaultdict[int, defaultdict[str, Counts]] = defaultdict(lambda: defaultdict(Counts))
        self._clients: dict[tuple[str, str], tuple[Counts, float, float]] = {}  # with the first and the last report
        self._recent: deque[tuple[float, Statistics]] = deque()

    def record(self, statistics: Statistics, *, now: float) -> None:
        """Count a report in the window of its own timestamp, or of now if that is later, and its client as live."""
        self._seen[statistics.rule_name][statistics.client_id] = now
        window = int(min(statistics.timestamp, now)) // INTERVAL * INTERVAL
        self._windows[window][statistics.rule_name] += statistics.counts
        for expired in [window for window in self._windows if window < now - HISTORY_SECONDS]:
            del self._windows[expired]
        self._record_client(statistics, now)

    def _record_client(self, statistics: Statistics, now: float) -> None:
        key = (statistics.rule_name, statistics.client_id)
        counts, first, _ = self._clients.pop(key, (Counts(), now, now))
        self._clients[key] = counts + statistics.counts, first, now  # the last one, so that they are ordered by time
        while self._clients:
            oldest = next(iter(self._clients))
            if len(self._clients) <= CLIENTS_MAX and self._clients[oldest][2] >= now - HISTORY_SECONDS:
                break
            del self._clients[oldest]
        self._recent.append((now, statistics))
        self._forget_recent(now)

    def _forget_recent(self, now: float) -> None:
        while self._recent and self._recent[0][0] <= now - RECENT_SECONDS:
            self._recent.popleft()

    def clients(self, *, now: float) -> list[ClientCounts]:
        """Return what each client reported about each rule, the last report first."""
        self._forget_recent(now)
        recent: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
        for _, statistics in self._recent:
            recent[statistics.rule_name, statistics.client_id] += statistics.counts
        return [
            ClientCounts(*key, counts, recent[key], min(RECENT_SECONDS, now - first + INTERVAL), last)
            for key, (counts, first, last) in reversed(self._clients.items())
        ]

    def target(self, rule: SamplingRule, client_id: str, *, now: float) -> Target:
        """Return a client's part of the rule's reservoir; the request makes the client live."""
        seen = self._seen[rule.rule_name]
        seen[client_id] = now
        for expired in [client for client, when in seen.items() if when < now - LIVE_SECONDS]:
            del seen[expired]
        place = sorted(seen).index(client_id)
        return Target(
            rule_name=rule.rule_name,
            fixed_rate=rule.fixed_rate,
            reservoir_quota=_part(rule.reservoir_size, place, len(seen), int(now) // TURN_SECONDS),
            reservoir_quota_ttl=now + QUOTA_TTL,
            interval=INTERVAL,
        )

    def windows(self, *, since: float, until: float) -> list[Window]:
        """Return the windows that begin within the range, oldest first."""
        return [
            Window(rule_name, float(window), counts)
            for window in sorted(self._windows)
            if since - INTERVAL < window <= until
            for rule_name, counts in sorted(self._windows[window].items())
        ]

    def forget(self, rule_name: str) -> None:
        """Delete the clients of a deleted rule; its windows stay."""
        self._seen.pop(rule_name, None)


def _part(size: int, place: int, clients: int, turn: int) -> int:
    share, remainder = divmod(size, clients)
    return share + ((place - turn * remainder) % clients < remainder)
