"""What the operator tells of itself, and how it lives through an API server that goes away."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.faults.aws import Aws
from tests.integration.operator.bench import Bench, group, rule
from tools import local_cluster
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess
from xray_model import SamplingRule

pytestmark = pytest.mark.process
_LABELS = ("kind", "condition", "status", "operation", "result")


def get(operator: OperatorProcess, path: str) -> tuple[int, str]:
    """Ask the operator."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{operator.port}{path}", timeout=10) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metrics(operator: OperatorProcess) -> dict[str, float]:
    """Give the metrics by name and label values."""
    _, text = get(operator, "/metrics")
    return {
        " ".join([one.name, *(one.labels[name] for name in _LABELS if name in one.labels)]): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_the_metrics_tell_calls_objects_drift_and_quota(bench: Bench) -> None:
    """By operation and result, by condition, by kind."""
    seen = metrics(bench.operator).get("xray_operator_drift_seen_total rule", 0)
    bench.apply(rule(), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.aws.gateway.update(SamplingRule(rule_name="checkout", priority=100, fixed_rate=1, reservoir_size=1))
    bench.until(lambda: bench.condition("xsr/checkout", "Drifted"), "False DriftRepaired")
    found = metrics(bench.operator)
    assert found["xray_operator_aws_calls_total create_sampling_rule Success"] >= 1
    assert found["xray_operator_objects rule Ready True"] == 1
    assert found["xray_operator_drift_seen_total rule"] == seen + 1
    assert (found["xray_operator_quota_used rule"], found["xray_operator_quota_limit group"]) == (1, 25)
    assert 0 <= found["xray_operator_last_sync_age_seconds"] < 30


def test_the_probes_say_ok(bench: Bench) -> None:
    """Alive and ready."""
    assert (get(bench.operator, "/healthz"), get(bench.operator, "/readyz")) == ((200, "ok\n"), (200, "ok\n"))


@pytest.fixture
def shaky(aws_process: Aws, tmp_path: Path) -> Iterator[tuple[Cluster, OperatorProcess]]:
    """Run an API server that may be stopped, and an operator of its own."""
    aws_process.reset()
    with local_cluster.running(tmp_path / "cluster") as running:
        kubeconfig = running.operator_client().kubeconfig(tmp_path / "kubeconfig")
        with OperatorProcess(tmp_path, api=aws_process.api, kubeconfig=kubeconfig, interval=1) as operator:
            operator.start()
            operator.wait_ready()
            yield running, operator


def test_an_api_server_that_comes_back_finds_the_operator_at_work(
    shaky: tuple[Cluster, OperatorProcess], aws_process: Aws
) -> None:
    """A kubelet would start it anew if it ended; what changes after the return is brought to AWS."""
    running, operator = shaky
    bench = Bench(running, aws_process, operator, "shaky")
    bench.apply(rule())
    bench.ready("xsr/checkout")
    running.stop_api_server()
    running.compact()
    running.restart_api_server()
    operator.revive()
    bench.apply(rule(fixedRate=0.5), group())
    bench.until(lambda: not operator.revive() and bench.rate() == 0.5, wanted=True)
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.clear()


def test_a_way_into_no_cluster_is_one_line(aws_process: Aws, tmp_path: Path) -> None:
    """The operator ends with it, and with exit code 1."""
    (tmp_path / "kubeconfig").write_text("clusters: none")
    with OperatorProcess(tmp_path, api=aws_process.api, kubeconfig=tmp_path / "kubeconfig") as operator:
        operator.start()
        while operator.is_running:
            pass
        assert "Traceback" not in operator.log
        assert "kubeconfig" in operator.log
