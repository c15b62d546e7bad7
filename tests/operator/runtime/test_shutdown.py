"""What the operator does at its end: nothing, unless its own namespace is being deleted."""

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
from xray_operator.kubernetes.resource import Key
from xray_operator.reasons import Reason
from xray_operator.runtime.shutdown import NamespaceShutdown

ELSEWHERE = Key("rule", "shop", "far")
_Scenario = Callable[[Environment], Coroutine[Any, Any, None]]


def far(name: str = "far") -> dict[str, Any]:
    """Give a rule in another namespace."""
    manifest = rule(name, priority=200)
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": "shop"}}


def departure(
    environment: Environment, *, home: str = "default", namespaces: tuple[str, ...] = ()
) -> NamespaceShutdown:
    """Give an operator's last act, with ten seconds for AWS."""
    return NamespaceShutdown(
        environment.cluster,
        environment.cache,
        environment.reconciler,
        environment.state,
        namespace=home,
        watched=namespaces,
        seconds=10,
    )


def in_a_world(scenario: _Scenario, *keys: Key) -> None:
    """Run a scenario with a rule, a group that is to be kept, and a rule elsewhere, all in AWS."""

    async def whole() -> None:
        loop = asyncio.get_running_loop()
        environment = Environment(clock=loop.time)
        environment.cluster.apply(rule())
        environment.cluster.apply(group(deletionPolicy="Orphan"))
        environment.cluster.apply(far())
        await environment.state.refresh()
        for key in (RULE, GROUP, ELSEWHERE):
            await environment.run_pass(key)
        await scenario(environment)
        environment.pool.shutdown()

    in_virtual_time(whole)


def held(environment: Environment) -> set[str]:
    """Give the names of what AWS holds, but the defaults."""
    return {name for _, name in environment.aws.values if name != "Default"}


def claimed(environment: Environment) -> set[Key]:
    """Give the objects that have our finalizer."""
    return {key for key in environment.cluster.bodies if environment.finalizers(key)}


def test_a_namespace_that_is_deleted_takes_its_objects_with_it() -> None:
    """As their policies say; objects elsewhere are let go, and AWS keeps theirs."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        await departure(environment).run()
        assert claimed(environment) == set()
        assert held(environment) == {"failing", "far"}
        assert [tags for arn, tags in environment.aws.tags_by_arn.items() if "failing" in arn] == [{}]

    in_a_world(scenario)


@pytest.mark.parametrize(
    ("home", "namespaces"), [("", ()), ("shop", ()), ("default", ("shop",)), ("default", ("default",))]
)
def test_any_other_end_changes_nothing(home: str, namespaces: tuple[str, ...]) -> None:
    """A restart, an update, a place that is not known, or one where there are no rights to find out."""

    async def scenario(environment: Environment) -> None:
        if namespaces != ("default",):
            environment.cluster.terminating.add("default")
        await departure(environment, home=home, namespaces=namespaces).run()
        assert claimed(environment) == {RULE, GROUP, ELSEWHERE}
        assert held(environment) == {"backend", "failing", "far"}

    in_a_world(scenario)


def test_an_api_server_that_does_not_tell_changes_nothing() -> None:
    """To delete is right only when it is certain."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.failures["terminating"] = [KubernetesError(403, "you are not allowed")]
        await departure(environment).run()
        assert claimed(environment) == {RULE, GROUP, ELSEWHERE}

    in_a_world(scenario)


def test_while_aws_is_away_everything_is_let_go_when_the_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """AWS keeps it, and the log names it."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.aws.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "AWS does not answer")] * 1000
        await departure(environment).run()
        assert asyncio.get_running_loop().time() < 17
        assert claimed(environment) == set()
        assert held(environment) == {"backend", "failing", "far"}

    with caplog.at_level(logging.WARNING):
        in_a_world(scenario)
    told = {vars(one)["object"]: vars(one)["arn"] for one in caplog.records if one.message == "finalizer.removed"}
    assert told.keys() == {str(RULE), str(GROUP), str(ELSEWHERE)}
    assert all(told.values())


def test_what_is_being_deleted_elsewhere_is_finished() -> None:
    """Its policy asks for it, and nobody else will do it."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.delete(ELSEWHERE)
        await departure(environment).run()
        assert held(environment) == {"failing"}
        assert ELSEWHERE not in environment.cluster.bodies

    in_a_world(scenario)


def test_a_write_that_is_refused_once_is_made_again() -> None:
    """Somebody may change an object meanwhile, and a list may fail."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.failures["remove_finalizer"] = [KubernetesError(409, "modified")]
        environment.cluster.failures["let_go"] = [KubernetesError(409, "modified")]
        environment.cluster.failures["list"] = [KubernetesError(503, "starting")]
        await departure(environment).run()
        assert claimed(environment) == set()
        assert held(environment) == {"failing", "far"}

    in_a_world(scenario)


def test_rights_that_are_gone_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing left to be done."""

    async def scenario(environment: Environment) -> None:
        environment.cluster.terminating.add("default")
        environment.cluster.failures["list"] = [KubernetesError(403, "you are not allowed")]
        await departure(environment).run()

    in_a_world(scenario)
    assert [vars(one)["error"] for one in caplog.records if one.message == "shutdown.failed"] == ["you are not allowed"]
