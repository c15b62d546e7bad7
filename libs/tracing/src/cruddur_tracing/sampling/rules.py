"""X-Ray's sampling rules as a process applies them: the first rule that matches a request decides.

Pure apart from its clock and its random numbers; another module fetches the rules and reports the counts. Without
rules, or when they are older than an hour, the fallback decides; its decisions are not reported.
"""

import time
from collections.abc import Callable, Iterable
from random import Random
from typing import Final, NamedTuple

from cruddur_tracing.sampling.anomalies import CountedTraces
from cruddur_tracing.sampling.rule_state import BoostCounts, Decision, RuleState, Target
from xray_model import Matcher, RequestProperties, SamplingRule, default_rule

RULES_SECONDS: Final = 3600.0  # that rules decide after they were fetched
INTERVAL: Final = 10.0  # seconds between two reports, until X-Ray assigns another number

Fallback = Callable[[RequestProperties], bool]


class Match(NamedTuple):
    """The rule that decides about a request until that time, unless the rules change before.

    `roll` returns the random numbers for its decisions.
    """

    state: RuleState
    until: float
    roll: Callable[[], float]


class _Rules(NamedTuple):
    """The rules that are in force until a time."""

    states: dict[str, RuleState]
    keys: dict[str, str]
    matcher: Matcher[RuleState]
    until: float


class Rules:
    """The rules and their state in this process; safe to use from several threads.

    `clock` returns epoch seconds. `fallback` decides instead of "one request a second and 5 % of the rest". `interval`
    is the number of seconds between two reports of a rule for which X-Ray has assigned none. `service_name` is what
    statistics about anomalies carry. `changed` is called when every `Match` that was returned is void.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        fallback: Fallback | None = None,
        interval: float = INTERVAL,
        service_name: str = "",
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.service_name = service_name
        self._changed = changed
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - no secret
        self._fallback = fallback
        self._interval = interval
        self._local = RuleState(default_rule(), interval)
        self._rules: _Rules | None = None
        self._traces = CountedTraces()

    @property
    def now(self) -> float:
        """The time in epoch seconds."""
        return self._clock()

    @property
    def states(self) -> tuple[RuleState, ...]:
        """The rules in the order of evaluation."""
        return tuple(self._rules.states.values()) if self._rules else ()

    @property
    def in_force(self) -> bool:
        """Whether rules have been loaded and are not too old to decide."""
        return self._rules is not None and self._clock() <= self._rules.until

    @property
    def in_words(self) -> str:
        """What decides now, for the log."""
        if self.in_force:
            return "the rules fetched last decide, for an hour"
        return "the local rules decide" if self._fallback else "1 request a second and 5 % of the rest are sampled"

    def decide(self, request: RequestProperties) -> Decision:
        """Decide about a request that begins a trace."""
        now, match = self._clock(), self.match(request)
        return self._without_rule(request, now) if match is None else match.state.decide(now, match.roll)

    def match(self, request: RequestProperties) -> Match | None:
        """Return the rule that decides about a request; None if no rule does."""
        rules = self._rules
        if rules is None or self._clock() > rules.until:
            return None
        state = rules.matcher.first(request)
        return None if state is None else Match(state, rules.until, self._random.random)

    def _without_rule(self, request: RequestProperties, now: float) -> Decision:
        if self._fallback is not None:
            return Decision(self._fallback(request))
        return Decision(self._local.decide(now, self._random.random).sampled)

    def load(self, fetched: Iterable[SamplingRule]) -> None:
        """Put rules in force that have just been fetched; a rule that was known keeps its counts and its reservoir.

        A rule of another version than 1, or without a service type, is not applied, as by the X-Ray SDKs. A rule for
        one resource or with attributes applies to requests for which these are known. Raise ValueError for no rules.
        """
        usable = [rule for rule in fetched if rule.version == 1 and rule.service_type]
        if not usable:
            raise ValueError("no rule that can be applied")
        known = self._rules.states if self._rules else {}
        states: dict[str, RuleState] = {}
        ordered = sorted(usable, key=lambda rule: (rule.is_default, rule.priority, rule.rule_name))
        for rule in ordered:
            state = known.get(rule.rule_name)
            if state is None:
                state = RuleState(rule, self._interval)
            else:
                state.replace(rule)
            states[rule.rule_name] = state
        keys = {state.key: name for name, state in states.items() if state.key is not None}
        matcher = Matcher(((rule, states[rule.rule_name]) for rule in ordered), required=("resource_arn",))
        self._rules = _Rules(states, keys, matcher, self._clock() + RULES_SECONDS)
        self._changed()

    def assign(self, targets: Iterable[Target]) -> None:
        """Apply what X-Ray assigned to this process; targets of unknown rules are ignored."""
        rules = self._rules
        for target in targets:
            if rules is not None and target.rule_name in rules.states:
                rules.states[target.rule_name].assign(target)

    def rule_of(self, rule_key: str) -> str | None:
        """Return the name of the rule with this key in a trace state, if it is known and can be boosted."""
        return self._rules.keys.get(rule_key) if self._rules else None

    def finished(self, trace_id: int, rule: str | None, *, anomaly: bool, sampled: bool) -> None:
        """Count a trace whose part in this process has ended, for the boost of its rule.

        `rule` is the name that decided at the root, here or, by its key, in another service. A trace counts once, and
        so does its first anomaly.
        """
        state = self._rules.states.get(rule) if self._rules and rule else None
        if state is None or state.key is None:
            return
        new, first_anomaly = self._traces.note(trace_id, self._clock(), anomaly=anomaly)
        if new or first_anomaly:
            state.count_trace(BoostCounts(int(new), int(first_anomaly), int(first_anomaly and sampled)))

    def reset(self) -> None:
        """Keep the rules, and forget what belongs to this client of X-Ray: for the child of a fork."""
        self._random.seed()
        self._traces = CountedTraces()
        self._local.reset()
        for state in self.states:
            state.reset()
        self._changed()
