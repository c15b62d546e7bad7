"""When the agent is called, what is reported, and how a change is noticed."""

import pytest

from cruddur_tracing.sampling.client import AgentError
from cruddur_tracing.sampling.rule_state import Target
from tests.tracing.sampling.polled import EPOCH, HOME, Agent, Polled, refused, rule
from xray_model import RequestProperties, SamplingRateBoost, default_rule


def test_rules_are_fetched_at_once_and_every_five_minutes() -> None:
    """With jitter, so that processes do not call all at the same time."""
    polled = Polled(Agent())
    assert polled.step() == 10.0
    assert [state.name for state in polled.rules.states] == ["Default"]
    while polled.now < 100 + 302.4:
        polled.step(0.1)
    assert polled.agent.fetches == 1
    polled.step(0.2)
    assert polled.agent.fetches == 2


def test_used_rules_are_reported_every_ten_seconds() -> None:
    """And no others; each document is of this client and has the time of the report."""
    polled = Polled(Agent((rule("a", url_path="/a"), default_rule())))
    polled.step()
    polled.rules.decide(HOME)
    assert polled.step(10.0) == pytest.approx(10.05)
    assert polled.agent.calls[-1] == {
        "SamplingStatisticsDocuments": [
            {
                "RuleName": "Default",
                "ClientID": polled.poller.client_id,
                "Timestamp": EPOCH + 10,
                "RequestCount": 1,
                "SampledCount": 1,
                "BorrowCount": 1,
            }
        ]
    }
    assert len(bytes.fromhex(polled.poller.client_id)) == 12
    polled.step(10.0)
    assert len(polled.agent.reports) == 1
    polled.step(0.1)
    assert polled.agent.reports[1:] == [[]]


def test_a_call_has_at_most_25_documents() -> None:
    """The 26 rules that AWS allows are two calls; the counts for boosts go along."""
    boost = SamplingRateBoost(max_rate=1.0, cooldown_window_minutes=1)
    rules = [
        rule(f"rule {number:02}", number, url_path=f"/{number}", sampling_rate_boost=boost) for number in range(1, 27)
    ]
    polled = Polled(Agent(tuple(rules)))
    polled.step()
    for number in range(1, 27):
        polled.rules.decide(RequestProperties(url_path=f"/{number}"))
        polled.rules.finished(number, f"rule {number:02}", anomaly=number == 1, sampled=True)
    polled.step(10.0)
    reports = [call for call in polled.agent.calls if call is not None]
    assert [len(report["SamplingStatisticsDocuments"]) for report in reports] == [25, 1]
    assert [len(report["SamplingBoostStatisticsDocuments"]) for report in reports] == [25, 1]
    assert reports[0]["SamplingBoostStatisticsDocuments"][0] == {
        "RuleName": "rule 01",
        "ServiceName": "shop",
        "Timestamp": EPOCH + 10,
        "TotalCount": 1,
        "AnomalyCount": 1,
        "SampledAnomalyCount": 1,
    }


def test_what_is_assigned_applies() -> None:
    """From the answer on."""
    polled = Polled(Agent(targets_=(Target("Default", rate=0.0, quota=3, quota_until=EPOCH + 300),)))
    polled.step()
    polled.step(10.0)
    polled.now += 1
    assert [polled.rules.decide(HOME).sampled for _ in range(4)] == [True, True, True, False]


def test_an_assigned_interval_is_kept_for_its_rule() -> None:
    """The others are reported as before; if all have a longer one, the agent is called less often."""
    polled = Polled(Agent((rule("a", url_path="/a"), default_rule()), targets_=(Target("a", interval=25.0),)))
    polled.step()
    times = []
    for _ in range(450):
        polled.rules.decide(HOME)
        polled.rules.decide(RequestProperties(url_path="/a"))
        before = len(polled.agent.reports)
        polled.step(0.1)
        times += [(round(polled.now - 100), [name for name, _ in report]) for report in polled.agent.reports[before:]]
    assert times == [(10, ["a", "Default"]), (20, ["Default"]), (30, ["Default"]), (35, ["a"]), (40, ["Default"])]
    polled.agent.targets_ = (Target("a", interval=25.0), Target("Default", interval=60.0))
    polled.step(5.5)
    assert polled.step() > 9


@pytest.mark.parametrize("newest", [5.0, 0.0, 9.0])
def test_a_change_is_noticed_without_traffic(newest: float) -> None:
    """By the time of the last change in the answer; compared with the last such time, whatever any clock says."""
    polled = Polled(Agent(newest=newest, changed=newest))
    polled.step()
    polled.step(10.0)
    assert polled.agent.reports == [[]]
    assert polled.agent.fetches == 1
    polled.agent.found = (rule("new"), default_rule())
    polled.agent.changed = polled.agent.newest = 9.5
    polled.step(10.1)
    assert polled.agent.fetches == 2
    assert polled.rules.decide(HOME).rule == "new"
    for _ in range(5):
        polled.step(10.1)
    assert polled.agent.fetches == 2


def test_a_change_between_the_first_fetch_and_the_first_report_is_noticed() -> None:
    """The rules say when they were changed."""
    polled = Polled(Agent(newest=5.0, changed=5.5))
    polled.step()
    polled.agent.newest = 5.5
    for _ in range(5):
        polled.step(10.1)
    assert polled.agent.fetches == 2


def test_rules_that_are_older_than_their_last_change_are_fetched_once_more() -> None:
    """It was a deletion, or the answer was a stale one."""
    polled = Polled(Agent(newest=5.0, changed=5.0))
    polled.step()
    polled.agent.changed = 6.0
    times = []
    for _ in range(600):
        fetches = polled.agent.fetches
        polled.step(0.1)
        times += [round(polled.now - 100)] * (polled.agent.fetches - fetches)
    assert times == [10, 20]


def test_an_answer_without_a_time_changes_nothing() -> None:
    """An agent that does not say when the rules were changed is asked again after five minutes."""
    polled = Polled(Agent(changed=None))
    polled.step()
    for _ in range(3):
        polled.step(10.1)
    assert polled.agent.fetches == 1


def test_a_change_is_fetched_again_if_the_fetch_fails() -> None:
    """After five seconds."""
    polled = Polled(Agent())
    polled.step()
    polled.agent.changed = 6.0
    polled.agent.fails_for_rules = AgentError("GetSamplingRules", polled.agent.address, "HTTP 500: later", 500)
    assert polled.step(10.0) == 5.0
    polled.agent.fails_for_rules = None
    polled.step(5.0)
    assert polled.agent.fetches == 3


def test_an_agent_that_refuses_an_empty_report_gets_one_of_zeros() -> None:
    """For the rule with the smallest reservoir, because a client that reports gets a part of it."""
    rules = (rule("big", 1, reservoir_size=50), rule("none", 2, reservoir_size=0), default_rule())
    polled = Polled(Agent(rules, refuses_empty=True))
    polled.step()
    polled.step(10.0)
    polled.step(10.1)
    assert polled.agent.reports == [[], [("none", 0)], [("none", 0)]]
    polled.rules.decide(HOME)
    polled.step(10.1)
    assert polled.agent.reports[-1] == [("big", 1)]


def test_counts_that_could_not_be_reported_are_reported_later() -> None:
    """Five seconds later, together with new ones."""
    boost = SamplingRateBoost(max_rate=1.0, cooldown_window_minutes=1)
    polled = Polled(Agent((rule("a", sampling_rate_boost=boost),)))
    polled.step()
    polled.rules.decide(HOME)
    polled.rules.finished(1, "a", anomaly=True, sampled=True)
    polled.agent.fails = refused()
    assert polled.step(10.0) == 5.0
    polled.agent.fails = None
    polled.rules.decide(HOME)
    polled.step(5.0)
    assert polled.agent.reports == [[("a", 1)], [("a", 2)]]
    (_, first, second) = polled.agent.calls
    assert first is not None
    assert second is not None
    assert second["SamplingBoostStatisticsDocuments"][0]["AnomalyCount"] == 1
