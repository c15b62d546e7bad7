"""All rules of a process: which one decides, and what decides when there are none."""

from collections.abc import Sequence
from random import Random

import pytest

from cruddur_tracing.sampling.rule_state import BoostCounts, Counts, Decision, Target, rule_key
from cruddur_tracing.sampling.rules import Rules
from xray_model import RequestProperties, SamplingRateBoost, SamplingRule, default_rule

START = 1_000_000.0
HOUR = 3600.0
HOME = RequestProperties(service_name="shop", http_method="GET", url_path="/")
BOOST = SamplingRateBoost(max_rate=0.5, cooldown_window_minutes=1)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Return epoch seconds."""
        return self.now


class Rolls(Random):
    """Always the same number; counts how often it was seeded."""

    def __init__(self, number: float) -> None:
        super().__init__(0)
        self.number = number
        self.seeded = 0

    def random(self) -> float:
        """Return the number."""
        return self.number

    def seed(self, *arguments: object, **options: object) -> None:
        """Count."""
        self.seeded = getattr(self, "seeded", 0) + 1


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


def rule(name: str, priority: int = 1, **fields: object) -> SamplingRule:
    chosen: dict[str, object] = {"fixed_rate": 1.0, "reservoir_size": 0} | fields
    return SamplingRule(rule_name=name, priority=priority, **chosen)  # type: ignore[arg-type]  # any field


def loaded(clock: Clock, rules: Sequence[SamplingRule], roll: float = 0.5) -> Rules:
    made = Rules(clock=clock, random=Rolls(roll))
    made.load(rules)
    return made


def test_the_first_rule_that_matches_decides(clock: Clock) -> None:
    """By priority and name; Default is the last; a rule that does not sample is not followed by another."""
    rules = loaded(
        clock,
        [
            default_rule(),
            rule("b", 2, url_path="/b/*"),
            rule("a", 2, url_path="/b/*", fixed_rate=0.0),
            rule("post", http_method="POST"),
        ],
    )
    assert [state.name for state in rules.states] == ["post", "a", "b", "Default"]
    assert rules.decide(HOME._replace(http_method="POST")) == Decision(True, "post")
    assert rules.decide(HOME._replace(url_path="/b/1")) == Decision(False, "a")
    assert rules.decide(HOME) == Decision(True, "Default")


def test_rules_for_a_resource_or_with_attributes_apply_where_these_are_known(clock: Clock) -> None:
    """The X-Ray SDKs apply neither; here they must match, and what is unknown does not."""
    rules = loaded(
        clock, [rule("arn", resource_arn="arn:aws:ecs:*"), rule("tier", 2, attributes={"tier": "gold"}), default_rule()]
    )
    assert rules.decide(HOME).rule == "Default"
    assert rules.decide(HOME._replace(resource_arn="arn:aws:ecs:us-east-1:1:x")).rule == "arn"
    assert rules.decide(HOME._replace(attributes={"tier": "gold"})).rule == "tier"


def test_rules_that_the_sdks_ignore_do_not_apply(clock: Clock) -> None:
    """Those of another version, and those without a service type."""
    rules = loaded(clock, [rule("new", version=2), rule("typeless", service_type=""), default_rule()])
    assert [state.name for state in rules.states] == ["Default"]


def test_before_the_first_rules_one_request_a_second_and_5_percent_are_sampled(clock: Clock) -> None:
    """No rule is named, and nothing is counted for a report."""
    rules = Rules(clock=clock, random=Rolls(0.049))
    assert [rules.decide(HOME) for _ in range(2)] == [Decision(True), Decision(True)]
    rules = Rules(clock=clock, random=Rolls(0.05))
    assert [rules.decide(HOME) for _ in range(2)] == [Decision(True), Decision(False)]
    assert (rules.states, rules.in_force) == ((), False)
    assert rules.in_words == "1 request a second and 5 % of the rest are sampled"


def test_rules_decide_for_an_hour_after_they_were_fetched(clock: Clock) -> None:
    """Then the fallback does, until rules are fetched again; what was counted waits for the next report."""
    rules = loaded(clock, [rule("Default", 10000)])
    clock.now = START + HOUR
    assert rules.decide(HOME) == Decision(True, "Default")
    assert rules.in_words == "the rules fetched last decide, for an hour"
    clock.now = START + HOUR + 1
    assert [rules.decide(HOME) for _ in range(2)] == [Decision(True), Decision(False)]
    rules.load([rule("Default", 10000)])
    assert rules.decide(HOME) == Decision(True, "Default")
    assert rules.states[0].take_counts() == Counts(2, 2, 0)


def test_another_fallback_may_decide(clock: Clock) -> None:
    """An app's own local rules, while there are none of the agent, or none matches."""
    rules = Rules(clock=clock, fallback=lambda request: request.url_path == "/kept")
    assert (rules.decide(HOME).sampled, rules.decide(HOME._replace(url_path="/kept")).sampled) == (False, True)
    rules.load([rule("post", http_method="POST")])
    assert rules.decide(HOME._replace(url_path="/kept")) == Decision(True)
    clock.now += HOUR + 1
    assert rules.in_words == "the local rules decide"


def test_no_rules_are_refused(clock: Clock) -> None:
    """X-Ray always has a Default rule: the rules that are known stay in force, and become no younger."""
    rules = loaded(clock, [rule("Default", 10000)])
    clock.now = START + HOUR
    for nothing in ([], [rule("new", version=2)]):
        with pytest.raises(ValueError, match="no rule that can be applied"):
            rules.load(nothing)
    assert rules.decide(HOME).rule == "Default"
    clock.now += 1
    assert rules.decide(HOME).rule is None


def test_a_fetch_keeps_the_state_of_known_rules(clock: Clock) -> None:
    """Also of changed ones: a quota and counts are of the name; deleted rules are forgotten."""
    rules = loaded(clock, [rule("a", reservoir_size=5, fixed_rate=0.0), rule("gone", 2), default_rule()])
    rules.assign([Target("a", quota=2, quota_until=START + 300), Target("unknown", quota=1)])
    assert rules.decide(HOME).sampled
    rules.load([rule("a", 3, reservoir_size=7, fixed_rate=0.1), rule("new", 4), default_rule()])
    assert [rules.decide(HOME).sampled for _ in range(2)] == [True, False]
    assert [state.name for state in rules.states] == ["a", "new", "Default"]
    assert rules.states[0].take_counts() == Counts(3, 2, 0)


def test_finished_traces_are_counted_for_rules_that_can_be_boosted(clock: Clock) -> None:
    """Once for each trace; the rule is known by its name or by its key in a trace state."""
    rules = loaded(clock, [rule("a", sampling_rate_boost=BOOST), default_rule()])
    rules.finished(1, "a", anomaly=False, sampled=True)
    rules.finished(1, "a", anomaly=True, sampled=True)
    rules.finished(1, "a", anomaly=True, sampled=True)
    rules.finished(2, rules.rule_of(rule_key("a")), anomaly=True, sampled=False)
    for ignored in ("Default", "unknown", None):
        rules.finished(3, ignored, anomaly=True, sampled=True)
    assert [state.take_boost_counts() for state in rules.states] == [BoostCounts(2, 2, 1), BoostCounts()]
    assert (rules.rule_of(rule_key("Default")), Rules().rule_of("x")) == (None, None)
    Rules().finished(1, "a", anomaly=True, sampled=True)


def test_a_forked_child_keeps_the_rules(clock: Clock) -> None:
    """And forgets counts and quotas; its random numbers are its own."""
    rolls = Rolls(0.5)
    rules = Rules(clock=clock, random=rolls)
    rules.load([rule("Default", 10000, reservoir_size=1, fixed_rate=0.0)])
    rules.assign([Target("Default", quota=5, quota_until=START + 300)])
    assert rules.decide(HOME).sampled
    seeded = rolls.seeded
    rules.reset()
    assert [rules.decide(HOME) for _ in range(2)] == [Decision(True, "Default"), Decision(False, "Default")]
    assert rules.states[0].take_counts() == Counts(2, 1, 1)
    assert rolls.seeded == seeded + 1


def test_a_match_holds_until_the_rules_change_or_are_too_old(clock: Clock) -> None:
    """`changed` is called when rules are loaded, and in the child of a fork."""
    changes: list[str] = []
    rules = Rules(clock=clock, changed=lambda: changes.append("changed"))
    assert rules.match(HOME) is None
    rules.load([rule("a", url_path="/a"), rule("rest", priority=2, fixed_rate=0.0)])
    match = rules.match(HOME)
    assert match is not None
    assert (match.state.name, match.until) == ("rest", START + HOUR)
    rules.reset()
    assert changes == ["changed", "changed"]
    clock.now += HOUR + 1
    assert rules.match(HOME) is None
