"""What the operator does at its end: nothing, unless its own namespace is being deleted."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.operator.kubernetes import GROUP, RULE, World, group, in_virtual_time, rule
from xray_operator.departure import Departure
from xray_operator.errors import GatewayError, Reason
from xray_operator.kube_http import KubernetesError
from xray_operator.resource import Key

ELSEWHERE = Key("rule", "shop", "far")
_Scenario = Callable[[World], Coroutine[Any, Any, None]]


def far(name: str = "far") -> dict[str, Any]:
    """Give a rule in another namespace."""
    manifest = rule(name, priority=200)
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": "shop"}}


def departure(world: World, *, home: str = "default", namespaces: tuple[str, ...] = ()) -> Departure:
    """Give an operator's last act, with ten seconds for AWS."""
    return Departure(
        world.cluster, world.mirror, world.reconciler, world.region, home=home, namespaces=namespaces, seconds=10
    )


def in_a_world(scenario: _Scenario, *keys: Key) -> None:
    """Run a scenario with a rule, a group that is to be kept, and a rule elsewhere, all in AWS."""

    async def whole() -> None:
        loop = asyncio.get_running_loop()
        world = World(clock=loop.time)
        world.cluster.apply(rule())
        world.cluster.apply(group(deletionPolicy="Orphan"))
        world.cluster.apply(far())
        await world.region.refresh()
        for key in (RULE, GROUP, ELSEWHERE):
            await world.look(key)
        await scenario(world)
        world.region.close()

    in_virtual_time(whole)


def held(world: World) -> set[str]:
    """Give the names of what AWS holds, but the defaults."""
    return {name for _, name in world.aws.held if name != "Default"}


def claimed(world: World) -> set[Key]:
    """Give the objects that have our finalizer."""
    return {key for key in world.cluster.bodies if world.finalizers(key)}


def test_a_namespace_that_is_deleted_takes_its_objects_with_it() -> None:
    """As their policies say; objects elsewhere are let go, and AWS keeps theirs."""

    async def scenario(world: World) -> None:
        world.cluster.terminating.add("default")
        await departure(world).leave()
        assert claimed(world) == set()
        assert held(world) == {"failing", "far"}
        assert [tags for arn, tags in world.aws.tagged.items() if "failing" in arn] == [{}]

    in_a_world(scenario)


@pytest.mark.parametrize(
    ("home", "namespaces"), [("", ()), ("shop", ()), ("default", ("shop",)), ("default", ("default",))]
)
def test_any_other_end_changes_nothing(home: str, namespaces: tuple[str, ...]) -> None:
    """A restart, an update, a place that is not known, or one where there are no rights to find out."""

    async def scenario(world: World) -> None:
        if namespaces != ("default",):
            world.cluster.terminating.add("default")
        await departure(world, home=home, namespaces=namespaces).leave()
        assert claimed(world) == {RULE, GROUP, ELSEWHERE}
        assert held(world) == {"backend", "failing", "far"}

    in_a_world(scenario)


def test_an_api_server_that_does_not_tell_changes_nothing() -> None:
    """To delete is right only when it is certain."""

    async def scenario(world: World) -> None:
        world.cluster.terminating.add("default")
        world.cluster.failures["terminating"] = [KubernetesError(403, "you are not allowed")]
        await departure(world).leave()
        assert claimed(world) == {RULE, GROUP, ELSEWHERE}

    in_a_world(scenario)


def test_while_aws_is_away_everything_is_let_go_when_the_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """AWS keeps it, and the log names it."""

    async def scenario(world: World) -> None:
        world.cluster.terminating.add("default")
        world.aws.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "AWS does not answer")] * 1000
        await departure(world).leave()
        assert asyncio.get_running_loop().time() < 17
        assert claimed(world) == set()
        assert held(world) == {"backend", "failing", "far"}

    with caplog.at_level(logging.WARNING):
        in_a_world(scenario)
    told = {vars(one)["object"]: vars(one)["arn"] for one in caplog.records if one.message == "departure.let_go"}
    assert told.keys() == {str(RULE), str(GROUP), str(ELSEWHERE)}
    assert all(told.values())


def test_what_is_being_deleted_elsewhere_is_finished() -> None:
    """Its policy asks for it, and nobody else will do it."""

    async def scenario(world: World) -> None:
        world.cluster.terminating.add("default")
        world.cluster.delete(ELSEWHERE)
        await departure(world).leave()
        assert held(world) == {"failing"}
        assert ELSEWHERE not in world.cluster.bodies

    in_a_world(scenario)


def test_a_write_that_is_refused_once_is_made_again() -> None:
    """Somebody may change an object meanwhile, and a list may fail."""

    async def scenario(world: World) -> None:
        world.cluster.terminating.add("default")
        world.cluster.failures["release"] = [KubernetesError(409, "modified")]
        world.cluster.failures["let_go"] = [KubernetesError(409, "modified")]
        world.cluster.failures["list"] = [KubernetesError(503, "starting")]
        await departure(world).leave()
        assert claimed(world) == set()
        assert held(world) == {"failing", "far"}

    in_a_world(scenario)


def test_rights_that_are_gone_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing left to be done."""

    async def scenario(world: World) -> None:
        world.cluster.terminating.add("default")
        world.cluster.failures["list"] = [KubernetesError(403, "you are not allowed")]
        await departure(world).leave()

    in_a_world(scenario)
    assert [vars(one)["error"] for one in caplog.records if one.message == "departure.failed"] == [
        "you are not allowed"
    ]
