"""When the agent is called, what is reported, how a change is noticed, and what is logged when it does not answer."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling.client import AgentError
from cruddur_tracing.sampling.documents import RulesPage, TargetsAnswer
from cruddur_tracing.sampling.poller import Poller
from cruddur_tracing.sampling.rule_state import Target
from cruddur_tracing.sampling.rules import Rules
from cruddur_tracing.sampling.settings import Schedule
from tests.tracing.served import until
from xray_model import RequestProperties, SamplingRateBoost, SamplingRule, default_rule

EPOCH = 1_700_000_000.0
MINUTE = 60.0
HOME = RequestProperties(url_path="/")
PLAIN = "1 request a second and 5 % of the rest are sampled"


@dataclass(slots=True)
class Agent:
    """Answers as an agent does, or fails.

    In `calls`, GetSamplingRules is None, and GetSamplingTargets is its request.
    """

    found: tuple[SamplingRule, ...] = (default_rule(),)
    newest: float = 5.0
    changed: float | None = 5.0
    targets_: tuple[Target, ...] = ()
    unprocessed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    fails: Exception | None = None
    fails_for_rules: Exception | None = None
    refuses_empty: bool = False
    address: Address = field(default_factory=lambda: Address("agent", 2000))
    calls: list[dict[str, Any] | None] = field(default_factory=list)

    def rules(self) -> RulesPage:
        """Return the rules."""
        self.calls.append(None)
        if error := self.fails or self.fails_for_rules:
            raise error
        return RulesPage(self.found, self.skipped, self.newest, None)

    def targets(self, request: dict[str, Any]) -> TargetsAnswer:
        """Return the targets."""
        self.calls.append(request)
        if self.fails:
            raise self.fails
        if self.refuses_empty and not request["SamplingStatisticsDocuments"]:
            raise AgentError("GetSamplingTargets", self.address, "HTTP 400: too few", 400)
        return TargetsAnswer(self.targets_, self.changed, self.unprocessed)

    def interrupt(self) -> None:
        """Do nothing: no call is under way."""

    def close(self) -> None:
        """Note it."""
        self.calls.append({"closed": True})

    @property
    def fetches(self) -> int:
        """How often the rules were fetched."""
        return self.calls.count(None)

    @property
    def reports(self) -> list[list[tuple[str, int]]]:
        """The names and counted requests of each GetSamplingTargets."""
        requests = [call["SamplingStatisticsDocuments"] for call in self.calls if call is not None]
        return [[(document["RuleName"], document["RequestCount"]) for document in documents] for documents in requests]


@dataclass(slots=True)
class Polled:
    """A poller, its rules, and a clock that stands still; it begins at 100 seconds and at EPOCH."""

    agent: Agent
    now: float = 100.0
    rules: Rules = field(init=False)
    poller: Poller = field(init=False)

    def __post_init__(self) -> None:
        self.rules = Rules(clock=lambda: EPOCH + self.now - 100, service_name="shop")
        self.poller = Poller(self.rules, self.agent, Schedule(), clock=lambda: self.now, jitter=lambda: 0.5)
        self.poller.begin()

    def step(self, seconds: float = 0.0) -> float:
        """Move the clock, and let the poller do what is due."""
        self.now += seconds
        return self.poller.step()


def rule(name: str, priority: int = 1, **fields: object) -> SamplingRule:
    chosen: dict[str, object] = {"fixed_rate": 1.0, "reservoir_size": 1} | fields
    return SamplingRule(rule_name=name, priority=priority, **chosen)  # type: ignore[arg-type]  # any field


def refused() -> AgentError:
    return AgentError("GetSamplingTargets", Address("agent", 2000), "connection refused")


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


def test_an_agent_that_is_away_is_named_once_and_called_again(caplog: pytest.LogCaptureFixture) -> None:
    """Once when it goes, once when it is there; in between it is called every five seconds, in silence."""
    polled = Polled(Agent(fails=refused()))
    with caplog.at_level(logging.INFO, "cruddur_tracing"):
        for _ in range(3):
            assert polled.step() == 5.0
            polled.now += 5
        polled.agent.fails = None
        polled.step()
        polled.step(10.1)
    assert caplog.messages == [
        f"sampling.local: GetSamplingTargets at agent:2000: connection refused; until this succeeds, {PLAIN}",
        "sampling.central: the rules of the agent at agent:2000 decide (1)",
    ]


def test_rules_outlive_an_agent_that_goes_away(caplog: pytest.LogCaptureFixture) -> None:
    """For an hour; then another line says what decides; the next answers end it."""
    polled = Polled(Agent())
    polled.step()
    polled.agent.fails = refused()
    with caplog.at_level(logging.INFO, "cruddur_tracing"):
        for _ in range(800):
            polled.step(5.0)
        polled.agent.fails = None
        polled.step(5.0)
    start = "sampling.local: GetSamplingTargets at agent:2000: connection refused; until this succeeds, "
    assert caplog.messages == [
        f"{start}the rules fetched last decide, for an hour",
        f"{start}{PLAIN}",
        "sampling.central: the rules of the agent at agent:2000 decide (1)",
    ]


def test_no_usable_rule_is_as_good_as_no_agent(caplog: pytest.LogCaptureFixture) -> None:
    """X-Ray always has a Default rule: an empty list is no answer, and the rules that are known stay."""
    polled = Polled(Agent())
    polled.step()
    polled.agent.found, polled.agent.changed = (), 6.0
    polled.step(10.0)
    assert [state.name for state in polled.rules.states] == ["Default"]
    assert "GetSamplingRules at agent:2000: no rule that can be applied; until" in caplog.text


def test_what_single_rules_lack_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A rule that cannot be read, and counts that X-Ray did not take."""
    caplog.set_level(logging.INFO, "cruddur_tracing")
    polled = Polled(Agent(skipped=("RuleName: 5",), unprocessed=("a: RuleNotFound: no",)))
    polled.step()
    polled.agent.changed = 6.0
    for _ in range(3):
        polled.step(10.1)
    assert caplog.messages == [
        "sampling.rule: a rule cannot be applied: RuleName: 5",
        "sampling.central: the rules of the agent at agent:2000 decide (1)",
        "sampling.unprocessed: X-Ray did not take the counts of a rule: a: RuleNotFound: no",
    ]


def test_an_unexpected_error_does_not_end_the_polling(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its type."""
    polled = Polled(Agent(fails=ZeroDivisionError("by zero")))
    assert polled.step() == 5.0
    assert "sampling.local: GetSamplingRules: ZeroDivisionError: by zero; until" in caplog.text


def test_the_thread_ends_when_it_is_stopped() -> None:
    """It closes its connection; stopping it twice, or before it was started, does nothing more."""
    agent = Agent()
    poller = Poller(Rules(), agent, Schedule())
    poller.start()
    until(lambda: agent.fetches)
    poller.stop()
    poller.stop()
    until(lambda: {"closed": True} in agent.calls)
    Poller(Rules(), agent, Schedule()).stop()


class SlowHandler(logging.Handler):
    """Is in the middle of a line from `begun` until `may_end`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, in its own time."""
        self.begun.set()
        self.may_end.wait()
        self.lines.append(record.getMessage())


@pytest.fixture
def slow() -> Iterator[SlowHandler]:
    """Listen to the library's log."""
    handler, log = SlowHandler(), logging.getLogger("cruddur_tracing")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(before)


def test_the_end_waits_for_a_line_under_way_and_none_comes_after_it(
    slow: SlowHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interpreter that ends while a thread is writing to its standard error aborts."""
    monkeypatch.setattr("cruddur_tracing.sampling.poller.LINE_SECONDS", 60.0)
    agent = Agent()
    poller = Poller(Rules(), agent, Schedule())
    poller.start()
    assert slow.begun.wait(10)
    end = threading.Thread(target=poller.stop)
    end.start()
    end.join(0.1)
    assert end.is_alive()
    slow.may_end.set()
    end.join(10)
    assert len(slow.lines) == 1
    agent.fails = refused()
    poller._rules_due = time.monotonic()
    poller.step()
    assert len(slow.lines) == 1


def test_the_end_does_not_wait_for_ever(slow: SlowHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that hangs does not keep the process."""
    monkeypatch.setattr("cruddur_tracing.sampling.poller.LINE_SECONDS", 0.1)
    poller = Poller(Rules(), Agent(), Schedule())
    poller.start()
    assert slow.begun.wait(10)
    poller.stop()
    assert slow.lines == []
    slow.may_end.set()
