"""The end of an object in AWS: deletion, expiry, Observe and suspend."""

import pytest

from tests.operator.environment import Environment, managed
from tests.operator.in_memory_kubernetes import DEFAULT, GROUP, RULE, default_rule_at, group, rule
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.reasons import Reason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
THEIRS = {OWNER_TAG: "prod/default/backend", "team": "a"}
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}
EXPIRED = {"Ready": "True Expired", "Synced": "True Expired", "Drifted": "False NoDrift"}
SOON = {"expiresAt": "2026-01-01T01:00:00Z"}  # Environment's time begins an hour before
HOUR = 3600
THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")


async def test_deletion_restores_the_default_rule() -> None:
    """To its values before the takeover."""
    environment = await managed(default_rule_at(1.0))
    environment.cluster.delete(DEFAULT)
    await environment.run_pass(DEFAULT)
    assert environment.log == ["update", "remove_finalizer"]
    assert environment.aws.values["rule", "Default"] == default_rule()
    assert DEFAULT not in environment.cluster.bodies


async def test_default_group_is_updated_and_restored() -> None:
    """It is neither created nor tagged."""
    manifest = group("failing", groupName="Default", insightsConfiguration={"insightsEnabled": True})
    del manifest["spec"]["filterExpression"]
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(manifest))
    assert (environment.writes(), environment.conditions(GROUP)) == (["update"], IN_SYNC)
    environment.cluster.delete(GROUP)
    await environment.run_pass(GROUP)
    assert environment.aws.values["group", "Default"] == Group(group_name="Default")


async def test_deletion_reads_the_tags_then_deletes_in_aws() -> None:
    """The finalizer is removed last."""
    environment = await managed(rule())
    environment.cluster.delete(RULE)
    assert await environment.run_pass() is False
    assert environment.log == ["tags", "delete", "remove_finalizer"]
    assert (RULE in environment.cluster.bodies, ("rule", "backend") in environment.aws.values) == (False, False)


async def test_orphan_stays_in_aws_without_our_tags() -> None:
    """The tags of others stay."""
    environment = await managed(rule(deletionPolicy="Orphan"))
    environment.aws.tags_by_arn[ARN]["team"] = "a"
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.log == ["tags", "untag", "remove_finalizer"]
    assert (environment.aws.values["rule", "backend"], environment.aws.tags_by_arn[ARN]) == (VALUE, {"team": "a"})


async def test_deletion_leaves_an_object_without_our_tag() -> None:
    """It reads again first, in case the tags are stale."""
    environment = await managed(rule())
    environment.aws.tags_by_arn[ARN] = {OWNER_TAG: "prod/default/backend"}
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert (environment.writes(), environment.seconds) == ([], 2)
    await environment.create_events()
    kept = f"Warning Kept: 'backend' stays in AWS ({ARN}): its owner tag is prod/default/backend"
    assert environment.cluster.events[-1] == kept
    assert (RULE in environment.cluster.bodies, ("rule", "backend") in environment.aws.values) == (False, True)


@pytest.mark.parametrize("read", [True, False])
async def test_deletion_of_a_missing_object_writes_nothing(read: bool) -> None:
    """Whether a read has shown that or not."""
    environment = await managed(rule())
    environment.cluster.delete(RULE)
    del environment.aws.values["rule", "backend"]
    assert await environment.run_pass(fresh=read) is False
    assert environment.writes() == []
    assert RULE not in environment.cluster.bodies


@pytest.mark.parametrize(
    ("call", "error", "synced"),
    [
        ("rules", GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray"), "Unreachable cannot reach X-Ray"),
        ("tags", GatewayError(Reason.DENIED, "no"), "Denied no"),
        ("delete", THROTTLED, "Throttled ThrottledException: Rate exceeded"),
    ],
)
async def test_deletion_waits_until_aws_answers(call: str, error: GatewayError, synced: str) -> None:
    """The reason is in the status in the meantime."""
    environment = await managed(rule())
    environment.cluster.delete(RULE)
    environment.aws.failures[call] = [error]
    assert await environment.run_pass(fresh=True) is True
    assert (environment.conditions()["Synced"], environment.conditions()["Ready"]) == (
        f"Unknown {synced}",
        f"False Deleting {error.message}",
    )
    assert environment.finalizers() == ["xray.cruddur.io/finalizer"]
    environment.seconds = 10
    assert await environment.run_pass() is False
    assert RULE not in environment.cluster.bodies


async def test_object_with_an_invalid_spec_can_be_deleted() -> None:
    """Its name and its policy are known."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=7)))
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.writes() == ["delete"]


async def test_unclaimed_object_is_deleted_without_us() -> None:
    """It may wait for another finalizer."""
    environment = Environment()
    environment.create_in_aws(VALUE)
    key = environment.cluster.apply(rule())
    environment.cluster.bodies[key]["metadata"]["finalizers"] = ["other"]
    await environment.run_pass(key)
    environment.log.clear()
    environment.cluster.delete(key)
    assert await environment.run_pass(key) is False
    assert environment.log == []


async def test_expiry_deletes_a_rule_and_removes_the_finalizer() -> None:
    """Later passes and the object's deletion write nothing to AWS."""
    environment = await managed(rule(**SOON))
    environment.seconds = HOUR - 1
    await environment.run_pass()
    assert environment.log == []
    environment.seconds = HOUR
    assert await environment.run_pass() is False
    assert environment.log == ["tags", "delete", "remove_finalizer", "status"]
    assert (environment.conditions(), environment.finalizers(), "arn" in environment.status()) == (EXPIRED, [], False)
    environment.log.clear()
    await environment.run_pass(fresh=True)
    assert environment.log == READ


async def test_expiry_restores_the_default_rule() -> None:
    """Later changes in AWS are left alone."""
    environment = await managed(default_rule_at(1.0, **SOON))
    environment.seconds = HOUR
    await environment.run_pass(DEFAULT)
    assert environment.log == ["update", "status", "remove_finalizer", "status"]
    assert environment.aws.values["rule", "Default"] == default_rule()
    assert "before" not in environment.status(DEFAULT)
    assert (environment.conditions(DEFAULT), environment.previous(DEFAULT), environment.finalizers(DEFAULT)) == (
        EXPIRED,
        None,
        [],
    )
    environment.edit_in_aws("rule", "Default", FixedRate=0.3)
    environment.log.clear()
    await environment.run_pass(DEFAULT, fresh=True)
    assert environment.log == READ


async def test_expiry_restores_and_releases_an_adopted_rule() -> None:
    """It has its previous values and no owner."""
    environment = Environment()
    environment.create_in_aws(CHANGED)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned", **SOON)))
    environment.seconds = HOUR
    environment.log.clear()
    await environment.run_pass(RULE)
    assert environment.log == ["tags", "update", "untag", "status", "remove_finalizer", "status"]
    assert (environment.aws.values["rule", "backend"], environment.aws.tags_by_arn[ARN]) == (CHANGED, {})
    await environment.run_pass(fresh=True)
    assert environment.conditions() == EXPIRED


async def test_expired_object_is_not_created() -> None:
    """A later expiry creates it."""
    environment = Environment()
    environment.seconds = HOUR
    await environment.run_pass(environment.cluster.apply(rule(**SOON)))
    assert (environment.writes(), environment.finalizers(), environment.conditions()) == ([], [], EXPIRED)
    await environment.run_pass(environment.cluster.apply(rule(expiresAt="2026-01-01T02:00:00Z")))
    assert (environment.writes(), environment.conditions()) == (["create"], IN_SYNC)


async def test_failed_expiry_is_retried() -> None:
    """The finalizer stays until it succeeds."""
    environment = await managed(rule(**SOON))
    environment.seconds = HOUR
    environment.aws.failures["delete"] = [THROTTLED]
    assert await environment.run_pass() is True
    synced = {"Synced": f"False Throttled {THROTTLED.message}"}
    assert (environment.conditions(), len(environment.finalizers())) == (IN_SYNC | synced, 1)
    environment.cluster.failures["remove_finalizer"] = [KubernetesError(409, "modified")]
    with pytest.raises(KubernetesError):
        await environment.run_pass()
    assert await environment.run_pass() is False
    assert (environment.conditions(), environment.writes()) == (EXPIRED, ["delete", "delete"])


async def test_observe_reports_drift_and_writes_nothing() -> None:
    """Neither to AWS nor a finalizer, whether the object is missing, different or equal."""
    environment = Environment()
    key = environment.cluster.apply(rule(adoptionPolicy="Force", managementPolicy="Observe", **SOON))
    assert await environment.run_pass(key) is False
    assert environment.conditions() == {
        "Ready": "False Missing not found in AWS",
        "Synced": "False Observed",
        "Drifted": "False NoDrift",
    }
    environment.create_in_aws(CHANGED, THEIRS)
    await environment.run_pass(fresh=True)
    drifted = {"Drifted": "True DriftDetected fixedRate: 0.1 -> 0.5"}
    assert environment.conditions() == {"Ready": "True Available", "Synced": "False Observed"} | drifted
    assert environment.status()["drift"] == [{"field": "fixedRate", "desired": "0.5", "actual": "0.1"}]
    assert environment.status()["arn"] == ARN
    environment.edit_in_aws("rule", "backend", FixedRate=0.5)
    environment.seconds = HOUR
    await environment.run_pass(fresh=True)
    assert environment.conditions() == IN_SYNC | {"Synced": "True Observed"}
    assert (environment.finalizers(), environment.writes()) == ([], [])


async def test_change_to_observe_removes_the_finalizer() -> None:
    """AWS keeps the object when the resource is deleted."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7, managementPolicy="Observe")))
    assert environment.log == ["remove_finalizer", "status"]
    assert (environment.finalizers(), environment.conditions()["Synced"]) == ([], "False Observed")
    environment.cluster.delete(RULE)
    assert RULE not in environment.cluster.bodies
    assert environment.aws.values["rule", "backend"] == VALUE


async def test_deletion_of_an_observing_object_leaves_aws_alone() -> None:
    """Its finalizer is removed."""
    environment = await managed(rule())
    environment.cluster.apply(rule(managementPolicy="Observe"))
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.log == ["remove_finalizer"]


async def test_suspended_object_is_updated_when_it_is_resumed() -> None:
    """It keeps its finalizer; what was changed in the meantime is not drift."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7, suspend=True)))
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(fresh=True)
    assert (environment.writes(), len(environment.finalizers())) == ([], 1)
    assert environment.conditions() == IN_SYNC | {"Ready": "True Suspended", "Synced": "False Suspended"} | {
        "Drifted": "True DriftDetected fixedRate: 0.1 -> 0.7"
    }
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7)))
    assert (environment.writes(), environment.conditions(), environment.reporter.drift_seen) == (
        ["update"],
        IN_SYNC,
        {},
    )
