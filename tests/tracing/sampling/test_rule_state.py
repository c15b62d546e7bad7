"""One rule: its reservoir, its rate and boost, and the counts for the next report."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cruddur_tracing.sampling.rule_state import BoostCounts, Counts, RuleState, Target, rule_key
from xray_model import SamplingRateBoost, SamplingRule

START = 1_000_000.0
BOOST = SamplingRateBoost(max_rate=0.5, cooldown_window_minutes=1)


def rule(rate: float = 0.0, reservoir: int = 0, boost: SamplingRateBoost | None = None) -> SamplingRule:
    return SamplingRule(
        rule_name="one", priority=1, fixed_rate=rate, reservoir_size=reservoir, sampling_rate_boost=boost
    )


def state(rate: float = 0.0, reservoir: int = 0, boost: SamplingRateBoost | None = None) -> RuleState:
    return RuleState(rule(rate, reservoir, boost), 10.0)


def sampled(of: RuleState, *times: float, roll: float = 0.5) -> list[bool]:
    return [of.decide(time, lambda: roll).sampled for time in times]


@pytest.mark.parametrize(("rate", "roll", "expected"), [(0.0, 0.0, False), (0.3, 0.3, False), (0.3, 0.29, True)])
def test_the_rate_is_an_upper_bound_that_is_never_reached(rate: float, roll: float, expected: bool) -> None:
    """A rate of 0 samples nothing, even if the random number is 0."""
    assert sampled(state(rate), START, roll=roll) == [expected]


def test_a_rate_of_1_samples_every_request() -> None:
    """The largest random number is less than 1."""
    assert sampled(state(1.0), START, roll=0.9999999999999999) == [True]


def test_without_a_quota_one_request_a_second_borrows() -> None:
    """Until X-Ray has assigned a quota, and again after it has expired."""
    one = state(reservoir=50)
    assert sampled(one, START, START + 0.9, START + 1, START + 1.5) == [True, False, True, False]
    assert one.take_counts() == Counts(requests=4, sampled=2, borrowed=2)


def test_an_empty_reservoir_cannot_be_borrowed_from() -> None:
    """Only the rate samples."""
    assert sampled(state(), START, START + 1) == [False, False]


def test_what_is_assigned_is_in_effect_in_the_same_second() -> None:
    """Although its reservoir was empty; so is a reservoir that the rule did not have before."""
    one = state(reservoir=50)
    assert sampled(one, START, START) == [True, False]
    one.assign(Target("one", quota=3, quota_until=START + 0.5))
    assert sampled(one, *[START + 0.2] * 4, START + 0.6) == [True, True, True, False, False]
    none = state()
    assert sampled(none, START) == [False]
    none.replace(rule(reservoir=1))
    assert sampled(none, START, START) == [True, False]


def test_a_quota_is_for_each_second_until_it_expires() -> None:
    """The rest of a second's requests are left to the rate; a used-up quota is not added to by borrowing."""
    one = state(reservoir=50)
    one.assign(Target("one", rate=0.0, quota=2, quota_until=START + 1.5))
    assert sampled(one, START, START, START, START + 1, START + 1.2, START + 1.4) == [True, True, False] * 2
    assert sampled(one, START + 2, START + 2) == [True, False]
    assert one.take_counts() == Counts(requests=8, sampled=5, borrowed=1)


def test_a_quota_of_zero_is_a_quota() -> None:
    """Nothing is taken, and nothing is borrowed."""
    one = state(reservoir=50)
    one.assign(Target("one", quota=0, quota_until=START + 300))
    assert sampled(one, START, START + 1) == [False, False]


def test_what_a_target_lacks_stays() -> None:
    """The first answers of X-Ray may have no quota; a quota without a time is none yet."""
    one = state(reservoir=1, rate=0.4)
    one.assign(Target("one", quota=3, interval=20.0))
    assert sampled(one, START, START, roll=0.9) == [True, False]
    one.assign(Target("one", quota_until=START + 300))
    assert sampled(one, START + 1, START + 1, START + 1, START + 1, roll=0.9) == [True, True, True, False]
    assert (sampled(one, START + 1, roll=0.3), one.interval) == ([True], 20.0)


def test_a_boost_replaces_the_rate_until_it_expires_or_a_target_lacks_it() -> None:
    """It leaves the reservoir alone, and never lowers the rate."""
    one = state(0.1, boost=BOOST)
    one.assign(Target("one", boost_rate=0.5, boost_until=START + 60))
    assert sampled(one, START, START + 59, START + 60, roll=0.4) == [True, True, False]
    one.assign(Target("one", boost_rate=0.5, boost_until=START + 60))
    one.assign(Target("one"))
    assert sampled(one, START, roll=0.4) == [False]
    one.assign(Target("one", boost_rate=0.01, boost_until=START + 60))
    assert sampled(one, START, roll=0.05) == [True]
    assert one.take_counts().borrowed == 0


def test_a_new_version_keeps_counts_and_reservoir() -> None:
    """Its rate counts if it has changed; otherwise the rate that X-Ray assigned last does."""
    one = state(0.0, reservoir=5)
    one.assign(Target("one", rate=0.6, quota=1, quota_until=START + 300))
    assert sampled(one, START) == [True]
    one.replace(rule(0.0, reservoir=9))
    assert sampled(one, START, START) == [True, True]
    one.replace(rule(0.2, reservoir=9))
    assert sampled(one, START, START + 1) == [False, True]
    assert one.take_counts() == Counts(requests=5, sampled=4, borrowed=0)


def test_a_rule_that_can_no_longer_be_boosted_is_not() -> None:
    """Neither its boost nor its counts for one stay."""
    one = state(boost=BOOST)
    one.assign(Target("one", boost_rate=1.0, boost_until=START + 60))
    one.count_trace(BoostCounts(1, 1, 1))
    one.replace(rule())
    assert (sampled(one, START), one.has_boost_counts, one.key) == ([False], False, None)


def test_counts_that_could_not_be_reported_are_counted_again() -> None:
    """Together with those that were counted meanwhile."""
    one = state(1.0, boost=BOOST)
    sampled(one, START, START)
    one.count_trace(BoostCounts(2, 1, 0))
    counts, boosts = one.take_counts(), one.take_boost_counts()
    assert not one.is_used
    assert not one.has_boost_counts
    sampled(one, START)
    one.count_trace(BoostCounts(1, 1, 1))
    one.return_counts(counts)
    one.count_trace(boosts)
    assert (one.take_counts(), one.take_boost_counts()) == (Counts(3, 3, 0), BoostCounts(3, 2, 1))


def test_a_forked_child_starts_without_counts_and_quota() -> None:
    """It is a new client of X-Ray, which has assigned nothing to it; the rate stays."""
    one = state(0.0, reservoir=5, boost=BOOST)
    one.assign(Target("one", rate=0.6, quota=9, quota_until=START + 300, boost_rate=1.0, boost_until=START + 60))
    sampled(one, START)
    one.count_trace(BoostCounts(1, 1, 1))
    one.reset()
    assert sampled(one, START, START, roll=0.7) == [True, False]
    assert sampled(one, START, roll=0.5) == [True]
    assert (one.take_counts(), one.has_boost_counts) == (Counts(3, 2, 1), False)


def test_a_decision_names_the_rule_and_its_key_if_it_can_be_boosted() -> None:
    """The key is the one that ADOT computes: 16 digits of the name's SHA-256."""
    assert state(1.0).decide(START, lambda: 0.5) == (True, "one", None)
    assert state(1.0, boost=BOOST).decide(START, lambda: 0.5) == (True, "one", "7692c3ad3540bb80")
    assert rule_key("one") == "7692c3ad3540bb80"


TIMES = st.floats(START, START + 3)


@given(st.lists(TIMES, max_size=60).map(sorted), st.integers(0, 5), TIMES)
def test_no_second_has_more_than_the_quota_and_one_borrowed_request(
    times: list[float], quota: int, quota_until: float
) -> None:
    """At a rate of 0, whenever the requests come and whenever the quota expires."""
    one = state(reservoir=1)
    one.assign(Target("one", quota=quota, quota_until=quota_until))
    taken = [time for time, yes in zip(times, sampled(one, *times), strict=True) if yes]
    for second in {int(time) for time in times}:
        in_second = [time for time in taken if int(time) == second]
        assert sum(time <= quota_until for time in in_second) <= quota
        assert sum(time > quota_until for time in in_second) <= 1


@given(st.lists(st.sampled_from(["decide", "report", "fail"]), max_size=40))
def test_every_request_is_reported_once(actions: list[str]) -> None:
    """Whatever fails, nothing is lost and nothing doubled; borrowed requests are sampled ones."""
    one, reported, asked = state(0.5, reservoir=1), Counts(), 0
    for number, action in enumerate(actions):
        if action == "decide":
            one.decide(START + number / 3, lambda: 0.7)
            asked += 1
        else:
            counts = one.take_counts()
            if action == "fail":
                one.return_counts(counts)
            else:
                reported = Counts(*map(sum, zip(reported, counts, strict=True)))
    total = Counts(*map(sum, zip(reported, one.take_counts(), strict=True)))
    assert total.requests == asked
    assert all(larger >= smaller for larger, smaller in pairwise(total))


def test_threads_do_not_lose_counts() -> None:
    """Eight of them, with a report in between."""
    one, taken = state(1.0), []
    threads = [threading.Thread(target=lambda: [one.decide(START, lambda: 0.5) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    taken.append(one.take_counts())
    for thread in threads:
        thread.join()
    taken.append(one.take_counts())
    assert sum(counts.requests for counts in taken) == sum(counts.sampled for counts in taken) == 4000
