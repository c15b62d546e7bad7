"""The operator's replicas and classes: a leader killed during an apply; and what `kubectl replace` must not lose."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.containers import TAG
from tests.e2e.kind import peers
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule
from tools.chart.values import CHART

pytestmark = pytest.mark.e2e
EU = "eu"
RULES = 16
SLOW_SECONDS = 4.0  # that X-Ray takes to create a rule while the leader is killed
ARRIVE_SECONDS = 20.0
WRITES = {"CreateSamplingRule", "UpdateSamplingRule", "DeleteSamplingRule"}


@pytest.fixture(scope="module")
def replicas(release: Release) -> Release:
    """The release with two replicas of the operator."""
    release.ensure({"operator": {"replicas": 2}})
    return release


@pytest.fixture
def eu(replicas: Release, tmp_path: Path) -> Iterator[str]:
    """Run an operator of another class beside it, as a release of its own; return its pod's address."""
    peers.give_keys(replicas)
    values = peers.outside("cruddur-xray-local") | {"backend": {"enabled": False}, "tracing": {"agent": "none"}}
    values["crds"] = {"upgrade": False}
    values["aws"] |= {"endpoint": "http://cruddur-xray-local:8900"}
    values["operator"] = {"class": EU, "clusterId": EU, "image": {"tag": TAG}}
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    replicas.helm("install", EU, str(CHART), f"--values={tmp_path / 'values.yaml'}", "--wait", "--timeout=60s")
    [pod] = replicas.cluster.items(
        "pods", f"--namespace={replicas.namespace}", f"--selector=app.kubernetes.io/instance={EU}"
    )
    yield pod["status"]["podIP"]
    replicas.helm("uninstall", EU, "--no-hooks")


def rules(store: Store) -> dict[str, dict[str, Any]]:
    """Return the rules that X-Ray has, by their names."""
    records = [record["SamplingRule"] for record in store.call("GetSamplingRules", {})["SamplingRuleRecords"]]
    return {record["RuleName"]: record for record in records}


def rates(store: Store) -> dict[str, float]:
    """Return the rate of each rule that X-Ray has."""
    return {name: found["FixedRate"] for name, found in rules(store).items()}


def holder(release: Release) -> str:
    """Return the name of the pod that leads."""
    return release.kubectl("get", "lease/cruddur-operator", "--output=jsonpath={.spec.holderIdentity}")


def manifest(name: str, rate: float, **spec: Any) -> dict[str, Any]:
    """Return a rule; fields that are None are omitted."""
    fields = {**rule(rate)["spec"], **spec}
    return rule(rate) | {
        "metadata": {"name": name},
        "spec": {key: fields[key] for key in fields if fields[key] is not None},
    }


def test_a_leader_killed_during_an_apply_is_replaced(replicas: Release, store: Store, eu: str) -> None:
    """Every rule is in X-Ray within 20 seconds, each created once, by an operator of its class."""
    classes: Mapping[str, str | None] = {f"rule-{number}": None if number % 4 else EU for number in range(RULES)}
    documents = [manifest(name, 0.25, **{"class": classes[name]}) for name in classes]
    leader = until(lambda: holder(replicas), "an operator leads")
    store.local("DELETE", "requests")
    store.local("PUT", "faults", [{"operation": "CreateSamplingRule", "times": RULES, "delay": SLOW_SECONDS}])
    replicas.apply(*documents)
    until(lambda: rates(store).keys() & classes, "X-Ray has one of the rules", pause=0.01)
    replicas.kubectl("delete", "pod", leader, "--grace-period=0", "--force")
    killed = time.monotonic()
    store.local("DELETE", "faults")
    made = len(rates(store).keys() & classes)
    assert made < RULES, "all was done before the leader was killed"
    resources = [f"xsr/{name}" for name in classes]
    replicas.kubectl("wait", "--for=condition=Ready", f"--timeout={ARRIVE_SECONDS}s", *resources)
    arrived = time.monotonic() - killed
    note("operators", {"leader killed": f"{made} of {RULES} rules by then, all Ready {arrived:.1f} s later"})
    assert {name: rate for name, rate in rates(store).items() if name in classes} == dict.fromkeys(classes, 0.25)
    assert holder(replicas) not in {leader, ""}
    assert arrived < ARRIVE_SECONDS
    written = [call for call in store.local("GET", "requests") if call["operation"] in WRITES and call["status"] == 200]
    assert {call["operation"] for call in written} == {"CreateSamplingRule"}
    names = Counter(call["body"]["SamplingRule"]["RuleName"] for call in written)
    assert names == dict.fromkeys(classes, 1)
    by_eu = {call["body"]["SamplingRule"]["RuleName"] for call in written if call["peer"] == eu}
    assert by_eu == {name for name in classes if classes[name] == EU}
    replicas.kubectl("delete", "--timeout=60s", *resources)
    assert not rates(store).keys() & classes


def test_replaced_resources_give_back_what_was_there_before(replicas: Release, store: Store) -> None:
    """The Default rule at the end, an adopted rule when it expires.

    `kubectl replace` removes the finalizer and the annotation; with `--force` it deletes and creates.
    """
    found = {key: value for key, value in rules(store)["Default"].items() if key != "RuleARN"}
    found |= {"RuleName": "found", "Priority": 7, "FixedRate": 0.9, "ReservoirSize": 3}
    store.call("CreateSamplingRule", {"SamplingRule": found})
    before = rules(store)
    adopting = {"adoptionPolicy": "IfUnowned"}

    def write(command: str, *documents: dict[str, Any], expected: dict[str, float]) -> None:
        replicas.kubectl(*command.split(), "--filename=-", text=yaml.safe_dump_all(documents))
        until(lambda: rates(store) == expected, f"X-Ray has {expected} after kubectl {command}")

    write("apply", overriding(0.2), manifest("found", 0.2, **adopting), expected={"Default": 0.2, "found": 0.2})
    replicas.kubectl("wait", "--for=condition=Ready", "--timeout=30s", "xsr/default", "xsr/found")
    write("replace", overriding(0.3), manifest("found", 0.3, **adopting), expected={"Default": 0.3, "found": 0.3})
    expired = manifest("found", 0.3, **adopting, expiresAt="2026-01-01T00:00:00Z")
    write("replace", overriding(0.3), expired, expected={"Default": 0.3, "found": 0.9})
    write("replace --force", overriding(0.4), expected={"Default": 0.4, "found": 0.9})
    replicas.kubectl("delete", "--timeout=60s", "xsr/default", "xsr/found")
    assert rules(store) == before
    store.call("DeleteSamplingRule", {"RuleName": "found"})


def overriding(rate: float) -> dict[str, Any]:
    """Return a rule that overrides the Default rule."""
    spec = {"ruleName": "Default", "fixedRate": rate, "reservoirSize": 0}
    return rule(rate) | {"metadata": {"name": "default"}, "spec": spec}
