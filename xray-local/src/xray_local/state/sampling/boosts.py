"""Adaptive sampling: when a rule's rate is boosted for a minute, from the anomalies that clients report. Pure.

AWS does not publish its formula. Here a report with anomalies starts a boost if the rule has a SamplingRateBoost, no
boost started within its cooldown window, and fewer than ANOMALIES_WANTED of the reported anomalies were sampled. The
rate is the one at which ANOMALIES_WANTED of them would have been, at most MaxRate; if the rule's own rate reaches it,
there is no boost. A boost lasts BOOST_SECONDS.
"""

from dataclasses import dataclass

from xray_model import SamplingRule

ANOMALIES_WANTED = 10
BOOST_SECONDS = 60
CLIENT_SECONDS = 3600  # a client that reported boost statistics is answered boosts for this long


@dataclass(frozen=True, slots=True)
class Boost:
    """A higher rate for one rule, from `start` until `end` (epoch seconds)."""

    rate: float
    start: float
    end: float


class Boosts:
    """The last boost of each rule, and the clients that know boosts. `now` is in epoch seconds."""

    def __init__(self) -> None:
        self._boosts: dict[str, Boost] = {}
        self._clients: dict[str, float] = {}

    def report(self, rule: SamplingRule, *, anomalies: int, sampled: int, now: float) -> None:
        """Start a boost if the anomalies of a report call for one."""
        wanted = rule.sampling_rate_boost
        last = self._boosts.get(rule.rule_name)
        if wanted is None or anomalies <= 0 or sampled >= ANOMALIES_WANTED:
            return
        if last is not None and now < max(last.end, last.start + 60 * wanted.cooldown_window_minutes):
            return
        rate = min(wanted.max_rate, ANOMALIES_WANTED / anomalies)
        if rate > rule.fixed_rate:
            self._boosts[rule.rule_name] = Boost(rate, now, now + BOOST_SECONDS)

    def add_client(self, client_id: str, *, now: float) -> None:
        """Note a client that sends boost statistics; any other one may refuse an answer with a boost."""
        self._clients[client_id] = now
        for expired in [client for client, when in self._clients.items() if when < now - CLIENT_SECONDS]:
            del self._clients[expired]

    def active(self, rule: SamplingRule, client_id: str, *, now: float) -> Boost | None:
        """Return the rule's boost for a client, None if it has none or the client does not know boosts."""
        boost = self._boosts.get(rule.rule_name)
        is_active = boost is not None and rule.sampling_rate_boost is not None and now < boost.end
        return boost if is_active and client_id in self._clients else None

    def forget(self, rule_name: str) -> None:
        """Delete the boost of a deleted rule."""
        self._boosts.pop(rule_name, None)
