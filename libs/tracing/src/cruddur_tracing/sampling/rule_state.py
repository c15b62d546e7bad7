"""The state of one sampling rule in a process: its reservoir, its rate, and the counts for the next report.

A reservoir gives a quota of requests a second that X-Ray has assigned to this process until a time. Without a valid
quota a process borrows one request a second. The requests that the reservoir does not sample are sampled at the rate.
All times are in epoch seconds.
"""

import itertools
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

from xray_model import SamplingRule

NEVER: Final = float("-inf")
FOREVER: Final = float("inf")


class Decision(NamedTuple):
    """Whether a trace is sampled, and the name of the rule that decided; None if no rule did.

    `rule_key` is set if the rule can be boosted: the value of `xrsr` in the trace state, by which the services that the
    request calls recognize the rule.
    """

    sampled: bool
    rule: str | None = None
    rule_key: str | None = None


class Counts(NamedTuple):
    """The requests that matched a rule, those that were sampled, and those of them that borrowed."""

    requests: int = 0
    sampled: int = 0
    borrowed: int = 0


class BoostCounts(NamedTuple):
    """The traces that belong to a rule, those with an anomaly, and those of them that were sampled."""

    traces: int = 0
    anomalies: int = 0
    sampled_anomalies: int = 0


class Target(NamedTuple):
    """What X-Ray assigns to this process for a rule; a member that is None keeps its value, but a boost ends.

    `quota` is in requests a second, `interval` in seconds between two reports.
    """

    rule_name: str
    rate: float | None = None
    quota: int | None = None
    quota_until: float | None = None
    interval: float | None = None
    boost_rate: float | None = None
    boost_until: float | None = None


def rule_key(rule_name: str) -> str:
    """Return a rule's key in a trace state: the first 16 hexadecimal digits of its name's SHA-256, as in ADOT."""
    return sha256(rule_name.encode()).hexdigest()[:16]


class _Tally:
    """A count to which threads add without a lock: each takes a number, by one call in C."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._latest, self._first = -1, 0  # the number that was taken last, and the first that is not counted yet
        self._returned = 0

    @property
    def is_used(self) -> bool:
        """Whether it is more than 0."""
        return self._latest >= self._first or self._returned > 0

    def add(self) -> None:
        """Add 1."""
        self._latest = next(self._numbers)

    def take(self) -> int:
        """Return the count and start again from 0; by one thread at a time."""
        number = next(self._numbers)
        count = number - self._first + self._returned
        self._first, self._returned = number + 1, 0
        return count

    def give_back(self, count: int) -> None:
        """Add what was taken; by one thread at a time."""
        self._returned += count


class RuleState:
    """One rule as this process applies it; safe to use from several threads.

    `interval` is the number of seconds between two reports.
    """

    def __init__(self, rule: SamplingRule, interval: float) -> None:
        self.interval = interval
        self._set_rule(rule)
        self._rate = rule.fixed_rate
        self.reset()

    def reset(self) -> None:
        """Forget counts, quota and boost, and make a new lock: the child of a fork is a new client of X-Ray."""
        self._lock = threading.Lock()
        self._quota: int | None = None
        self._quota_until = self._valid_until = self._boost_until = NEVER
        self._boost_rate = 0.0
        self._second = self._taken = self._borrowed_now = 0
        self._empty_until = NEVER  # there is nothing left for this second
        self._sampled = self._borrowed = 0
        self._unsampled = _Tally()
        self._boost_counts = BoostCounts()

    @property
    def name(self) -> str:
        """The rule's name."""
        return self._rule.rule_name

    @property
    def key(self) -> str | None:
        """The rule's key in a trace state if the rule can be boosted."""
        return self._yes.rule_key

    @property
    def reservoir_size(self) -> int:
        """The requests a second that all clients together may sample."""
        return self._rule.reservoir_size

    def decide(self, now: float, roll: Callable[[], float]) -> Decision:
        """Count a request and decide about it; `roll` returns a random number of at least 0 and less than 1."""
        if (int(now) != self._second or now > self._empty_until) and self._take(now):
            return self._yes
        if roll() < (self._rate if now >= self._boost_until else max(self._boost_rate, self._rate)):
            with self._lock:
                self._sampled += 1
            return self._yes
        self._unsampled.add()
        return self._no

    def _take(self, now: float) -> bool:
        """Take a request out of the reservoir, by quota or borrowed, if there is one for this second."""
        with self._lock:
            second = int(now)
            if second != self._second:
                self._taken = self._borrowed_now = 0
                self._empty_until = NEVER
                self._second = second  # last: who reads it without the lock finds the rest
            if now <= self._valid_until:
                left = self._taken < self._quota  # type: ignore[operator]  # a valid time means that it is known
                self._taken += left
            else:
                left = self._can_borrow and not self._borrowed_now
                self._borrowed_now += left
                self._borrowed += left
            self._sampled += left
            if not left:
                self._empty_until = self._valid_until if now <= self._valid_until else FOREVER
            return left

    def replace(self, rule: SamplingRule) -> None:
        """Apply a new version of the rule; counts and reservoir stay, and so does the assigned rate of an equal one."""
        with self._lock:
            if rule.fixed_rate != self._rule.fixed_rate:
                self._rate = rule.fixed_rate
            self._set_rule(rule)
            self._empty_until = NEVER
            if self.key is None:
                self._boost_until = NEVER
                self._boost_counts = BoostCounts()

    def assign(self, target: Target) -> None:
        """Apply what X-Ray assigned."""
        with self._lock:
            if target.rate is not None:
                self._rate = target.rate
            if target.quota is not None:
                self._quota = target.quota
            if target.quota_until is not None:
                self._quota_until = target.quota_until
            self._valid_until = NEVER if self._quota is None else self._quota_until
            self._empty_until = NEVER
            if target.interval is not None:
                self.interval = target.interval
            self._boost_rate = target.boost_rate or 0.0
            self._boost_until = NEVER if target.boost_until is None else target.boost_until

    def take_counts(self) -> Counts:
        """Return the counts since the last call and start again from zero."""
        with self._lock:
            counts = Counts(self._unsampled.take() + self._sampled, self._sampled, self._borrowed)
            self._sampled = self._borrowed = 0
            return counts

    def return_counts(self, counts: Counts) -> None:
        """Add counts that could not be reported."""
        with self._lock:
            self._unsampled.give_back(counts.requests - counts.sampled)
            self._sampled += counts.sampled
            self._borrowed += counts.borrowed

    def count_trace(self, counts: BoostCounts) -> None:
        """Add to the counts for a boost; also those that could not be reported."""
        with self._lock:
            self._boost_counts = BoostCounts(*map(sum, zip(self._boost_counts, counts, strict=True)))

    def take_boost_counts(self) -> BoostCounts:
        """Return the counts for a boost since the last call and start again from zero."""
        with self._lock:
            counts, self._boost_counts = self._boost_counts, BoostCounts()
            return counts

    @property
    def is_used(self) -> bool:
        """Whether a request has matched since the last report."""
        return self._sampled > 0 or self._unsampled.is_used

    @property
    def has_boost_counts(self) -> bool:
        """Whether a trace has been counted for a boost since the last report."""
        return any(self._boost_counts)

    def _set_rule(self, rule: SamplingRule) -> None:
        self._rule = rule
        self._can_borrow = rule.reservoir_size > 0
        key = None if rule.sampling_rate_boost is None else rule_key(rule.rule_name)
        self._yes = Decision(True, rule.rule_name, key)
        self._no = Decision(False, rule.rule_name, key)
