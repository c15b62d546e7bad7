"""The operator's rights are exactly those that it uses: a missing verb is forbidden, an unused one fails here.

No other operator runs here, since it would manage the objects of all namespaces.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.faults.aws import Aws
from tests.integration.operator.fixture import OperatorFixture, group, make_operator, rule
from tools.local_cluster import LEASE_RULES, RULES, Cluster, lease_of
from xray_model import SamplingRule

pytestmark = pytest.mark.process
NAMESPACES = ("shop-a", "shop-b")


def granted() -> set[tuple[str, str]]:
    """Return each verb on each resource in the chart's rules."""
    rules = [rule for file in (RULES, LEASE_RULES) for rule in yaml.safe_load(file.read_text())]
    return {(verb, resource) for rule in rules for verb in rule["verbs"] for resource in rule["resources"]}


def used(requests: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return each verb on each resource in an audit log; a PUT that created its object is a `create`."""
    found = set()
    for request in requests:
        target = request.get("objectRef", {})
        if "resource" in target:
            resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
            found.add((request["verb"], resource))
            if request["responseStatus"]["code"] == 201:
                found.add(("create", resource))
    return found


def forbidden(requests: list[dict[str, Any]]) -> list[str]:
    """Return the requests of an audit log that were forbidden."""
    return [request["requestURI"] for request in requests if request["responseStatus"]["code"] == 403]


@pytest.fixture
def operator(api_server: Cluster, aws: Aws, tmp_path: Path) -> Iterator[OperatorFixture]:
    """Run an operator for all namespaces; the audit log of its account begins with its start."""
    aws.reset()
    with make_operator(api_server, aws, tmp_path) as process:
        yield OperatorFixture(api_server, aws, process, "test-rights")


def test_every_right_is_used_and_none_is_missing(operator: OperatorFixture) -> None:
    """A Lease that is missing, a rule and a group, each with a rival, drift, and deletions."""
    earlier = len(operator.cluster.audited(":operator"))
    namespace, name = lease_of()
    operator.cluster.kubectl("-n", namespace, "delete", "lease", name, "--ignore-not-found")
    operator.process.start()
    operator.apply_in_sync(rule(), group())
    operator.apply(rule("second", ruleName="checkout"), group("third", groupName="slow"))
    operator.wait_synced("xsr/second", "False Duplicate")
    operator.wait_synced("xg/third", "False Duplicate")
    operator.update_in_aws(SamplingRule(rule_name="checkout", priority=100, fixed_rate=1, reservoir_size=1))
    operator.wait_until(lambda: "DriftRepaired" in operator.events("xsr/checkout"), expected=True)
    operator.delete_all()
    assert operator.process.terminate() == 0  # releases the Lease
    requests = operator.cluster.audited(":operator")[earlier:]
    assert forbidden(requests) == []
    assert used(requests) == granted()
    assert {request["userAgent"].partition("/")[0] for request in requests} == {"xray-operator"}


@pytest.fixture
def namespaces(api_server: Cluster, aws: Aws, tmp_path: Path) -> Iterator[list[OperatorFixture]]:
    """Run an operator for two of three namespaces, with a Role in each."""
    aws.reset()
    for name in NAMESPACES:
        api_server.kubectl("create", "namespace", name, check=False)
    with make_operator(api_server, aws, tmp_path, NAMESPACES) as process:
        process.start()
        process.wait_ready()
        fixtures = [OperatorFixture(api_server, aws, process, name) for name in (*NAMESPACES, "shop-c")]
        yield fixtures
        for fixture in fixtures:
            fixture.delete_all()


def test_role_in_each_namespace_suffices(namespaces: list[OperatorFixture]) -> None:
    """Other namespaces are left alone, and nothing that is forbidden is requested."""
    first, second, other = namespaces
    other.apply(rule("checkout-c", priority=3))
    first.apply(rule("checkout-a", priority=1))
    second.apply(rule("checkout-b", priority=2))
    first.wait_in_sync("xsr/checkout-a")
    second.wait_in_sync("xsr/checkout-b")
    first.wait_for_reads()
    assert other.read("xsr/checkout-c")["status"] == {"observedGeneration": -1}
    requests = first.cluster.audited(":operator-shop-a-shop-b")
    assert forbidden(requests) == []
    assert used(requests) <= granted()


def test_namespace_without_a_role_does_not_affect_the_others(namespaces: list[OperatorFixture]) -> None:
    """The operator serves the others, reports it, and serves the namespace once it has its Role."""
    first, second, _ = namespaces
    assert first.process.terminate() == 0
    binding = ("rolebinding", "operator-shop-a-shop-b")
    stored = second.kubectl("get", *binding, "-o", "yaml")
    second.kubectl("delete", *binding)
    first.process.start()
    first.apply_in_sync(rule("checkout-a", priority=1))
    second.apply(rule("checkout-b", priority=2))
    assert first.process.probe("/readyz") == "ok\nno permission in namespace shop-b\n"
    assert first.process.probe("/healthz") == "ok\n"
    assert "xray_operator_forbidden_namespaces 1.0" in first.process.probe("/metrics")
    second.kubectl("create", "-f", "-", text=without_version(stored))
    second.wait_in_sync("xsr/checkout-b")
    assert first.process.probe("/readyz") == "ok\n"
    assert '"Traceback' not in first.process.log


def without_version(text: str) -> str:
    """Return a manifest as it can be created again."""
    body = yaml.safe_load(text)
    body["metadata"] = {key: body["metadata"][key] for key in ("name", "namespace")}
    return yaml.safe_dump(body)
