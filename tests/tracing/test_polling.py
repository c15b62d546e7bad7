"""The schedule of the sampling calls: when rules and targets are asked for, and what is said when nobody answers."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aws_xray_sdk.core.sampling.rule_cache import RuleCache
from aws_xray_sdk.core.sampling.sampling_rule import SamplingRule

from cruddur_tracing.polling import Polling

START = 1_000_000.0


def rule(name: str, requests: int = 0) -> SamplingRule:
    made = SamplingRule(name, 1, 1.0, 1, "*", "*", "*", "*", "*")
    for _ in range(requests):
        made.increment_request_count()
    return made


@dataclass(slots=True)
class Agent:
    """Answers as the agent does, or not at all."""

    rules: list[SamplingRule] = field(default_factory=list)
    changed: int = 0
    away: bool = False
    calls: list[str] = field(default_factory=list)

    def reconnect(self) -> None:
        """Close the connections."""
        self.calls.append("reconnect")

    def fetch_sampling_rules(self) -> list[SamplingRule]:
        """Give the rules."""
        self.calls.append("rules")
        if self.away:
            raise ConnectionError("refused")
        return self.rules

    def fetch_sampling_target(self, rules: list[Any]) -> tuple[dict[str, Any], int]:
        """Note the reported rules; give no target."""
        self.calls.append(f"targets {len(rules)}")
        if self.away:
            raise ConnectionError("refused")
        for one in rules:
            one.snapshot_statistics()
        return {}, self.changed


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Give the seconds since 1970."""
        return self.now


def polling(agent: Agent, clock: Clock) -> tuple[Polling, RuleCache]:
    cache = RuleCache()
    return Polling(cache, agent, "agent:2000", clock=clock, jitter=lambda: 0.5), cache


def test_rules_are_fetched_at_once_and_every_five_minutes() -> None:
    """With jitter, so that workers do not ask all at the same time; nothing is reported that was not used."""
    agent, clock = Agent([rule("Default")]), Clock()
    polled, cache = polling(agent, clock)
    assert polled.step() == 10.0
    assert (cache.last_updated, [one.name for one in cache.rules]) == (1_000_000, ["Default"])
    clock.now = START + 302.4
    assert polled.step() == pytest.approx(0.1)
    assert agent.calls == ["rules"]
    clock.now = START + 302.5
    polled.step()
    assert agent.calls == ["rules", "rules"]


def test_used_rules_are_reported_every_ten_seconds() -> None:
    """At most 25 in a call, which is what the service takes: 26 rules are two calls."""
    agent, clock = Agent([rule(f"rule {number:02}", requests=1) for number in range(26)]), Clock()
    polled, _ = polling(agent, clock)
    polled.step()
    clock.now = START + 10
    assert polled.step() == pytest.approx(10.05)
    assert agent.calls == ["rules", "targets 25", "targets 1"]


@pytest.mark.parametrize(
    ("changed", "refetched"),
    [((START - 5, START - 5), False), ((START, START), True), ((START + 9, START + 9), True), ((5, 6), True)],
)
def test_changed_rules_are_fetched_out_of_turn(changed: tuple[float, float], refetched: bool) -> None:
    """A change in the second of the last fetch counts, and one that the agent's clock puts into the past."""
    agent, clock = Agent([rule("Default", requests=1)], changed=int(changed[0])), Clock()
    polled, cache = polling(agent, clock)
    polled.step()
    clock.now = START + 10
    polled.step()
    cache.rules[0].increment_request_count()
    agent.changed = int(changed[1])
    clock.now = START + 21
    polled.step()
    assert (agent.calls.count("rules") > 1) is refetched


def test_an_agent_that_is_away_is_named_once_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """Once when it goes, once when it is there; in between every five seconds, in silence."""
    agent, clock = Agent([rule("Default", requests=1)], away=True), Clock()
    polled, cache = polling(agent, clock)
    with caplog.at_level(logging.INFO, "cruddur_tracing"):
        for _ in range(3):
            assert polled.step() == 5.0
            clock.now += 5
        agent.away = False
        polled.step()
    assert caplog.messages == [
        "sampling.local: no rules from the agent at agent:2000 (refused); until it answers, the local rule decides",
        "sampling.central: 1 rules from the agent at agent:2000 decide",
    ]
    assert cache.last_updated == START + 15


def test_rules_outlive_an_agent_that_goes_away(caplog: pytest.LogCaptureFixture) -> None:
    """The SDK keeps them for an hour; the message says so, and the next report that is answered ends it."""
    caplog.set_level(logging.INFO, "cruddur_tracing")
    agent, clock = Agent([rule("Default", requests=1)]), Clock()
    polled, cache = polling(agent, clock)
    polled.step()
    caplog.clear()
    agent.away = True
    clock.now += 10
    polled.step()
    assert len(cache.rules) == 1
    agent.away = False
    clock.now += 10.05
    polled.step()
    assert [message.split(": ")[0] for message in caplog.messages] == ["sampling.local", "sampling.central"]
    assert caplog.messages[0].endswith("the rules fetched last, for an hour, then the local rule decides")


def test_no_usable_rule_is_as_good_as_no_agent(caplog: pytest.LogCaptureFixture) -> None:
    """X-Ray always has a Default rule: an empty list is no answer."""
    polled, cache = polling(Agent(), Clock())
    polled.step()
    assert cache.last_updated is None
    assert "no usable rule" in caplog.text


def test_the_thread_ends_when_it_is_told_to() -> None:
    """It runs what is due and then waits."""
    agent = Agent([rule("Default")])
    cache = RuleCache()
    polled = Polling(cache, agent, "agent:2000")
    polled.start()
    while cache.last_updated is None:
        pass
    polled.stop()
    assert agent.calls == ["rules"]


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
    monkeypatch.setattr("cruddur_tracing.polling.LINE_SECONDS", 60.0)
    agent, clock = Agent([rule("Default")]), Clock()
    polled, _ = polling(agent, clock)
    polled.start()
    assert slow.begun.wait(10)
    end = threading.Thread(target=polled.stop)
    end.start()
    end.join(0.1)
    assert end.is_alive()
    slow.may_end.set()
    end.join(10)
    assert len(slow.lines) == 1
    agent.away, clock.now = True, START + 400
    polled.step()
    assert len(slow.lines) == 1


def test_each_try_after_a_failure_has_a_connection_of_its_own() -> None:
    """A kept one may lead to somebody who never answers as the agent does; after an answer it is kept."""
    agent, clock = Agent([rule("Default")], away=True), Clock()
    polled = Polling(RuleCache(), agent, "agent:2000", agent.reconnect, clock=clock, jitter=lambda: 0.5)
    for seconds in (0, 5):
        clock.now = START + seconds
        polled.step()
    agent.away = False
    clock.now = START + 10
    polled.step()
    assert agent.calls == ["rules", "reconnect", "rules", "reconnect", "rules"]
