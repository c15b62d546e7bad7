"""The shutdown: it changes nothing, unless the operator's own namespace is being deleted."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.operator.environment import Environment
from tests.operator.in_memory_kubernetes import GROUP, RULE, group, rule
from tests.operator.virtual_time import in_virtual_time
from xray_operator.aws.errors import GatewayError
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.finalizers import Scope
from xray_operator.kubernetes.resource import Key
from xray_operator.reasons import Reason
from xray_operator.runtime.shutdown import NamespaceShutdown

OTHER = Key("rule", "shop", "far")
_Scenario = Callable[[Environment], Coroutine[Any, Any, None]]


def rule_in_shop(name: str = "far") -> dict[str, Any]:
    """Return a rule in another namespace."""
    manifest = rule(name, priority=200)
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": "shop"}}


def shutdown(
    environment: Environment, *, home: str = "default", namespaces: tuple[str, ...] = (), resource_class: str = ""
) -> NamespaceShutdown:
    """Return the shutdown, with ten seconds for AWS."""
    return NamespaceShutdown(
        environment.cluster,
        environment.cache,
        environment.reconciler,
        environment.state,
        namespace=home,
        scope=Scope(namespaces, resource_class=resource_class),
        seconds=10,
    )


def run_scenario(scenario: _Scenario) -> None:
    """Run a scenario with a rule, a group with the policy Orphan, and a rule in another namespace, all in AWS."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        environment = Environment(clock=loop.time)
        environment.cluster.apply(rule())
        environment.cluster.apply(group(deletionPolicy="Orphan"))
        environment.cluster.apply(rule_in_shop())
        await environment.state.refresh()
        for key in (RULE, GROUP, OTHER):
            await environment.run_pass(key)
        await scenario(environment)
        environment.pool.shutdown()

    in_virtual_time(run)


def names_in_aws(environment: Environment) -> set[str]:
    """Return the names of the objects in AWS, without the defaults."""
    return {name for _, name in environment.aws.values if name != "Default"}


def claimed(environment: Environment) -> set[Key]:
    """Return the objects that have our finalizer."""
    return {key for key in environment.cluster.bodies if environment.finalizers(key)}


def test_terminating_namespace_carries_out_the_policies() -> None:
    """Objects in other namespaces lose their finalizers, and AWS keeps theirs."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        await shutdown(environment).run()
        assert claimed(environment) == set()
        assert names_in_aws(environment) == {"failing", "far"}
        assert [tags for arn, tags in environment.aws.tags_by_arn.items() if "failing" in arn] == [{}]

    run_scenario(scenario)


def test_terminating_namespace_keeps_the_finalizers_of_another_class() -> None:
    """Another operator manages them, and may run elsewhere."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        await shutdown(environment, resource_class="eu").run()
        assert claimed(environment) == {RULE, GROUP, OTHER}

    run_scenario(scenario)


@pytest.mark.parametrize(
    ("home", "namespaces"), [("", ()), ("shop", ()), ("default", ("shop",)), ("default", ("default",))]
)
def test_other_shutdowns_change_nothing(home: str, namespaces: tuple[str, ...]) -> None:
    """A restart, an update, an unknown namespace, or one that is not watched."""

    async def scenario(environment: Environment) -> None:
        if namespaces != ("default",):
            environment.cluster.terminating.add("default")
        await shutdown(environment, home=home, namespaces=namespaces).run()
        assert claimed(environment) == {RULE, GROUP, OTHER}
        assert names_in_aws(environment) == {"backend", "failing", "far"}

    run_scenario(scenario)


def test_failed_check_of_the_namespace_changes_nothing() -> None:
    """A deletion must be certain."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.failures["terminating"] = [KubernetesError(403, "you are not allowed")]
        await shutdown(environment).run()
        assert claimed(environment) == {RULE, GROUP, OTHER}

    run_scenario(scenario)


def test_finalizers_are_removed_after_the_timeout_while_aws_is_unreachable(caplog: pytest.LogCaptureFixture) -> None:
    """AWS keeps the objects, and the log names them."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.aws.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")] * 1000
        await shutdown(environment).run()
        assert asyncio.get_running_loop().time() < 17
        assert claimed(environment) == set()
        assert names_in_aws(environment) == {"backend", "failing", "far"}

    with caplog.at_level(logging.WARNING):
        run_scenario(scenario)
    records = [vars(record) for record in caplog.records if record.message == "finalizer.removed"]
    assert {record["object"] for record in records} == {str(RULE), str(GROUP), str(OTHER)}
    assert all(record["arn"] for record in records)


def test_deletions_in_other_namespaces_are_finished() -> None:
    """Their policies require it, and no other operator will do it."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.delete(OTHER)
        await shutdown(environment).run()
        assert names_in_aws(environment) == {"failing"}
        assert OTHER not in environment.cluster.bodies

    run_scenario(scenario)


def test_transient_kubernetes_errors_are_retried() -> None:
    """An object may be modified in the meantime, and a list may fail."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.failures["remove_finalizer"] = [KubernetesError(409, "modified")] * 2
        environment.cluster.failures["list"] = [KubernetesError(503, "starting")]
        await shutdown(environment).run()
        assert claimed(environment) == set()
        assert names_in_aws(environment) == {"failing", "far"}

    run_scenario(scenario)


def test_missing_rights_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing else can be done."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.failures["list"] = [KubernetesError(403, "you are not allowed")]
        await shutdown(environment).run()

    run_scenario(scenario)
    errors = [vars(record)["error"] for record in caplog.records if record.message == "shutdown.failed"]
    assert errors == ["you are not allowed"]
