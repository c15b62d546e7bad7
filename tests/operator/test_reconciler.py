"""One pass: new, changed, drifted, in conflict, and when AWS cannot be read or contradicts what was read."""

from typing import Any

import pytest

from tests.operator.kubernetes import GROUP, RULE, World, conditions, group, rule
from xray_model import SamplingRule
from xray_operator.errors import GatewayError, Reason
from xray_operator.kube_http import KubernetesError
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Statistics, Value
from xray_operator.resource import RECONCILE_ANNOTATION

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
OTHER = SamplingRule(rule_name="other", priority=200, fixed_rate=0.5, reservoir_size=1)
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://aws: ReadTimeoutError")
DENIED = GatewayError(Reason.DENIED, "AccessDeniedException: not allowed")


async def synced(manifest: dict[str, Any] | None = None) -> World:
    """Give a world with an object that is in step, and an empty log."""
    world = World()
    await world.look(world.cluster.apply(manifest or rule()))
    world.log.clear()
    return world


@pytest.mark.parametrize("manifest", [rule(), group()], ids=["rule", "group"])
async def test_a_new_object_is_claimed_then_created_then_reported(manifest: dict[str, Any]) -> None:
    """The finalizer is stored before AWS is written; two PATCHes are all."""
    world = World()
    key = world.cluster.apply(manifest)
    assert await world.look(key) is False
    assert world.log == [*READ, "claim", "create", "status"]
    assert world.finalizers(key) == ["xray.cruddur.io/finalizer"]
    assert world.told(key) == IN_SYNC
    name, arn = key.name, f"arn:aws:xray:us-east-1:000000000000:{key.kind}/{key.name}"
    assert world.status(key) | {"conditions": []} == {
        "observedGeneration": 1,
        "name": name,
        "arn": arn,
        "quota": "1/25",
        "conditions": [],
    }
    assert world.aws.tagged[arn] == {OWNER_TAG: f"local/default/{name}", DELETION_TAG: "Delete"}


async def test_a_second_pass_writes_nothing() -> None:
    """Neither on what is known, nor on a fresh read, nor after a restart."""
    world = await synced()
    await world.look()
    assert world.log == []
    await world.look(fresh=True)
    assert world.log == READ
    world.log.clear()
    again = World(after=world)
    await again.look()
    assert again.log == ["rules", "groups", "statistics", "tags"]


async def test_without_a_stored_finalizer_aws_is_not_written() -> None:
    """Somebody else wrote the object at the same time; the newer version comes anyway."""
    world = World()
    key = world.cluster.apply(rule())
    world.cluster.failures["claim"] = [KubernetesError(409, "modified")]
    with pytest.raises(KubernetesError, match="modified"):
        await world.look(key)
    assert world.writes() == []
    await world.look(key)
    assert world.told() == IN_SYNC


async def test_a_changed_spec_is_an_update_and_no_drift() -> None:
    """After a look at the tags, since they may have changed."""
    world = await synced()
    await world.look(world.cluster.apply(rule(fixedRate=0.7)))
    assert world.log == ["tags", "update", "status"]
    assert world.told() == IN_SYNC
    assert world.status()["observedGeneration"] == 2
    assert world.report.drift_seen == {}


async def test_drift_is_shown_before_it_is_repaired() -> None:
    """Drifted with the fields is written first, then AWS, then DriftRepaired."""
    world = await synced()
    world.edit("rule", "backend", FixedRate=0.1)
    await world.look(fresh=True)
    assert world.log == [*READ, "tags", "status", "update", "status"]
    shown, repaired = world.cluster.statuses[-2:]
    assert conditions(shown) == IN_SYNC | {"Drifted": "True DriftDetected FixedRate: 0.1 -> 0.5"}
    assert shown["drift"] == [{"field": "fixedRate", "desired": "0.5", "actual": "0.1"}]
    assert conditions(repaired) == IN_SYNC | {"Drifted": "False DriftRepaired FixedRate: 0.1 -> 0.5"}
    assert "drift" not in repaired
    assert world.aws.held["rule", "backend"] == VALUE
    assert (world.report.drift_seen["rule"], world.report.drift_repaired["rule"]) == (1, 1)


async def test_a_repaired_drift_is_told_until_the_spec_changes() -> None:
    """Nothing is written meanwhile."""
    world = await synced()
    world.edit("rule", "backend", FixedRate=0.1)
    await world.look(fresh=True)
    world.log.clear()
    await world.look(fresh=True)
    assert world.log == READ
    assert world.told()["Drifted"] == "False DriftRepaired FixedRate: 0.1 -> 0.5"
    await world.look(world.cluster.apply(rule(priority=5)))
    assert world.told() == IN_SYNC


async def test_what_somebody_deleted_is_drift_and_is_made_again() -> None:
    """The field is the name."""
    world = await synced(group())
    del world.aws.held["group", "failing"]
    await world.look(GROUP, fresh=True)
    assert world.log == [*READ, "status", "create", "status"]
    assert world.cluster.statuses[-2]["drift"] == [{"field": "groupName", "desired": '"failing"', "actual": "null"}]
    assert world.told(GROUP) == IN_SYNC | {"Drifted": "False DriftRepaired GroupName: None -> 'failing'"}


async def test_drift_that_cannot_be_repaired_stays_drift() -> None:
    """Until it can be; then it is told as repaired, and counted once."""
    world = await synced()
    world.edit("rule", "backend", FixedRate=0.1)
    world.aws.failures["update"] = [DENIED, DENIED]
    assert await world.look(fresh=True) is True
    assert world.told() == {
        "Ready": "True Available",
        "Synced": "False Denied AccessDeniedException: not allowed",
        "Drifted": "True DriftDetected FixedRate: 0.1 -> 0.5",
    }
    assert [one["field"] for one in world.status()["drift"]] == ["fixedRate"]
    world.log.clear()
    assert await world.look() is True
    assert world.patches() == []
    assert await world.look() is False
    assert world.told() == IN_SYNC | {"Drifted": "False DriftRepaired FixedRate: 0.1 -> 0.5"}
    assert (world.report.drift_seen["rule"], world.report.drift_repaired["rule"]) == (1, 1)


FOREIGN = "'backend' belongs to prod/default/backend; adoptionPolicy: Force takes it over"
UNOWNED = "'backend' is there already and has no owner tag; adoptionPolicy: IfUnowned takes it over"
FULL = "'backend' would be one rule too many: 1 of 1 are used"


@pytest.mark.parametrize(
    ("value", "tags", "reason", "message"),
    [
        (VALUE, {OWNER_TAG: "prod/default/backend"}, "ForeignOwner", FOREIGN),
        (VALUE, {}, "NotOwned", UNOWNED),
        (OTHER, {}, "QuotaExceeded", FULL),
    ],
)
async def test_a_conflict_has_its_reason_and_writes_nothing_to_aws(
    value: Value, tags: dict[str, str], reason: str, message: str
) -> None:
    """No finalizer either, nor the ARN of what is not ours; the second pass is silent, and it is not tried again."""
    world = World(rule_quota=1)
    world.given(value, tags)
    key = world.cluster.apply(rule())
    assert await world.look(key) is False
    assert world.told() == {
        "Ready": f"False {reason}",
        "Synced": f"False {reason} {message}",
        "Drifted": "False NoDrift",
    }
    assert ("arn" in world.status(), world.finalizers()) == (False, [])
    assert world.writes() == []
    await world.look(fresh=True)
    assert world.log == READ


async def test_of_two_objects_for_one_name_the_first_has_the_say() -> None:
    """The second says Duplicate, writes nothing, and takes over when the first is gone."""
    world = World()
    first, second = world.cluster.apply(rule("a", ruleName="x")), world.cluster.apply(rule("b", ruleName="x"))
    for key in (second, first, second):
        await world.look(key)
    assert world.writes() == ["create"]
    told = "False Duplicate 'x' is asked for by XRaySamplingRule default/a as well, which has the say"
    assert (world.told(second)["Synced"], world.finalizers(second)) == (told, [])
    world.cluster.delete(first)
    await world.look(first)
    await world.look(second)
    assert world.writes() == ["delete", "create"]
    assert world.told(second) == IN_SYNC


async def test_an_object_that_was_taken_away_from_us_is_left_alone() -> None:
    """The tags are read again before an update."""
    world = await synced()
    world.aws.tagged["arn:aws:xray:us-east-1:000000000000:rule/backend"] = {OWNER_TAG: "prod/default/backend"}
    await world.look(world.cluster.apply(rule(fixedRate=0.7)))
    assert world.told()["Synced"] == f"False ForeignOwner {FOREIGN}"
    assert world.writes() == []


async def test_a_spec_that_cannot_be_used_touches_nothing() -> None:
    """Ready stays: AWS has what an earlier spec asked for."""
    world = await synced()
    assert await world.look(world.cluster.apply(rule(fixedRate=7))) is False
    assert world.log == ["status"]
    assert world.told() == IN_SYNC | {"Synced": "False InvalidSpec spec.fixedRate: 7: expected a number from 0 to 1"}
    assert world.status()["lint"] == ["spec.fixedRate: 7: expected a number from 0 to 1"]


async def test_while_aws_cannot_be_read_ready_stands() -> None:
    """The reason is told once, without a PATCH for each attempt; the end of the outage is told too."""
    world = await synced()
    world.aws.failures["rules"] = [UNREACHABLE, UNREACHABLE]
    assert await world.look(fresh=True) is True
    assert world.told() == IN_SYNC | {"Synced": f"False Unreachable {UNREACHABLE.message}"}
    world.log.clear()
    world.seconds = 100
    assert await world.look(fresh=True) is True
    assert world.patches() == []
    world.seconds = 200
    assert await world.look(fresh=True) is False
    assert (world.told(), world.writes()) == (IN_SYNC, [])


async def test_a_new_object_while_aws_cannot_be_read_is_unknown() -> None:
    """Neither claimed nor created."""
    world = World()
    world.aws.failures["groups"] = [DENIED]
    assert await world.look(world.cluster.apply(rule())) is True
    assert world.told() == {"Ready": "Unknown Unknown", "Synced": f"False Denied {DENIED.message}"}
    assert world.log == ["rules", "groups", "status"]


async def test_tags_that_cannot_be_read_are_no_missing_tags() -> None:
    """An object of ours must not look like nobody's."""
    world = World()
    world.given(VALUE, OURS)
    world.aws.failures["tags"] = [DENIED]
    assert await world.look(world.cluster.apply(rule())) is True
    assert world.told()["Synced"] == f"False Denied {DENIED.message}"
    assert world.writes() == []


@pytest.mark.parametrize(
    ("tags", "synced_as"),
    [(OURS, "True InSync"), ({}, f"False NotOwned {UNOWNED}")],
)
async def test_what_appeared_since_the_read_is_decided_anew_in_the_same_pass(
    tags: dict[str, str], synced_as: str
) -> None:
    """AWS says ALREADY_EXISTS; then it is ours, or somebody else's."""
    world = World()
    await world.region.refresh()
    world.given(VALUE, tags)
    assert await world.look(world.cluster.apply(rule())) is False
    assert world.log == ["claim", "create", *READ, "tags", "status"]
    assert world.told()["Synced"] == synced_as


async def test_what_disappeared_since_the_read_is_decided_anew_in_the_same_pass() -> None:
    """AWS says NOT_FOUND; a second contradiction is told and tried again."""
    world = await synced()
    world.cluster.apply(rule(fixedRate=0.7))
    world.aws.failures["update"] = [GatewayError(Reason.NOT_FOUND, "does not exist")]
    assert await world.look() is False
    assert world.log == ["tags", "update", *READ, "tags", "update", "status"]
    world.cluster.apply(rule(fixedRate=0.8))
    world.aws.failures["update"] = [GatewayError(Reason.NOT_FOUND, "does not exist")] * 2
    assert await world.look() is True
    assert world.told()["Synced"] == "False NotFound does not exist"
    assert await world.look() is False


async def test_a_contradiction_and_then_silence_is_an_outage() -> None:
    """Nothing more is written before AWS has been read."""
    world = World()
    await world.region.refresh()
    world.given(VALUE, OURS)
    world.aws.failures["rules"] = [UNREACHABLE]
    assert await world.look(world.cluster.apply(rule())) is True
    assert world.told() == {"Ready": "Unknown Unknown", "Synced": f"False Unreachable {UNREACHABLE.message}"}
    world.seconds = 10
    assert await world.look() is False
    assert (world.told(), world.writes()) == (IN_SYNC, ["create"])


async def test_a_create_that_was_done_though_nobody_answered_ends_right() -> None:
    """The next pass reads, finds its own tag, and creates nothing twice."""
    world = World()
    await world.region.refresh()
    world.given(VALUE, OURS)
    world.aws.failures["create"] = [UNREACHABLE]
    assert await world.look(world.cluster.apply(rule())) is True
    assert world.told()["Ready"] == "False Missing"
    assert await world.look() is False
    assert (world.told(), world.writes()) == (IN_SYNC, ["create"])


async def test_warnings_and_statistics_are_told() -> None:
    """Of the object's own name in AWS."""
    world = World()
    world.given(OTHER)
    world.aws.reported["x"] = Statistics(10, 5, 1)
    key = world.cluster.apply(rule("a", ruleName="x", priority=300))
    await world.look(key)
    assert world.status(key)["lint"] == ["never wins: 'other' comes first and matches all that it does"]
    assert world.status(key)["statistics"] == {"requests": 10, "sampled": 5, "borrowed": 1}


@pytest.mark.parametrize("failing", [False, True])
async def test_a_token_is_acknowledged_when_aws_was_read(failing: bool) -> None:
    """Not while it cannot be."""
    world = await synced()
    world.aws.failures["rules"] = [UNREACHABLE] if failing else []
    await world.look(world.cluster.apply(rule(), **{RECONCILE_ANNOTATION: "1"}), fresh=True)
    assert world.status().get("lastHandledReconcileAt") == (None if failing else "1")


async def test_an_object_that_is_gone_is_no_object_to_report_on() -> None:
    """The caller forgets it."""
    world = await synced()
    world.cluster.apply(rule(fixedRate=7))
    world.see()
    del world.cluster.bodies[RULE]
    with pytest.raises(KubernetesError) as raised:
        await world.reconciler.reconcile(world.mirror.resources[RULE])
    assert raised.value.is_gone
