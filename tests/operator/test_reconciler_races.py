"""What is true may be seen late, and what is seen may be over: stale reads, lost answers, objects gone meanwhile."""

import json
from typing import Any

import pytest

from tests.operator.kubernetes import RULE, World, rule
from xray_model import SamplingRule
from xray_operator.errors import GatewayError, Reason
from xray_operator.mirror import VanishedError
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Target
from xray_operator.resource import BEFORE_ANNOTATION, from_body
from xray_operator.status import ConditionReason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
HELD = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
THEIRS = {OWNER_TAG: "prod/default/backend"}
TARGET: Target = ("rule", "backend")
SOON = {"expiresAt": "2026-01-01T01:00:00Z"}  # World's time begins an hour before
HOUR = 3600
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")


async def managed(**spec: Any) -> World:
    """Give a world with a rule that is in step, and an empty log."""
    world = World()
    await world.look(world.cluster.apply(rule(**spec)))
    world.log.clear()
    return world


def hide(world: World) -> None:
    """Have AWS show the state before our rule, until the operator has waited."""
    value, tags = world.aws.held.pop(TARGET), world.aws.tagged.pop(ARN)

    def show() -> None:
        world.aws.held[TARGET], world.aws.tagged[ARN] = value, tags

    world.meanwhile = show


async def test_a_deletion_does_not_believe_a_first_look() -> None:
    """A stale list does not leave the rule behind."""
    world = await managed()
    hide(world)
    world.cluster.delete(RULE)
    await world.look(fresh=True)
    assert world.writes() == ["delete"]
    assert TARGET not in world.aws.held


async def test_a_deletion_does_not_believe_stale_tags() -> None:
    """Those of an earlier rule of the same name."""
    world = await managed()
    world.aws.tagged[ARN] = THEIRS

    def show() -> None:
        world.aws.tagged[ARN] = OURS

    world.meanwhile = show
    world.cluster.delete(RULE)
    await world.look()
    assert world.writes() == ["delete"]


async def test_a_creation_that_is_carried_out_late_is_undone_by_the_deletion() -> None:
    """Its answer was lost, and then the object was deleted."""
    world = World()
    world.aws.failures["create"] = [UNREACHABLE]
    await world.look(world.cluster.apply(rule()))

    def late() -> None:
        world.aws.held[TARGET], world.aws.tagged[ARN] = VALUE, OURS
        world.meanwhile = lambda: None

    world.meanwhile = late
    world.cluster.delete(RULE)
    world.log.clear()
    await world.look()
    assert (world.writes(), TARGET in world.aws.held) == (["delete"], False)


async def test_a_creation_that_is_carried_out_after_the_deletion_is_undone_as_well() -> None:
    """Two were tried, of which the first was done late, and the second even later."""
    world = World()
    world.aws.failures["create"] = [UNREACHABLE]
    await world.look(world.cluster.apply(rule()))
    world.aws.held[TARGET], world.aws.tagged[ARN] = VALUE, OURS

    def late() -> None:
        world.aws.held[TARGET], world.aws.tagged[ARN] = VALUE, OURS
        world.meanwhile = lambda: None

    world.meanwhile = late
    world.cluster.delete(RULE)
    world.log.clear()
    await world.look(fresh=True)
    assert (world.writes(), TARGET in world.aws.held) == (["delete", "delete"], False)


async def test_an_expiry_does_not_believe_a_first_look() -> None:
    """What is over has to go, too."""
    world = await managed(**SOON)
    hide(world)
    world.seconds = HOUR
    await world.look(fresh=True)
    assert (world.writes(), TARGET in world.aws.held) == (["delete"], False)


async def test_an_expiry_deletes_nothing_that_is_another_owners_by_now() -> None:
    """Whatever we knew of its tags before."""
    world = await managed(**SOON)
    world.aws.tagged[ARN] = THEIRS
    world.seconds = HOUR
    await world.look()
    assert (world.writes(), world.aws.held[TARGET], world.finalizers()) == ([], VALUE, [])


async def test_a_new_deletion_policy_takes_nothing_that_is_another_owners_by_now() -> None:
    """The tags are read again before they are written."""
    world = await managed()
    world.aws.tagged[ARN] = THEIRS
    await world.look(world.cluster.apply(rule(deletionPolicy="Orphan")))
    assert (world.writes(), world.aws.tagged[ARN]) == ([], THEIRS)
    assert world.told()["Synced"].startswith(f"False {ConditionReason.FOREIGN_OWNER}")


async def test_what_is_taken_over_after_a_refused_creation_is_written_down_first() -> None:
    """It was made after AWS was read, so the creation finds the name taken."""
    world = World()
    await world.region.refresh()
    world.given(HELD)
    await world.look(world.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    assert [one for one in world.log if one not in {"rules", "groups", "statistics", "tags"}] == [
        "claim",
        "create",
        "claim",
        "tag",
        "update",
        "status",
    ]
    assert json.loads(world.cluster.bodies[RULE]["metadata"]["annotations"][BEFORE_ANNOTATION])["FixedRate"] == 0.1
    assert world.finalizers() == ["xray.cruddur.io/finalizer"]


async def test_what_took_the_place_of_ours_is_written_down_when_it_is_taken_over() -> None:
    """Not what was there when ours was made."""
    world = await managed(adoptionPolicy="IfUnowned")
    world.aws.held[TARGET] = HELD
    world.aws.tagged[ARN] = {}
    await world.look(fresh=True)
    await world.look(world.cluster.apply(rule(adoptionPolicy="IfUnowned", fixedRate=0.9)))
    assert json.loads(world.cluster.bodies[RULE]["metadata"]["annotations"][BEFORE_ANNOTATION])["FixedRate"] == 0.1
    assert world.aws.tagged[ARN][OWNER_TAG] == "local/default/backend"


async def test_a_rival_that_is_not_there_any_more_has_no_say() -> None:
    """Its end was not told, since the watch was cut."""
    world = World()
    await world.region.refresh()
    gone = world.cluster.apply(rule("older", ruleName="backend"))
    world.see()
    world.cluster.bodies.pop(gone)
    world.mirror.put(from_body(world.cluster.bodies[world.cluster.apply(rule())]))
    await world.reconciler.reconcile(world.mirror.resources[RULE])
    assert (world.told()["Synced"], gone in world.mirror.resources) == ("True InSync", False)


async def test_an_object_that_is_gone_when_it_is_claimed_creates_nothing() -> None:
    """The answer to the claim comes after the word of its end."""
    world = World()
    world.cluster.apply(rule())
    world.see()
    await world.region.refresh()
    resource = world.mirror.resources[RULE]
    world.mirror.drop(RULE)
    with pytest.raises(VanishedError, match="XRaySamplingRule default/backend has gone meanwhile"):
        await world.reconciler.reconcile(resource)
    assert world.writes() == []


async def test_a_claimed_object_that_is_gone_is_let_go_in_aws() -> None:
    """Without a word to Kubernetes, which has it no more."""
    world = await managed()
    world.cluster.bodies.pop(RULE)
    gone = world.mirror.vanished(RULE)
    assert gone is not None
    assert await world.reconciler.reconcile(gone) is False
    assert (world.patches(), TARGET in world.aws.held) == ([], False)
    assert world.mirror.resources[RULE].claimed is False


async def test_a_gone_object_is_tried_again_when_aws_refuses() -> None:
    """There is nobody to tell."""
    world = await managed()
    world.cluster.bodies.pop(RULE)
    gone = world.mirror.vanished(RULE)
    assert gone is not None
    world.aws.failures["delete"] = [UNREACHABLE]
    assert await world.reconciler.reconcile(gone) is True
    assert world.patches() == []
    assert await world.reconciler.reconcile(gone) is False
    assert TARGET not in world.aws.held
