"""Sampling decisions about requests, and the reports of whether the agent can be reached."""

from collections.abc import Callable

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from werkzeug.test import create_environ

from cruddur_tracing.process.decisions import Decisions
from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling.sampler import Process
from tests.tracing.sampling.scripted_agent import DEFAULT, answer, scripted_agent
from tests.tracing.served import until
from xray_model import RequestProperties


def test_the_poller_reports_whether_the_agent_can_be_reached() -> None:
    """By its address, for the segments may go to another agent by then."""
    reports: list[tuple[Address, bool]] = []
    with scripted_agent(answer()) as agent:
        decisions = Decisions(agent.address, Failures(), 0, lambda *report: reports.append(report))
        decisions.rules.start()
        until(lambda: decisions.rules.rule_names)
        decisions.rules.stop()
    assert set(reports) == {(agent.address, True)}
    reports.clear()
    decisions.change_agent(agent.address)
    decisions.rules.start()
    until(lambda: reports)
    decisions.rules.stop()
    assert set(reports) == {(agent.address, False)}


ENVIRON = create_environ()


class Shop:
    """Names segments by the host, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def name(self, host: str) -> str:
        """Return the name of a segment."""
        self.asked += 1
        return f"shop at {host}"


@pytest.fixture
def decisions() -> Decisions:
    """Two rules: everything below /users, and nothing else."""
    users = DEFAULT | {"RuleName": "users", "Priority": 1, "URLPath": "/users/*", "FixedRate": 1.0}
    others = DEFAULT | {"FixedRate": 0.0, "ReservoirSize": 0}
    records = {"SamplingRuleRecords": [{"SamplingRule": rule} for rule in (users, others)]}
    with scripted_agent(answer(records)) as agent:
        made = Decisions(agent.address, Failures())
        made.rules.start()
        until(lambda: made.rules.rule_names)
        made.rules.stop()
    return made


def decide(decisions: Decisions, shop: Shop, path: str = "/users/1") -> tuple[object, ...]:
    return decisions.decide(shop.name, "host", ENVIRON | {"PATH_INFO": path}, xray_trace_id(1), Context())


def test_the_rule_of_a_request_is_looked_for_once(decisions: Decisions) -> None:
    """However many kinds of requests there are, and each of them counts; a path that is not ASCII is decoded."""
    shop = Shop()
    wanted = (True, "shop at host", "users", None)
    assert [decide(decisions, shop) for _ in range(3)] == [wanted] * 3
    assert shop.asked == 1
    for number in range(1_500):
        assert decide(decisions, shop, f"/posts/{number}") == (False, "shop at host", "Default", None)
    assert decide(decisions, shop) == decide(decisions, shop, "/users/\xc3\xa9") == wanted
    counted = {path: decisions.rules.match(RequestProperties(url_path=path)) for path in ("/users/1", "/posts/1")}
    assert [match and match.state.take_counts().requests for match in counted.values()] == [5, 1_500]


CHANGES: dict[str, tuple[Callable[[Decisions], None], bool, str | None]] = {
    "every trace": (lambda decisions: decisions.choose(every_trace=True), True, None),
    "OpenTelemetry's sampler": (lambda decisions: decisions.choose(opentelemetry=ALWAYS_OFF), False, None),
    "a fork": (lambda decisions: decisions.rules.restart(), True, "users"),
    "the process": (lambda decisions: decisions.describe(Process("other")), True, "users"),
    "names": (lambda decisions: decisions.forget(), True, "users"),
}


@pytest.mark.parametrize(("change", "sampled", "rule"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_in_effect_at_once(
    decisions: Decisions, change: Callable[[Decisions], None], *, sampled: bool, rule: str | None
) -> None:
    shop = Shop()
    decide(decisions, shop)
    change(decisions)
    assert decide(decisions, shop) == (sampled, "shop at host", rule, None)
    assert shop.asked == 2
    decisions.rules.stop()
