"""X-Ray away, a sidecar killed, and the operator killed while it has work to do."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.containers import DOCKER
from tests.e2e.kind import peers
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule
from tests.e2e.kind.traffic import DEAD_SECONDS, SETTLE_SECONDS, delivery, load

pytestmark = pytest.mark.e2e
RATE = 10.0  # requests a second
AWAY_SECONDS = 30
SINK = "honeycomb"
RULES = 24  # X-Ray's quota is 25 besides its own rule
SLOW_SECONDS = 1.0  # that X-Ray takes to make a rule while the operator is killed


@pytest.fixture(scope="module")
def honeycomb(cluster: Cluster) -> Iterator[Store]:
    """A second OTLP sink, in Honeycomb's place."""
    with peers.running(cluster, SINK) as found:
        yield found


@pytest.mark.parametrize("agent", ["daemon", "collector"])
def test_x_ray_away_for_half_a_minute(release: Release, store: Store, honeycomb: Store, agent: str) -> None:
    """Requests and Honeycomb's spans notice nothing; the collector keeps the rest; the daemon's losses are counted."""
    sink = {"enabled": True, "endpoint": f"http://{SINK}.{SINK}.svc:4318", "apiKey": "a-key"}
    release.ensure({"tracing": {"agent": agent}, "destinations": {"honeycomb": sink}})
    release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=0")
    until(lambda: not release.pods("xray-local"), "xray-local is gone")
    release.wait_for_no_leavers("xray-local")
    with load(release, RATE) as running:
        time.sleep(AWAY_SECONDS)
        away = len(running.lines())
        release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=1")
        release.kubectl("rollout", "status", "deployment/cruddur-xray-local", "--timeout=60s")
        running.wait_for(int(10 * RATE))
        answers = running.stop()
    beside = delivery(answers, honeycomb, segments=False)
    assert (beside.failed, beside.without_span) == ([], []), beside
    found = delivery(answers, store, settle=SETTLE_SECONDS if agent == "collector" else DEAD_SECONDS)
    during = sum(answer["id"] in found.without_segment for answer in answers[:away])
    note(
        "faults",
        {f"X-Ray away for {AWAY_SECONDS} s, {agent}": f"{found}; {during} of {away} segments of that time lost"},
    )
    assert found.without_span == []
    if agent == "collector":
        assert found.without_segment == []
    resumed = delivery(answers[-int(5 * RATE) :], store)
    assert resumed.without_segment == [], resumed


@contextmanager
def killer(node: str, process: str) -> Iterator[Callable[[], None]]:
    """Return what kills a process of a node the moment it is called: a shell there waits for the word.

    kubectl takes longer than the work that is to be cut off, and gives a second of grace.
    """
    script = f"echo ready; read -r _ && exec pkill -KILL -f '[{process[0]}]{process[1:]}'"  # not this shell itself
    command = [DOCKER, "exec", "--interactive", node, "sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == "ready\n"

        def kill() -> None:
            shell.communicate("now\n", timeout=30)
            assert shell.returncode == 0, f"no process {process} on {node}"

        yield kill


def restarts(pod: Mapping[str, Any]) -> int:
    """Count the restarts of a pod's containers."""
    status = pod["status"]
    return sum(
        container["restartCount"]
        for container in [*status.get("initContainerStatuses", ()), *status["containerStatuses"]]
    )


def test_a_killed_sidecar_costs_no_request(release: Release, store: Store) -> None:
    """Its backend keeps answering, and delivers again once the kubelet has restarted it."""
    release.ensure({"tracing": {"agent": "collector", "placement": "sidecar"}})
    with load(release, RATE) as running:
        victim = release.pods("backend")[0]
        with killer(victim["spec"]["nodeName"], "otelcol-contrib") as kill:
            kill()
        until(
            lambda: sum(map(restarts, release.pods("backend"))) > restarts(victim),
            "the kubelet has started the sidecar",
        )
        release.kubectl("rollout", "status", "deployment/cruddur-backend", "--timeout=60s")
        running.wait_for(int(10 * RATE))
        answers = running.stop()
    found = delivery(answers, store, settle=DEAD_SECONDS)
    note("faults", {"a sidecar collector killed": str(found)})
    assert not found.failed, found.failed[:5]
    resumed = delivery(answers[-int(5 * RATE) :], store)
    assert (resumed.without_segment, resumed.without_span) == ([], []), resumed


def rates(store: Store) -> dict[str, float]:
    """Return the rate of each rule that X-Ray has."""
    records = [record["SamplingRule"] for record in store.call("GetSamplingRules", {})["SamplingRuleRecords"]]
    return {record["RuleName"]: record["FixedRate"] for record in records}


def test_the_operator_is_killed_during_an_apply(release: Release, store: Store) -> None:
    """Many rules, a slow X-Ray, and no grace: the next operator brings there what was not, and all are Ready."""
    release.ensure({})
    rules = [rule(number / 100) | {"metadata": {"name": f"rule-{number}"}} for number in range(RULES)]
    asked = {rule["metadata"]["name"]: rule["spec"]["fixedRate"] for rule in rules}
    (operator,) = release.pods("operator")
    store.local("PUT", "faults", [{"operation": "CreateSamplingRule", "times": RULES, "delay": SLOW_SECONDS}])
    with killer(operator["spec"]["nodeName"], "xray-operator run") as kill:
        release.apply(*rules)
        until(lambda: rates(store).keys() & asked, "X-Ray has one of the rules", pause=0.01)
        kill()
        made = rates(store).keys() & asked
    store.local("DELETE", "faults")
    note("faults", {"the operator killed": f"{len(made)} of {RULES} rules made by then"})
    assert len(made) < RULES, "all was done before the operator was killed"
    resources = [f"xsr/{name}" for name in asked]
    release.kubectl("wait", "--for=condition=Ready", "--timeout=90s", *resources)
    assert {name: rate for name, rate in rates(store).items() if name in asked} == asked
    release.kubectl("delete", "--timeout=60s", *resources)
    assert not rates(store).keys() & asked
