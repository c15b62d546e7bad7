"""The operator's process: probes and metrics, a restart, and outages of AWS and of the Kubernetes API."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.operator.fixture import OperatorFixture, group, rule

pytestmark = pytest.mark.process
READS = {"GetSamplingRules", "GetGroups", "GetSamplingStatisticSummaries", "ListTagsForResource"}
_LABELS = ("kind", "condition", "status", "operation", "result")


def get(operator: OperatorFixture, path: str) -> str:
    """Return the body of a successful GET."""
    with urllib.request.urlopen(f"http://127.0.0.1:{operator.process.port}{path}", timeout=10) as response:
        body: bytes = response.read()
        return body.decode()


def metrics(operator: OperatorFixture) -> dict[str, float]:
    """Return the metrics by name and label values."""
    return {
        " ".join([sample.name, *(sample.labels[name] for name in _LABELS if name in sample.labels)]): sample.value
        for family in text_string_to_metric_families(get(operator, "/metrics"))
        for sample in family.samples
    }


def test_probes_and_metrics_are_served(operator: OperatorFixture) -> None:
    """Calls by operation and result, objects by condition, quotas, and the age of the last read."""
    operator.apply_in_sync(rule(), group())
    assert (get(operator, "/healthz"), get(operator, "/readyz")) == ("ok\n", "ok\n")
    found = metrics(operator)
    assert found["xray_operator_aws_calls_total create_sampling_rule Success"] == 1
    assert found["xray_operator_objects rule Ready True"] == 1
    assert found["xray_operator_drift_seen_total rule"] == 0
    assert (found["xray_operator_quota_used rule"], found["xray_operator_quota_limit group"]) == (1, 25)
    assert 0 <= found["xray_operator_last_sync_age_seconds"] < 30


def test_restart_writes_nothing(operator: OperatorFixture) -> None:
    """SIGTERM ends the process with exit code 0; the next one reads AWS and the objects."""
    operator.apply_in_sync(rule(), group())
    assert operator.process.terminate() == 0
    before = operator.patches()
    operator.aws.forget_calls()
    operator.process.start()
    operator.process.wait_ready()
    operator.wait_until(lambda: operator.calls().count("GetSamplingRules") >= 3, expected=True)
    assert set(operator.calls()) <= READS
    assert operator.patches()[len(before) :] == []


def wait_unreachable(operator: OperatorFixture, name: str) -> None:
    """Wait until an object reports the outage; a deletion begins a generation that the status need not have."""

    def reason() -> str:
        conditions = operator.read(f"xsr/{name}").get("status", {}).get("conditions", [])
        return next((str(condition["reason"]) for condition in conditions if condition["type"] == "Synced"), "")

    operator.wait_until(reason, "Unreachable")


def test_outage_of_aws_delays_changes_and_loses_none(operator: OperatorFixture) -> None:
    """Ready stays while AWS is unreachable; a creation and a deletion wait, and repeated failures are not reported."""
    operator.apply_in_sync(rule(), rule("old", priority=200))
    operator.aws.script([{"operation": "*", "times": 100_000, "status": 503}])
    wait_unreachable(operator, "checkout")
    operator.apply(rule("new", priority=300))
    operator.kubectl("delete", "xsr/old", "--wait=false")
    wait_unreachable(operator, "new")
    wait_unreachable(operator, "old")
    assert operator.condition("xsr/checkout", "Ready") == "True Available"
    assert operator.condition("xsr/new", "Ready") == "False Unreachable"
    patches = operator.patches()
    operator.aws.forget_calls()
    operator.wait_until(lambda: operator.calls().count("GetSamplingRules") >= 4, expected=True)
    assert (operator.patches(), operator.events("xsr/new")) == (patches, ["Unreachable"])
    operator.aws.script([])
    operator.wait_in_sync("xsr/checkout")
    operator.wait_in_sync("xsr/new")
    operator.wait_until(lambda: operator.kubectl("get", "xsr/old", "--ignore-not-found"), "")
    assert operator.aws_value("old") is None


def test_operator_resumes_after_a_restart_of_the_api_server(operator: OperatorFixture) -> None:
    """Its watches begin at revisions that no longer exist; the kubelet's part is to start it if it ends."""
    operator.apply_in_sync(rule())
    operator.cluster.stop_api_server()
    operator.cluster.compact()
    operator.cluster.restart_api_server()
    operator.process.revive()
    operator.apply(rule(fixedRate=0.5), group())
    operator.wait_until(lambda: not operator.process.revive() and operator.rate() == 0.5, expected=True)
    operator.wait_in_sync("xsr/checkout")
    operator.wait_in_sync("xg/slow")
