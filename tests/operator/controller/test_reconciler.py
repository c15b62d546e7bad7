"""One pass: new, changed, drifted, in conflict, and when AWS cannot be read or contradicts what was read."""

from typing import Any

import pytest

from tests.operator.environment import Environment, describe_conditions
from tests.operator.in_memory_kubernetes import GROUP, RULE, group, rule
from xray_model import SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Statistics, Value
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.resource import RECONCILE_ANNOTATION
from xray_operator.reasons import Reason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
OTHER = SamplingRule(rule_name="other", priority=200, fixed_rate=0.5, reservoir_size=1)
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://aws: ReadTimeoutError")
DENIED = GatewayError(Reason.DENIED, "AccessDeniedException: not allowed")


async def synced(manifest: dict[str, Any] | None = None) -> Environment:
    """Give a environment with an object that is in step, and an empty log."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(manifest or rule()))
    environment.log.clear()
    return environment


@pytest.mark.parametrize("manifest", [rule(), group()], ids=["rule", "group"])
async def test_a_new_object_is_claimed_then_created_then_reported(manifest: dict[str, Any]) -> None:
    """The finalizer is stored before AWS is written; two PATCHes are all."""
    environment = Environment()
    key = environment.cluster.apply(manifest)
    assert await environment.run_pass(key) is False
    assert environment.log == [*READ, "claim", "create", "status"]
    assert environment.finalizers(key) == ["xray.cruddur.io/finalizer"]
    assert environment.conditions(key) == IN_SYNC
    name, arn = key.name, f"arn:aws:xray:us-east-1:000000000000:{key.kind}/{key.name}"
    assert environment.status(key) | {"conditions": []} == {
        "observedGeneration": 1,
        "name": name,
        "arn": arn,
        "quota": "1/25",
        "conditions": [],
    }
    assert environment.aws.tags_by_arn[arn] == {OWNER_TAG: f"local/default/{name}", DELETION_TAG: "Delete"}


async def test_a_second_pass_writes_nothing() -> None:
    """Neither on what is known, nor on a fresh read, nor after a restart."""
    environment = await synced()
    await environment.run_pass()
    assert environment.log == []
    await environment.run_pass(fresh=True)
    assert environment.log == READ
    environment.log.clear()
    again = Environment(after=environment)
    await again.run_pass()
    assert again.log == ["rules", "groups", "statistics", "tags"]


async def test_without_a_stored_finalizer_aws_is_not_written() -> None:
    """Somebody else wrote the object at the same time; the newer version comes anyway."""
    environment = Environment()
    key = environment.cluster.apply(rule())
    environment.cluster.failures["claim"] = [KubernetesError(409, "modified")]
    with pytest.raises(KubernetesError, match="modified"):
        await environment.run_pass(key)
    assert environment.writes() == []
    await environment.run_pass(key)
    assert environment.conditions() == IN_SYNC


async def test_a_changed_spec_is_an_update_and_no_drift() -> None:
    """After a look at the tags, since they may have changed."""
    environment = await synced()
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7)))
    assert environment.log == ["tags", "update", "status"]
    assert environment.conditions() == IN_SYNC
    assert environment.status()["observedGeneration"] == 2
    assert environment.reporter.drift_seen == {}


async def test_drift_is_shown_before_it_is_repaired() -> None:
    """Drifted with the fields is written first, then AWS, then DriftRepaired."""
    environment = await synced()
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(fresh=True)
    assert environment.log == [*READ, "tags", "status", "update", "status"]
    shown, repaired = environment.cluster.statuses[-2:]
    assert describe_conditions(shown) == IN_SYNC | {"Drifted": "True DriftDetected FixedRate: 0.1 -> 0.5"}
    assert shown["drift"] == [{"field": "fixedRate", "desired": "0.5", "actual": "0.1"}]
    assert describe_conditions(repaired) == IN_SYNC | {"Drifted": "False DriftRepaired FixedRate: 0.1 -> 0.5"}
    assert "drift" not in repaired
    assert environment.aws.values["rule", "backend"] == VALUE
    assert (environment.reporter.drift_seen["rule"], environment.reporter.drift_repaired["rule"]) == (1, 1)


async def test_a_repaired_drift_is_told_until_the_spec_changes() -> None:
    """Nothing is written meanwhile."""
    environment = await synced()
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(fresh=True)
    environment.log.clear()
    await environment.run_pass(fresh=True)
    assert environment.log == READ
    assert environment.conditions()["Drifted"] == "False DriftRepaired FixedRate: 0.1 -> 0.5"
    await environment.run_pass(environment.cluster.apply(rule(priority=5)))
    assert environment.conditions() == IN_SYNC


async def test_what_somebody_deleted_is_drift_and_is_made_again() -> None:
    """The field is the name."""
    environment = await synced(group())
    del environment.aws.values["group", "failing"]
    await environment.run_pass(GROUP, fresh=True)
    assert environment.log == [*READ, "status", "create", "status"]
    assert environment.cluster.statuses[-2]["drift"] == [
        {"field": "groupName", "desired": '"failing"', "actual": "null"}
    ]
    assert environment.conditions(GROUP) == IN_SYNC | {"Drifted": "False DriftRepaired GroupName: None -> 'failing'"}


async def test_drift_that_cannot_be_repaired_stays_drift() -> None:
    """Until it can be; then it is told as repaired, and counted once."""
    environment = await synced()
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    environment.aws.failures["update"] = [DENIED, DENIED]
    assert await environment.run_pass(fresh=True) is True
    assert environment.conditions() == {
        "Ready": "True Available",
        "Synced": "False Denied AccessDeniedException: not allowed",
        "Drifted": "True DriftDetected FixedRate: 0.1 -> 0.5",
    }
    assert [one["field"] for one in environment.status()["drift"]] == ["fixedRate"]
    environment.log.clear()
    assert await environment.run_pass() is True
    assert environment.patches() == []
    assert await environment.run_pass() is False
    assert environment.conditions() == IN_SYNC | {"Drifted": "False DriftRepaired FixedRate: 0.1 -> 0.5"}
    assert (environment.reporter.drift_seen["rule"], environment.reporter.drift_repaired["rule"]) == (1, 1)


FOREIGN = "'backend' is owned by prod/default/backend; adoptionPolicy: Force takes it over"
UNOWNED = "'backend' already exists without an owner tag; adoptionPolicy: IfUnowned takes it over"
FULL = "cannot create 'backend': the rule quota is full (1 of 1)"


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
    environment = Environment(rule_quota=1)
    environment.create_in_aws(value, tags)
    key = environment.cluster.apply(rule())
    assert await environment.run_pass(key) is False
    assert environment.conditions() == {
        "Ready": f"False {reason}",
        "Synced": f"False {reason} {message}",
        "Drifted": "False NoDrift",
    }
    assert ("arn" in environment.status(), environment.finalizers()) == (False, [])
    assert environment.writes() == []
    await environment.run_pass(fresh=True)
    assert environment.log == READ


async def test_of_two_objects_for_one_name_the_first_has_the_say() -> None:
    """The second says Duplicate, writes nothing, and takes over when the first is gone."""
    environment = Environment()
    first, second = (
        environment.cluster.apply(rule("a", ruleName="x")),
        environment.cluster.apply(rule("b", ruleName="x")),
    )
    for key in (second, first, second):
        await environment.run_pass(key)
    assert environment.writes() == ["create"]
    told = "False Duplicate 'x' is already managed by XRaySamplingRule default/a"
    assert (environment.conditions(second)["Synced"], environment.finalizers(second)) == (told, [])
    environment.cluster.delete(first)
    await environment.run_pass(first)
    await environment.run_pass(second)
    assert environment.writes() == ["delete", "create"]
    assert environment.conditions(second) == IN_SYNC


async def test_an_object_that_was_taken_away_from_us_is_left_alone() -> None:
    """The tags are read again before an update."""
    environment = await synced()
    environment.aws.tags_by_arn[ARN] = {OWNER_TAG: "prod/default/backend"}
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7)))
    assert environment.conditions()["Synced"] == f"False ForeignOwner {FOREIGN}"
    assert environment.writes() == []


async def test_a_spec_that_cannot_be_used_touches_nothing() -> None:
    """Ready stays: AWS has what an earlier spec asked for."""
    environment = await synced()
    assert await environment.run_pass(environment.cluster.apply(rule(fixedRate=7))) is False
    assert environment.log == ["status"]
    assert environment.conditions() == IN_SYNC | {
        "Synced": "False InvalidSpec spec.fixedRate: 7: expected a number from 0 to 1"
    }
    assert environment.status()["lint"] == ["spec.fixedRate: 7: expected a number from 0 to 1"]


async def test_while_aws_cannot_be_read_ready_stands() -> None:
    """The reason is told once, without a PATCH for each attempt; the end of the outage is told too."""
    environment = await synced()
    environment.aws.failures["rules"] = [UNREACHABLE, UNREACHABLE]
    assert await environment.run_pass(fresh=True) is True
    assert environment.conditions() == IN_SYNC | {"Synced": f"False Unreachable {UNREACHABLE.message}"}
    environment.log.clear()
    environment.seconds = 100
    assert await environment.run_pass(fresh=True) is True
    assert environment.patches() == []
    environment.seconds = 200
    assert await environment.run_pass(fresh=True) is False
    assert (environment.conditions(), environment.writes()) == (IN_SYNC, [])


async def test_a_new_object_while_aws_cannot_be_read_is_unknown() -> None:
    """Neither claimed nor created."""
    environment = Environment()
    environment.aws.failures["groups"] = [DENIED]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions() == {"Ready": "Unknown Unknown", "Synced": f"False Denied {DENIED.message}"}
    assert environment.log == ["rules", "groups", "status"]


async def test_tags_that_cannot_be_read_are_no_missing_tags() -> None:
    """An object of ours must not look like nobody's."""
    environment = Environment()
    environment.create_in_aws(VALUE, OURS)
    environment.aws.failures["tags"] = [DENIED]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions()["Synced"] == f"False Denied {DENIED.message}"
    assert environment.writes() == []


@pytest.mark.parametrize(
    ("tags", "synced_as"),
    [(OURS, "True InSync"), ({}, f"False NotOwned {UNOWNED}")],
)
async def test_what_appeared_since_the_read_is_decided_anew_in_the_same_pass(
    tags: dict[str, str], synced_as: str
) -> None:
    """AWS says ALREADY_EXISTS; then it is ours, or somebody else's."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, tags)
    assert await environment.run_pass(environment.cluster.apply(rule())) is False
    assert environment.log == ["claim", "create", *READ, "tags", "status"]
    assert environment.conditions()["Synced"] == synced_as


async def test_what_disappeared_since_the_read_is_decided_anew_in_the_same_pass() -> None:
    """AWS says NOT_FOUND; a second contradiction is told and tried again."""
    environment = await synced()
    environment.cluster.apply(rule(fixedRate=0.7))
    environment.aws.failures["update"] = [GatewayError(Reason.NOT_FOUND, "does not exist")]
    assert await environment.run_pass() is False
    assert environment.log == ["tags", "update", *READ, "tags", "update", "status"]
    environment.cluster.apply(rule(fixedRate=0.8))
    environment.aws.failures["update"] = [GatewayError(Reason.NOT_FOUND, "does not exist")] * 2
    assert await environment.run_pass() is True
    assert environment.conditions()["Synced"] == "False NotFound does not exist"
    assert await environment.run_pass() is False


async def test_a_contradiction_and_then_silence_is_an_outage() -> None:
    """Nothing more is written before AWS has been read."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, OURS)
    environment.aws.failures["rules"] = [UNREACHABLE]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions() == {
        "Ready": "Unknown Unknown",
        "Synced": f"False Unreachable {UNREACHABLE.message}",
    }
    environment.seconds = 10
    assert await environment.run_pass() is False
    assert (environment.conditions(), environment.writes()) == (IN_SYNC, ["create"])


async def test_a_create_that_was_done_though_nobody_answered_ends_right() -> None:
    """The next pass reads, finds its own tag, and creates nothing twice."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, OURS)
    environment.aws.failures["create"] = [UNREACHABLE]
    assert await environment.run_pass(environment.cluster.apply(rule())) is True
    assert environment.conditions()["Ready"] == "False Missing"
    assert await environment.run_pass() is False
    assert (environment.conditions(), environment.writes()) == (IN_SYNC, ["create"])


async def test_warnings_and_statistics_are_told() -> None:
    """Of the object's own name in AWS."""
    environment = Environment()
    environment.create_in_aws(OTHER)
    environment.aws.statistics_by_rule["x"] = Statistics(10, 5, 1)
    key = environment.cluster.apply(rule("a", ruleName="x", priority=300))
    await environment.run_pass(key)
    assert environment.status(key)["lint"] == [
        "never applies: 'other' is evaluated first and matches the same requests"
    ]
    assert environment.status(key)["statistics"] == {"requests": 10, "sampled": 5, "borrowed": 1}


@pytest.mark.parametrize("failing", [False, True])
async def test_a_token_is_acknowledged_when_aws_was_read(failing: bool) -> None:
    """Not while it cannot be."""
    environment = await synced()
    environment.aws.failures["rules"] = [UNREACHABLE] if failing else []
    await environment.run_pass(environment.cluster.apply(rule(), **{RECONCILE_ANNOTATION: "1"}), fresh=True)
    assert environment.status().get("lastHandledReconcileAt") == (None if failing else "1")


async def test_an_object_that_is_gone_is_no_object_to_report_on() -> None:
    """The caller forgets it."""
    environment = await synced()
    environment.cluster.apply(rule(fixedRate=7))
    environment.list_resources()
    del environment.cluster.bodies[RULE]
    with pytest.raises(KubernetesError) as raised:
        await environment.reconciler.reconcile(environment.cache.resources[RULE])
    assert raised.value.is_not_found
