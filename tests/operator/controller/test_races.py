"""Races: stale reads, lost responses, late writes, and objects that are deleted during a pass."""

from typing import Any

import pytest

from tests.operator.environment import Environment, managed
from tests.operator.in_memory_kubernetes import DEFAULT, RULE, default_rule_at, rule
from xray_model import SamplingRule, default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Target
from xray_operator.aws.state import DOUBT_SECONDS
from xray_operator.kubernetes.resource import from_body
from xray_operator.kubernetes.resource_cache import ResourceDeletedError
from xray_operator.reasons import Reason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
THEIRS = {OWNER_TAG: "prod/default/backend"}
TARGET: Target = ("rule", "backend")
SOON = {"expiresAt": "2026-01-01T01:00:00Z"}  # Environment's time begins an hour before
HOUR = 3600
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")


def hide(environment: Environment) -> None:
    """Have AWS return the state before our rule, until the operator has waited."""
    value, tags = environment.aws.values.pop(TARGET), environment.aws.tags_by_arn.pop(ARN)

    def show() -> None:
        environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = value, tags

    environment.meanwhile = show


async def test_deletion_reads_again_if_the_object_is_missing() -> None:
    """A stale list does not leave the rule behind."""
    environment = await managed()
    hide(environment)
    environment.cluster.delete(RULE)
    await environment.run_pass(fresh=True)
    assert environment.writes() == ["delete"]
    assert TARGET not in environment.aws.values


async def test_deletion_reads_again_if_the_owner_is_another() -> None:
    """The tags may be those of an earlier rule of the same name."""
    environment = await managed()
    environment.aws.tags_by_arn[ARN] = THEIRS

    def show() -> None:
        environment.aws.tags_by_arn[ARN] = OURS

    environment.meanwhile = show
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.writes() == ["delete"]


async def test_deletion_undoes_a_creation_that_takes_effect_late() -> None:
    """Its response was lost, and then the object was deleted."""
    environment = Environment()
    environment.aws.failures["create"] = [UNREACHABLE]
    await environment.run_pass(environment.cluster.apply(rule()))

    def late() -> None:
        environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = VALUE, OURS
        environment.meanwhile = lambda: None

    environment.meanwhile = late
    environment.cluster.delete(RULE)
    environment.log.clear()
    await environment.run_pass()
    assert (environment.writes(), TARGET in environment.aws.values) == (["delete"], False)


async def test_deletion_undoes_a_creation_that_takes_effect_after_it() -> None:
    """Of two attempts, the first took effect late and the second even later."""
    environment = Environment()
    environment.aws.failures["create"] = [UNREACHABLE]
    await environment.run_pass(environment.cluster.apply(rule()))
    environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = VALUE, OURS

    def late() -> None:
        environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = VALUE, OURS
        environment.meanwhile = lambda: None

    environment.meanwhile = late
    environment.cluster.delete(RULE)
    environment.log.clear()
    await environment.run_pass(fresh=True)
    assert (environment.writes(), TARGET in environment.aws.values) == (["delete", "delete"], False)


@pytest.mark.parametrize("end", ["deletion", "expiry"])
async def test_previous_values_outlast_a_write_of_a_killed_process(end: str) -> None:
    """Its last update of the Default rule takes effect late; the values are restored after it."""
    killed = await managed(default_rule_at(0.9, **(SOON if end == "expiry" else {})))
    killed.seconds = HOUR
    if end == "deletion":
        killed.cluster.delete(DEFAULT)
    environment = Environment(after=killed)
    environment.meanwhile = lambda: environment.edit_in_aws("rule", "Default", FixedRate=0.9)
    await environment.run_pass(DEFAULT)
    assert (environment.seconds, environment.aws.values["rule", "Default"]) == (HOUR + DOUBT_SECONDS, default_rule())


async def test_expired_object_without_a_finalizer_is_not_waited_for() -> None:
    """After a restart; a worker for each of many would be long."""
    killed = await managed(rule(**SOON))
    killed.seconds = HOUR
    await killed.run_pass()
    environment = Environment(after=killed)
    await environment.run_pass()
    assert environment.seconds == HOUR


@pytest.mark.parametrize("in_aws", [{}, {TARGET: VALUE}])
async def test_deletion_undoes_a_write_of_a_killed_process(in_aws: dict[Target, SamplingRule]) -> None:
    """Its creation, or its takeover of a rule without tags, takes effect seconds after the next process has begun."""
    killed = await managed()
    killed.cluster.delete(RULE)
    killed.aws.values.pop(TARGET)
    killed.aws.values |= in_aws
    killed.aws.tags_by_arn.clear()
    environment = Environment(after=killed)

    def late() -> None:
        if environment.seconds > DOUBT_SECONDS - 1:
            environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = VALUE, OURS
            environment.meanwhile = lambda: None

    environment.meanwhile = late
    await environment.run_pass()
    assert (environment.writes(), TARGET in environment.aws.values) == (["delete"], False)
    assert RULE not in environment.cluster.bodies


async def test_expiry_reads_again_if_the_object_is_missing() -> None:
    """A stale list does not leave the expired rule behind."""
    environment = await managed(rule(**SOON))
    hide(environment)
    environment.seconds = HOUR
    await environment.run_pass(fresh=True)
    assert (environment.writes(), TARGET in environment.aws.values) == (["delete"], False)


async def test_expiry_waits_for_a_write_that_may_take_effect_late() -> None:
    """The first update had no answer, and AWS carries it out after the second."""
    environment = Environment()
    environment.aws.failures["update"] = [UNREACHABLE]
    environment.seconds = HOUR - 1
    await environment.run_pass(environment.cluster.apply(default_rule_at(0.9, **SOON)), fresh=True)
    await environment.run_pass(DEFAULT)
    environment.seconds = HOUR
    environment.meanwhile = lambda: environment.edit_in_aws("rule", "Default", FixedRate=0.9)
    await environment.run_pass(DEFAULT)
    assert (environment.seconds, environment.aws.values["rule", "Default"]) == (
        HOUR - 1 + DOUBT_SECONDS,
        default_rule(),
    )
    assert environment.conditions(DEFAULT)["Synced"].startswith("True Expired")


async def test_expiry_leaves_an_object_that_changed_its_owner() -> None:
    """The cached tags do not decide."""
    environment = await managed(rule(**SOON))
    environment.aws.tags_by_arn[ARN] = THEIRS
    environment.seconds = HOUR
    await environment.run_pass()
    assert (environment.writes(), environment.aws.values[TARGET], environment.finalizers()) == ([], VALUE, [])


async def test_changed_deletion_policy_leaves_an_object_that_changed_its_owner() -> None:
    """The tags are read again before they are written."""
    environment = await managed()
    environment.aws.tags_by_arn[ARN] = THEIRS
    await environment.run_pass(environment.cluster.apply(rule(deletionPolicy="Orphan")))
    assert (environment.writes(), environment.aws.tags_by_arn[ARN]) == ([], THEIRS)
    assert environment.conditions()["Synced"].startswith(f"False {Reason.FOREIGN_OWNER}")


async def test_takeover_after_a_rejected_creation_stores_the_previous_value() -> None:
    """The object appeared after AWS was read."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(CHANGED)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    assert [call for call in environment.log if call not in {"rules", "groups", "statistics", "tags"}] == [
        "claim",
        "create",
        "status",
        "claim",
        "tag",
        "update",
        "status",
    ]
    assert environment.previous()["FixedRate"] == 0.1
    assert environment.finalizers() == ["xray.cruddur.io/finalizer"]


async def test_takeover_of_a_replaced_object_stores_its_value() -> None:
    """Not the value from when ours was created."""
    environment = await managed(rule(adoptionPolicy="IfUnowned"))
    environment.aws.values[TARGET] = CHANGED
    environment.aws.tags_by_arn[ARN] = {}
    await environment.run_pass(fresh=True)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned", fixedRate=0.9)))
    assert environment.previous()["FixedRate"] == 0.1
    assert environment.aws.tags_by_arn[ARN][OWNER_TAG] == "local/default/backend"


async def test_object_that_is_deleted_before_its_tags_are_read_is_created() -> None:
    """AWS reports that the tags' object does not exist; the state is read again, and the pass creates it."""
    environment = Environment()
    environment.create_in_aws(VALUE)
    await environment.state.refresh()
    del environment.aws.values[TARGET]
    await environment.run_pass(environment.cluster.apply(rule()))
    assert environment.writes() == ["create"]
    assert environment.conditions()["Synced"] == "True InSync"


async def test_deleted_rival_is_dropped() -> None:
    """The interrupted watch did not report its deletion."""
    environment = Environment()
    await environment.state.refresh()
    rival = environment.cluster.apply(rule("older", ruleName="backend"))
    environment.list_resources()
    environment.cluster.bodies.pop(rival)
    environment.cache.put(from_body(environment.cluster.bodies[environment.cluster.apply(rule())]))
    await environment.reconciler.reconcile(environment.cache.resources[RULE])
    assert (environment.conditions()["Synced"], rival in environment.cache.resources) == ("True InSync", False)


async def test_object_that_is_deleted_during_the_claim_is_not_created() -> None:
    """The response to the PATCH comes after the event of the deletion."""
    environment = Environment()
    environment.cluster.apply(rule())
    environment.list_resources()
    await environment.state.refresh()
    resource = environment.cache.resources[RULE]
    environment.cache.drop(RULE)
    with pytest.raises(ResourceDeletedError, match="XRaySamplingRule default/backend was deleted in the meantime"):
        await environment.reconciler.reconcile(resource)
    assert environment.writes() == []


async def test_object_that_vanishes_with_its_new_finalizer_is_not_created() -> None:
    """The API server can delete an object while a finalizer is added, and answer both requests with success."""
    environment = Environment()
    key = environment.cluster.apply(rule())

    def vanish(kind: str, body: dict[str, Any]) -> None:
        del environment.cluster.bodies[key]

    environment.cluster.watch = vanish  # called for the claim
    environment.list_resources()
    await environment.state.refresh()
    with pytest.raises(ResourceDeletedError, match="was deleted while its finalizer was added"):
        await environment.reconciler.reconcile(environment.cache.resources[key])
    assert environment.writes() == []


async def test_claimed_object_that_was_deleted_is_deleted_in_aws() -> None:
    """Without a write to Kubernetes, where it no longer exists."""
    environment = await managed()
    environment.cluster.bodies.pop(RULE)
    deleted = environment.cache.mark_deleted(RULE)
    assert deleted is not None
    assert await environment.reconciler.reconcile(deleted) is False
    assert (environment.patches(), TARGET in environment.aws.values) == ([], False)
    assert environment.cache.resources[RULE].claimed is False


async def test_deleted_object_is_retried_when_aws_fails() -> None:
    """There is no status to write."""
    environment = await managed()
    environment.cluster.bodies.pop(RULE)
    deleted = environment.cache.mark_deleted(RULE)
    assert deleted is not None
    environment.aws.failures["delete"] = [UNREACHABLE]
    assert await environment.reconciler.reconcile(deleted) is True
    assert environment.patches() == []
    assert await environment.reconciler.reconcile(deleted) is False
    assert TARGET not in environment.aws.values


async def test_deletion_is_reported_before_the_wait_for_a_late_write() -> None:
    """The second round fails, and the event of the first is not lost."""
    environment = Environment()
    environment.aws.failures["create"] = [UNREACHABLE]
    await environment.run_pass(environment.cluster.apply(rule()))
    environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = VALUE, OURS

    def fail() -> None:
        environment.aws.failures["rules"] = [UNREACHABLE]
        environment.meanwhile = lambda: None

    environment.meanwhile = fail
    environment.cluster.delete(RULE)
    await environment.run_pass(fresh=True)
    assert "Normal Deleted: 'backend': deleted in AWS" in environment.cluster.events
