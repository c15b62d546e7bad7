"""The whole client against a real xray-local, and against agents that misbehave."""

import gc
import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cruddur_tracing.resilience.network.address import Address, Agent
from cruddur_tracing.sampling import Decision, RemoteRules, SamplingSettings, Schedule
from pytest_xray_local import XRayLocal
from pytest_xray_local.process import running
from tests.tracing.sampling.scripted_agent import DEFAULT, Reply, answer, scripted_agent
from tests.tracing.served import api, until
from xray_model import RequestProperties

pytestmark = pytest.mark.process

QUICK = Schedule(targets=0.1, targets_jitter=0.0, retry=0.1)
HOME = RequestProperties(service_name="shop", url_path="/")
THREAD = "xray-sampling"


@contextmanager
def polling(address: Address | str, schedule: Schedule = QUICK) -> Iterator[RemoteRules]:
    """Poll this agent; the thread has ended when the block is left."""
    found = Agent.parse(address).tcp if isinstance(address, str) else address
    rules = RemoteRules(SamplingSettings(address=found, schedule=schedule), service_name="shop")
    rules.start()
    try:
        yield rules
    finally:
        rules.stop()
        until(lambda: THREAD not in [thread.name for thread in threading.enumerate()])


def create_rule(local: XRayLocal, name: str, **members: object) -> None:
    rule = DEFAULT | {"RuleName": name, "Priority": 1, "FixedRate": 1.0, "ReservoirSize": 0} | members
    api(local.api, "CreateSamplingRule", SamplingRule=rule)


def logged(local: XRayLocal, operation: str) -> list[dict[str, Any]]:
    """Return the bodies of the calls of an operation that xray-local has answered."""
    with urllib.request.urlopen(f"{local.api}/_local/requests", timeout=10) as response:
        return [call["body"] for call in json.load(response) if call["operation"] == operation]


def script_faults(local: XRayLocal, *faults: dict[str, object]) -> None:
    request = urllib.request.Request(f"{local.api}/_local/faults", json.dumps(faults).encode(), method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass


def counted(local: XRayLocal) -> int:
    summaries = api(local.api, "SamplingStatisticSummaries")["SamplingStatisticSummaries"]
    return sum(summary["RequestCount"] for summary in summaries)


def test_a_process_without_traffic_follows_a_changed_rule(xray_local: XRayLocal) -> None:
    """A created, an updated and a deleted one, with nothing decided; in between the rules are not fetched."""
    with polling(xray_local.agent) as rules:
        until(lambda: rules.rule_names == ("Default",))
        create_rule(xray_local, "new")
        until(lambda: rules.rule_names == ("new", "Default"))
        api(xray_local.api, "UpdateSamplingRule", SamplingRuleUpdate={"RuleName": "new", "URLPath": "/none"})
        until(lambda: rules._rules.states[0]._rule.url_path == "/none")
        api(xray_local.api, "DeleteSamplingRule", RuleName="new")
        until(lambda: rules.rule_names == ("Default",))
        reports = len(logged(xray_local, "GetSamplingTargets"))
        until(lambda: len(logged(xray_local, "GetSamplingTargets")) > reports + 4)
        assert len(logged(xray_local, "GetSamplingRules")) == 5  # after a deletion, once more
    assert counted(xray_local) == 0


def test_a_quota_is_assigned_and_all_requests_are_counted(xray_local: XRayLocal) -> None:
    """Also if two reports fail in between: their counts are reported with the next."""
    create_rule(xray_local, "shop", FixedRate=0.0, ReservoirSize=100)
    with polling(xray_local.agent) as rules:
        until(lambda: rules.rule_names)
        script_faults(xray_local, {"operation": "GetSamplingTargets", "times": 2, "status": 503})
        start = int(time.time())
        borrowed = [rules.decide(HOME).sampled for _ in range(300)]
        assert 1 <= sum(borrowed) <= int(time.time()) - start + 1
        until(lambda: counted(xray_local) == 300)
        until(lambda: sum(rules.decide(HOME).sampled for _ in range(300)) >= 100)


def test_an_agent_that_is_away_and_one_that_is_restarted(
    free_port: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    """Until there is one, 1 request a second is sampled; each outage is a line, and so is each end of one."""
    caplog.set_level(logging.INFO, "cruddur_tracing")
    port = free_port()
    with polling(Address("127.0.0.1", port)) as rules:
        until(lambda: "connection refused; until this succeeds, 1 request a second" in caplog.text)
        assert rules.decide(HOME) == Decision(True)
        for changed in ("first", "second"):
            with running(agent_port=port) as local:
                until(lambda: rules.rule_names == ("Default",))
                create_rule(local, changed)
                until(lambda changed=changed: changed in rules.rule_names)  # type: ignore[misc]
            until(lambda: caplog.messages[-1].endswith("the rules fetched last decide, for an hour"))
            assert rules.decide(HOME).rule == changed
    lines = [record.getMessage().split(":")[0] for record in caplog.records]
    assert [line for line in lines if line != "sampling.unprocessed"] == [
        *("sampling.local", "sampling.central", "sampling.local", "sampling.central", "sampling.local")
    ]


def test_an_agent_that_accepts_and_never_answers_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """Once."""
    with scripted_agent(*[Reply(hang=True)] * 100) as agent:
        with polling(agent.address, QUICK._replace(timeout=0.1)) as rules:
            assert rules.decide(HOME) == Decision(True)
            until(lambda: len(agent.requests) >= 3)
        (line,) = caplog.messages
    assert line.startswith(f"sampling.local: GetSamplingRules at {agent.address}: no answer within 0.1 s; until")


def test_thirty_rules_are_reported_in_two_calls() -> None:
    """Each rule once, with a real socket in between."""
    names = [f"rule {number:02}" for number in range(30)]
    found = [DEFAULT | {"RuleName": name, "Priority": 1, "URLPath": f"/{name}"} for name in names]
    records = {"SamplingRuleRecords": [{"SamplingRule": rule} for rule in found]}
    with scripted_agent(answer(records), *[answer({})] * 1000) as agent, polling(agent.address) as rules:
        until(lambda: len(rules.rule_names) == 30)
        for name in names:
            assert rules.decide(RequestProperties(url_path=f"/{name}")).rule == name
        until(lambda: sum(len(documents) for documents in reported(agent.requests)) == 30)
        documents = [document for documents in reported(agent.requests) for document in documents]
        assert max(len(documents) for documents in reported(agent.requests)) <= 25
        assert sorted(document["RuleName"] for document in documents) == names
        assert {document["RequestCount"] for document in documents} == {1}


def reported(requests: list[tuple[int, str, dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    return [body["SamplingStatisticsDocuments"] for _, path, body in requests if path == "/SamplingTargets"]


def test_anomalies_are_reported_for_a_rule_that_can_be_boosted(xray_local: XRayLocal) -> None:
    """Also those of a trace that began in another service, which sent the rule's key."""
    create_rule(xray_local, "shop", SamplingRateBoost={"MaxRate": 0.5, "CooldownWindowMinutes": 1})
    with polling(xray_local.agent) as rules:
        until(lambda: rules.rule_names)
        decision = rules.decide(HOME)
        assert decision.rule_key is not None
        rules.service_name = "till"
        rules.finished(1, decision.rule, anomaly=True, sampled=True)
        rules.finished(2, rules.rule_of(decision.rule_key), anomaly=False, sampled=False)

        def boosts() -> list[dict[str, Any]]:
            calls = logged(xray_local, "GetSamplingTargets")
            return [document for call in calls for document in call.get("SamplingBoostStatisticsDocuments", ())]

        names = ("TotalCount", "AnomalyCount", "SampledAnomalyCount")
        until(lambda: [sum(boost[name] for boost in boosts()) for name in names] == [2, 1, 1])
        assert {(boost["RuleName"], boost["ServiceName"]) for boost in boosts()} <= {("shop", "shop"), ("shop", "till")}


def test_an_interpreter_that_starts_no_more_threads_still_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.12 and newer raise at the exit; a span may begin as late as that."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    rules = RemoteRules(SamplingSettings())
    assert rules.decide(HOME) == Decision(True)


def test_starting_twice_is_starting_once(xray_local: XRayLocal) -> None:
    """And after the stop nothing starts again."""
    with polling(xray_local.agent) as rules:
        rules.start()
        until(lambda: rules.rule_names)
        assert [thread.name for thread in threading.enumerate()].count(THREAD) == 1
    assert rules.decide(HOME).rule == "Default"
    rules.start()
    assert THREAD not in [thread.name for thread in threading.enumerate()]


def test_the_polling_ends_with_its_owner(xray_local: XRayLocal) -> None:
    """An app that is dropped leaves no thread behind."""
    rules = RemoteRules(SamplingSettings(address=Agent.parse(xray_local.agent).tcp))
    rules.decide(HOME)
    while not rules.rule_names:
        time.sleep(0.01)
    del rules
    gc.collect()
    until(lambda: THREAD not in [thread.name for thread in threading.enumerate()])
