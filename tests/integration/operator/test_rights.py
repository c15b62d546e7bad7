"""The operator's rights are exactly those that it uses: a missing verb is refused, an unused one fails here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.faults.aws import Aws
from tests.integration.operator.bench import Bench, group, rule
from tools import local_cluster
from tools.local_cluster import RULES, Cluster
from tools.operator_process import OperatorProcess
from xray_model import SamplingRule

pytestmark = pytest.mark.process


def granted() -> set[tuple[str, str]]:
    """Give each verb on each resource from the chart's rules."""
    rules = yaml.safe_load(RULES.read_text())
    return {(verb, resource) for one in rules for verb in one["verbs"] for resource in one["resources"]}


def used(running: Cluster, account: str) -> set[tuple[str, str]]:
    """Give each verb that a service account has used on each resource, from the audit log."""
    found = set()
    for one in running.audited(f":{account}"):
        target = one.get("objectRef", {})
        if "resource" in target:
            found.add((one["verb"], "/".join(filter(None, (target["resource"], target.get("subresource"))))))
    return found


def refused(running: Cluster, account: str) -> list[str]:
    """Give the requests of a service account that were forbidden."""
    return [one["requestURI"] for one in running.audited(f":{account}") if one["responseStatus"]["code"] == 403]


def test_every_right_is_used_and_none_is_missing(bench: Bench) -> None:
    """A life of a rule and a group, with a rival whose existence is asked for."""
    bench.apply(rule(), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.apply(rule("second", ruleName="checkout"), group("third", groupName="slow"))
    bench.synced("xsr/second", "False Duplicate")
    bench.synced("xg/third", "False Duplicate")
    bench.aws.gateway.update(SamplingRule(rule_name="checkout", priority=100, fixed_rate=1, reservoir_size=1))
    bench.until(lambda: bench.condition("xsr/checkout", "Drifted"), "False DriftRepaired")
    bench.until(lambda: "DriftRepaired" in bench.events("xsr/checkout"), wanted=True)
    bench.clear()
    assert refused(bench.cluster, "operator") == []
    assert used(bench.cluster, "operator") == granted()


@pytest.fixture
def benches(aws_process: Aws, tmp_path: Path) -> Iterator[list[Bench]]:
    """Run an API server of its own, and an operator for two of three namespaces, with a Role in each."""
    aws_process.reset()
    names = ("shop-a", "shop-b")
    with local_cluster.running(tmp_path / "cluster") as running:
        for name in names:
            running.kubectl("create", "namespace", name)
        kubeconfig = running.operator_client(names).kubeconfig(tmp_path / "kubeconfig")
        options: dict[str, float | str] = {"interval": 1, "namespaces": ",".join(names)}
        with OperatorProcess(tmp_path, api=aws_process.api, kubeconfig=kubeconfig, **options) as operator:
            operator.start()
            operator.wait_ready()
            yield [Bench(running, aws_process, operator, name) for name in (*names, "shop-c")]


def test_two_namespaces_can_be_served_by_a_role_in_each(benches: list[Bench]) -> None:
    """What is elsewhere is left alone, and nothing more is asked for."""
    for number, bench in enumerate(benches):
        bench.apply(rule(f"checkout-{number}"))
    benches[0].ready("xsr/checkout-0")
    benches[1].ready("xsr/checkout-1")
    benches[0].look_at_aws()
    assert benches[2].read("xsr/checkout-2").get("status") is None
    assert refused(benches[0].cluster, "operator-shop-a-shop-b") == []
    assert used(benches[0].cluster, "operator-shop-a-shop-b") <= granted()
