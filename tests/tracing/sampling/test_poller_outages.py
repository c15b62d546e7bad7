"""What is done and logged when the agent does not answer, or not with what is expected."""

import logging

import pytest

from tests.tracing.sampling.polled import PLAIN, Agent, Polled, refused


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
    """X-Ray always has a Default rule: an empty list is not an answer, and the rules that are known stay."""
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
