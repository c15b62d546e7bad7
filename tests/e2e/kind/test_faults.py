"""X-Ray away, and the operator killed while it has work to do."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.kind import peers
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 10.0  # requests a second
AWAY_SECONDS = 30
SINK = "honeycomb"


@pytest.fixture(scope="module")
def honeycomb(cluster: Cluster) -> Iterator[Store]:
    """A second OTLP sink, in Honeycomb's place."""
    with peers.running(cluster, SINK) as found:
        yield found


@pytest.mark.parametrize("agent", ["daemon", "collector"])
def test_x_ray_away_for_half_a_minute(release: Release, store: Store, honeycomb: Store, agent: str) -> None:
    """Requests and Honeycomb's spans notice nothing; the collector keeps the rest; the daemon's losses are counted."""
    sink = {"enabled": True, "endpoint": f"http://{SINK}.{SINK}.svc:4318", "apiKey": "a-key"}
    release.ensure({"tracing": {"agent": agent}, "honeycomb": sink})
    release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=0")
    until(lambda: not release.pods("xray-local"), "xray-local is gone")
    release.wait_for_no_leavers()
    with load(release, RATE) as running:
        time.sleep(AWAY_SECONDS)
        away = len(running.lines())
        release.kubectl("scale", "deployment/cruddur-xray-local", "--replicas=1")
        release.kubectl("rollout", "status", "deployment/cruddur-xray-local", "--timeout=60s")
        running.wait_for(int(10 * RATE))
        answers = running.stop()
    beside = delivery(answers, honeycomb, segments=False)
    assert (beside.failed, beside.without_span) == ([], []), beside
    found = delivery(answers, store)
    during = sum(one["id"] in found.without_segment for one in answers[:away])
    note(
        "faults",
        {f"X-Ray away for {AWAY_SECONDS} s, {agent}": f"{found}; {during} of {away} segments of that time lost"},
    )
    assert found.without_span == []
    if agent == "collector":
        assert found.without_segment == []
    resumed = delivery(answers[-int(5 * RATE) :], store)
    assert resumed.without_segment == [], resumed


def test_the_operator_is_killed_during_an_apply(release: Release, store: Store) -> None:
    """Twelve rules, and no grace; its successor brings all of them to X-Ray."""
    release.ensure({})
    rules = [rule(number / 100) | {"metadata": {"name": f"rule-{number}"}} for number in range(12)]
    release.apply(*rules)
    (operator,) = release.pods("operator")
    release.kubectl("delete", "pod", operator["metadata"]["name"], "--grace-period=0", "--force")
    names = [one["metadata"]["name"] for one in rules]
    release.kubectl("wait", "--for=condition=Ready", "--timeout=90s", *[f"xsr/{name}" for name in names])
    records = store.call("GetSamplingRules", {})["SamplingRuleRecords"]
    rates = {record["SamplingRule"]["RuleName"]: record["SamplingRule"]["FixedRate"] for record in records}
    assert {name: rates.get(name) for name in names} == {
        one["metadata"]["name"]: one["spec"]["fixedRate"] for one in rules
    }
    release.kubectl("delete", "--timeout=60s", *[f"xsr/{name}" for name in names])
    left = {one["SamplingRule"]["RuleName"] for one in store.call("GetSamplingRules", {})["SamplingRuleRecords"]}
    assert not left & set(names)
