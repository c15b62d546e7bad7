"""What an object takes over and how it lets go: adoption, the defaults, deletion, expiry, Observe and suspend."""

import json
from typing import Any

import pytest

from tests.operator.kubernetes import (
    AWS_WRITES,
    DEFAULT,
    GROUP,
    KUBERNETES_WRITES,
    RULE,
    World,
    default_rule_at,
    group,
    rule,
)
from xray_model import Group, SamplingRule, default_rule
from xray_operator.errors import GatewayError, Reason
from xray_operator.kube_http import KubernetesError
from xray_operator.ports import DELETION_TAG, OWNER_TAG

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
HELD = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
THEIRS = {OWNER_TAG: "prod/default/backend", "team": "a"}
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}
EXPIRED = {"Ready": "False Expired", "Synced": "True Expired", "Drifted": "False NoDrift"}
SOON = {"expiresAt": "2026-01-01T01:00:00Z"}  # World's time begins an hour before
HOUR = 3600
THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")


def before(world: World, key: Any = RULE) -> Any:
    """Give what the annotation has."""
    text = world.cluster.bodies[key]["metadata"]["annotations"].get("xray.cruddur.io/before")
    return None if text is None else json.loads(text)


async def managed(manifest: dict[str, Any]) -> World:
    """Give a world with an object that is in step, and an empty log."""
    world = World()
    await world.look(world.cluster.apply(manifest))
    world.log.clear()
    return world


@pytest.mark.parametrize(("tags", "policy"), [({"team": "a"}, "IfUnowned"), (THEIRS, "Force")])
async def test_what_is_taken_over_is_written_down_with_the_finalizer(tags: dict[str, str], policy: str) -> None:
    """After a fresh read, before AWS is written; the tags of others stay."""
    world = World()
    await world.region.refresh()
    world.given(VALUE, tags)
    world.edit("rule", "backend", FixedRate=0.1)
    await world.look(world.cluster.apply(rule(adoptionPolicy=policy)), fresh=True)
    assert world.log[:8] == [*READ, "tags", *READ, "tags"]
    assert world.writes(AWS_WRITES | KUBERNETES_WRITES) == ["claim", "tag", "update", "status"]
    assert before(world) == HELD.to_api()
    assert world.aws.held["rule", "backend"] == VALUE
    assert world.aws.tagged[ARN] == {"team": "a", OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
    assert world.told() == IN_SYNC


async def test_what_changes_owner_before_it_is_taken_over_is_left_alone() -> None:
    """The read before the claim is the one that counts."""
    world = World()
    world.given(VALUE)
    world.see()
    await world.region.refresh()
    await world.region.load_tags(world.region.observed.find(("rule", "backend")))
    world.aws.tagged[ARN] = THEIRS
    await world.look(world.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    assert world.told()["Ready"] == "False ForeignOwner"
    assert (world.writes(), world.finalizers()) == ([], [])


async def test_a_changed_deletion_policy_is_written_to_the_tags() -> None:
    """And is no takeover: there is nothing to go back to."""
    world = await managed(rule())
    await world.look(world.cluster.apply(rule(deletionPolicy="Orphan")))
    assert (world.writes(), before(world)) == (["tag"], None)
    assert world.aws.tagged[ARN][DELETION_TAG] == "Orphan"


async def test_the_default_rule_is_written_down_and_never_tagged() -> None:
    """Its values of before are in the annotation, which is written once."""
    world = World()
    await world.look(world.cluster.apply(default_rule_at(1.0)))
    assert world.log == [*READ, *READ, "claim", "update", "status"]
    assert before(world, DEFAULT) == default_rule().to_api()
    await world.look(world.cluster.apply(default_rule_at(0.9)))
    again = World(after=world)
    await again.look(DEFAULT)
    assert (again.told(DEFAULT), before(again, DEFAULT)) == (IN_SYNC, default_rule().to_api())
    assert "quota" in again.status(DEFAULT)
    assert "tag" not in again.log


async def test_a_default_rule_that_is_as_asked_is_claimed_and_not_written() -> None:
    """What is there is to come back even if it is changed later."""
    world = World()
    await world.look(world.cluster.apply(default_rule_at(0.05)))
    assert (world.writes(), before(world, DEFAULT)) == ([], default_rule().to_api())
    assert world.finalizers(DEFAULT) == ["xray.cruddur.io/finalizer"]


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0.05), ("Orphan", 1.0)])
async def test_a_deleted_object_gives_the_default_rule_back(policy: str, left: float) -> None:
    """As it was before, unless it is to stay."""
    world = await managed(default_rule_at(1.0, deletionPolicy=policy))
    world.cluster.delete(DEFAULT)
    await world.look(DEFAULT)
    assert world.log == (["update", "release"] if policy == "Delete" else ["release"])
    held = world.aws.held["rule", "Default"]
    assert isinstance(held, SamplingRule)
    assert held.fixed_rate == left
    assert DEFAULT not in world.cluster.bodies


async def test_the_default_group_takes_what_it_can() -> None:
    """It is updated, and neither created nor tagged."""
    manifest = group("failing", groupName="Default", insightsConfiguration={"insightsEnabled": True})
    del manifest["spec"]["filterExpression"]
    world = World()
    await world.look(world.cluster.apply(manifest))
    assert (world.writes(), world.told(GROUP)) == (["update"], IN_SYNC)
    world.cluster.delete(GROUP)
    await world.look(GROUP)
    assert world.aws.held["group", "Default"] == Group(group_name="Default")


async def test_a_deleted_object_is_deleted_in_aws_after_a_fresh_look_at_its_tags() -> None:
    """Then it may go; what never was claimed goes without us."""
    world = await managed(rule())
    world.cluster.delete(RULE)
    assert await world.look() is False
    assert world.log == ["tags", "delete", "release"]
    assert (RULE in world.cluster.bodies, ("rule", "backend") in world.aws.held) == (False, False)


async def test_an_orphan_keeps_its_rule_without_our_tags() -> None:
    """Those of others stay."""
    world = await managed(rule(deletionPolicy="Orphan"))
    world.aws.tagged[ARN]["team"] = "a"
    world.cluster.delete(RULE)
    await world.look()
    assert world.log == ["tags", "untag", "release"]
    assert (world.aws.held["rule", "backend"], world.aws.tagged[ARN]) == (VALUE, {"team": "a"})


@pytest.mark.parametrize("policy", ["Delete", "Orphan"])
async def test_what_does_not_carry_our_tag_is_not_touched_by_a_deletion(policy: str) -> None:
    """Whatever we knew of its tags before."""
    world = await managed(rule(deletionPolicy=policy))
    world.aws.tagged[ARN] = {OWNER_TAG: "prod/default/backend"}
    world.cluster.delete(RULE)
    await world.look()
    assert (world.writes(), world.seconds) == ([], 2)  # it has looked again, in case the tags are old
    assert (RULE in world.cluster.bodies, ("rule", "backend") in world.aws.held) == (False, True)


@pytest.mark.parametrize("read", [True, False])
async def test_what_is_gone_already_needs_no_deletion(read: bool) -> None:
    """Whether we have read so or not."""
    world = await managed(rule())
    world.cluster.delete(RULE)
    del world.aws.held["rule", "backend"]
    assert await world.look(fresh=read) is False
    assert world.writes() == []
    assert RULE not in world.cluster.bodies


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        ("rules", GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray"), "False Unreachable cannot reach X-Ray"),
        ("tags", GatewayError(Reason.DENIED, "no"), "False Denied no"),
        ("delete", THROTTLED, "False Throttled ThrottledException: Rate exceeded"),
    ],
)
async def test_an_object_stays_until_aws_has_let_go(call: str, error: GatewayError, told: str) -> None:
    """The reason is on it meanwhile."""
    world = await managed(rule())
    world.cluster.delete(RULE)
    world.aws.failures[call] = [error]
    assert await world.look(fresh=True) is True
    assert (world.told()["Synced"], world.told()["Ready"]) == (told, "True Available")
    assert world.finalizers() == ["xray.cruddur.io/finalizer"]
    world.seconds = 10
    assert await world.look() is False
    assert RULE not in world.cluster.bodies


async def test_a_spec_that_cannot_be_used_can_be_deleted() -> None:
    """Its name and policy are known."""
    world = await managed(rule())
    await world.look(world.cluster.apply(rule(fixedRate=7)))
    world.cluster.delete(RULE)
    await world.look()
    assert world.writes() == ["delete"]


async def test_an_object_that_was_never_claimed_is_none_of_ours_to_delete() -> None:
    """It may wait for somebody else's finalizer."""
    world = World()
    world.given(VALUE)
    key = world.cluster.apply(rule())
    world.cluster.bodies[key]["metadata"]["finalizers"] = ["other"]
    await world.look(key)
    world.log.clear()
    world.cluster.delete(key)
    assert await world.look(key) is False
    assert world.log == []


async def test_a_new_rule_goes_at_its_time_and_then_nothing_is_done() -> None:
    """Its finalizer goes with it; deleting the object afterwards asks nothing of AWS."""
    world = await managed(rule(**SOON))
    world.seconds = HOUR - 1
    await world.look()
    assert world.log == []
    world.seconds = HOUR
    assert await world.look() is False
    assert world.log == ["tags", "delete", "release", "status"]
    assert (world.told(), world.finalizers(), "arn" in world.status()) == (EXPIRED, [], False)
    world.log.clear()
    await world.look(fresh=True)
    assert world.log == READ


async def test_the_default_rule_goes_back_at_its_time_and_then_nothing_is_done() -> None:
    """Whatever somebody does with it afterwards."""
    world = await managed(default_rule_at(1.0, **SOON))
    world.seconds = HOUR
    await world.look(DEFAULT)
    assert world.log == ["update", "release", "status"]
    assert world.aws.held["rule", "Default"] == default_rule()
    assert (world.told(DEFAULT), before(world, DEFAULT), world.finalizers(DEFAULT)) == (EXPIRED, None, [])
    world.edit("rule", "Default", FixedRate=0.3)
    world.log.clear()
    await world.look(DEFAULT, fresh=True)
    assert world.log == READ


async def test_what_was_taken_over_goes_back_at_its_time() -> None:
    """As it was, and nobody's."""
    world = World()
    world.given(HELD)
    await world.look(world.cluster.apply(rule(adoptionPolicy="IfUnowned", **SOON)))
    world.seconds = HOUR
    world.log.clear()
    await world.look(RULE)
    assert world.log == ["tags", "update", "untag", "release", "status"]
    assert (world.aws.held["rule", "backend"], world.aws.tagged[ARN]) == (HELD, {})
    await world.look(fresh=True)
    assert world.told() == EXPIRED


async def test_an_object_that_comes_too_late_does_nothing() -> None:
    """It is told so; a later time brings it to life."""
    world = World()
    world.seconds = HOUR
    await world.look(world.cluster.apply(rule(**SOON)))
    assert (world.writes(), world.finalizers(), world.told()) == ([], [], EXPIRED)
    await world.look(world.cluster.apply(rule(expiresAt="2026-01-01T02:00:00Z")))
    assert (world.writes(), world.told()) == (["create"], IN_SYNC)


async def test_an_end_that_fails_is_tried_again() -> None:
    """The object is not let go before."""
    world = await managed(rule(**SOON))
    world.seconds = HOUR
    world.aws.failures["delete"] = [THROTTLED]
    assert await world.look() is True
    assert (world.told()["Synced"], len(world.finalizers())) == (f"False Throttled {THROTTLED.message}", 1)
    world.cluster.failures["release"] = [KubernetesError(409, "modified")]
    with pytest.raises(KubernetesError):
        await world.look()
    assert await world.look() is False
    assert (world.told(), world.writes()) == (EXPIRED, ["delete", "delete"])


@pytest.mark.parametrize(
    ("spec", "why"), [({"managementPolicy": "Observe"}, "Observed"), ({"suspend": True}, "Suspended")]
)
async def test_who_only_looks_never_writes(spec: dict[str, Any], why: str) -> None:
    """Nothing there, something else there, the same there; no finalizer, and it is no failure."""
    world = World()
    key = world.cluster.apply(rule(adoptionPolicy="Force", **SOON, **spec))
    assert await world.look(key) is False
    assert world.told() == {"Ready": "False Missing", "Synced": f"False {why}", "Drifted": "False NoDrift"}
    world.given(HELD, THEIRS)
    await world.look(fresh=True)
    drifted = {"Drifted": "True DriftDetected FixedRate: 0.1 -> 0.5"}
    assert world.told() == {"Ready": "True Available", "Synced": f"False {why}"} | drifted
    assert world.status()["drift"] == [{"field": "fixedRate", "desired": "0.5", "actual": "0.1"}]
    assert world.status()["arn"] == ARN
    world.edit("rule", "backend", FixedRate=0.5)
    world.seconds = HOUR
    await world.look(fresh=True)
    assert world.told() == IN_SYNC | {"Synced": f"True {why}"}
    assert (world.finalizers(), world.writes()) == ([], [])


async def test_an_object_that_is_to_observe_is_let_go() -> None:
    """AWS keeps what it has; deleting the object then asks nothing of AWS."""
    world = await managed(rule())
    await world.look(world.cluster.apply(rule(fixedRate=0.7, managementPolicy="Observe")))
    assert world.log == ["release", "status"]
    assert (world.finalizers(), world.told()["Synced"]) == ([], "False Observed")
    world.cluster.delete(RULE)
    assert RULE not in world.cluster.bodies
    assert world.aws.held["rule", "backend"] == VALUE


async def test_a_deletion_that_comes_with_observe_leaves_aws_alone() -> None:
    """The finalizer is taken away all the same."""
    world = await managed(rule())
    world.cluster.apply(rule(managementPolicy="Observe"))
    world.cluster.delete(RULE)
    await world.look()
    assert world.log == ["release"]


async def test_a_suspended_object_keeps_its_finalizer_and_goes_on_without_drift() -> None:
    """What differs when it is resumed is the spec's doing."""
    world = await managed(rule())
    await world.look(world.cluster.apply(rule(suspend=True)))
    world.edit("rule", "backend", FixedRate=0.1)
    await world.look(fresh=True)
    assert (world.writes(), len(world.finalizers())) == ([], 1)
    await world.look(world.cluster.apply(rule()))
    assert (world.writes(), world.told(), world.report.drift_seen) == (["update"], IN_SYNC, {})
