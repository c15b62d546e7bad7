"""What is true may be seen late, and what is seen may be over: stale reads, lost answers, objects gone meanwhile."""

import json
from typing import Any

import pytest

from tests.operator.environment import Environment
from tests.operator.in_memory_kubernetes import RULE, rule
from xray_model import SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Target
from xray_operator.kubernetes.resource import PREVIOUS_ANNOTATION, from_body
from xray_operator.kubernetes.resource_cache import ResourceDeletedError
from xray_operator.reasons import Reason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
HELD = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
THEIRS = {OWNER_TAG: "prod/default/backend"}
TARGET: Target = ("rule", "backend")
SOON = {"expiresAt": "2026-01-01T01:00:00Z"}  # Environment's time begins an hour before
HOUR = 3600
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")


async def managed(**spec: Any) -> Environment:
    """Give a environment with a rule that is in step, and an empty log."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule(**spec)))
    environment.log.clear()
    return environment


def hide(environment: Environment) -> None:
    """Have AWS show the state before our rule, until the operator has waited."""
    value, tags = environment.aws.values.pop(TARGET), environment.aws.tags_by_arn.pop(ARN)

    def show() -> None:
        environment.aws.values[TARGET], environment.aws.tags_by_arn[ARN] = value, tags

    environment.meanwhile = show


async def test_a_deletion_does_not_believe_a_first_look() -> None:
    """A stale list does not leave the rule behind."""
    environment = await managed()
    hide(environment)
    environment.cluster.delete(RULE)
    await environment.run_pass(fresh=True)
    assert environment.writes() == ["delete"]
    assert TARGET not in environment.aws.values


async def test_a_deletion_does_not_believe_stale_tags() -> None:
    """Those of an earlier rule of the same name."""
    environment = await managed()
    environment.aws.tags_by_arn[ARN] = THEIRS

    def show() -> None:
        environment.aws.tags_by_arn[ARN] = OURS

    environment.meanwhile = show
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.writes() == ["delete"]


async def test_a_creation_that_is_carried_out_late_is_undone_by_the_deletion() -> None:
    """Its answer was lost, and then the object was deleted."""
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


async def test_a_creation_that_is_carried_out_after_the_deletion_is_undone_as_well() -> None:
    """Two were tried, of which the first was done late, and the second even later."""
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


async def test_an_expiry_does_not_believe_a_first_look() -> None:
    """What is over has to go, too."""
    environment = await managed(**SOON)
    hide(environment)
    environment.seconds = HOUR
    await environment.run_pass(fresh=True)
    assert (environment.writes(), TARGET in environment.aws.values) == (["delete"], False)


async def test_an_expiry_deletes_nothing_that_is_another_owners_by_now() -> None:
    """Whatever we knew of its tags before."""
    environment = await managed(**SOON)
    environment.aws.tags_by_arn[ARN] = THEIRS
    environment.seconds = HOUR
    await environment.run_pass()
    assert (environment.writes(), environment.aws.values[TARGET], environment.finalizers()) == ([], VALUE, [])


async def test_a_new_deletion_policy_takes_nothing_that_is_another_owners_by_now() -> None:
    """The tags are read again before they are written."""
    environment = await managed()
    environment.aws.tags_by_arn[ARN] = THEIRS
    await environment.run_pass(environment.cluster.apply(rule(deletionPolicy="Orphan")))
    assert (environment.writes(), environment.aws.tags_by_arn[ARN]) == ([], THEIRS)
    assert environment.conditions()["Synced"].startswith(f"False {Reason.FOREIGN_OWNER}")


async def test_what_is_taken_over_after_a_refused_creation_is_written_down_first() -> None:
    """It was made after AWS was read, so the creation finds the name taken."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(HELD)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    assert [one for one in environment.log if one not in {"rules", "groups", "statistics", "tags"}] == [
        "claim",
        "create",
        "claim",
        "tag",
        "update",
        "status",
    ]
    assert (
        json.loads(environment.cluster.bodies[RULE]["metadata"]["annotations"][PREVIOUS_ANNOTATION])["FixedRate"] == 0.1
    )
    assert environment.finalizers() == ["xray.cruddur.io/finalizer"]


async def test_what_took_the_place_of_ours_is_written_down_when_it_is_taken_over() -> None:
    """Not what was there when ours was made."""
    environment = await managed(adoptionPolicy="IfUnowned")
    environment.aws.values[TARGET] = HELD
    environment.aws.tags_by_arn[ARN] = {}
    await environment.run_pass(fresh=True)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned", fixedRate=0.9)))
    assert (
        json.loads(environment.cluster.bodies[RULE]["metadata"]["annotations"][PREVIOUS_ANNOTATION])["FixedRate"] == 0.1
    )
    assert environment.aws.tags_by_arn[ARN][OWNER_TAG] == "local/default/backend"


async def test_a_rival_that_is_not_there_any_more_has_no_say() -> None:
    """Its end was not told, since the watch was cut."""
    environment = Environment()
    await environment.state.refresh()
    gone = environment.cluster.apply(rule("older", ruleName="backend"))
    environment.list_resources()
    environment.cluster.bodies.pop(gone)
    environment.cache.put(from_body(environment.cluster.bodies[environment.cluster.apply(rule())]))
    await environment.reconciler.reconcile(environment.cache.resources[RULE])
    assert (environment.conditions()["Synced"], gone in environment.cache.resources) == ("True InSync", False)


async def test_an_object_that_is_gone_when_it_is_claimed_creates_nothing() -> None:
    """The answer to the claim comes after the word of its end."""
    environment = Environment()
    environment.cluster.apply(rule())
    environment.list_resources()
    await environment.state.refresh()
    resource = environment.cache.resources[RULE]
    environment.cache.drop(RULE)
    with pytest.raises(ResourceDeletedError, match="XRaySamplingRule default/backend was deleted in the meantime"):
        await environment.reconciler.reconcile(resource)
    assert environment.writes() == []


async def test_a_claimed_object_that_is_gone_is_let_go_in_aws() -> None:
    """Without a word to Kubernetes, which has it no more."""
    environment = await managed()
    environment.cluster.bodies.pop(RULE)
    gone = environment.cache.mark_deleted(RULE)
    assert gone is not None
    assert await environment.reconciler.reconcile(gone) is False
    assert (environment.patches(), TARGET in environment.aws.values) == ([], False)
    assert environment.cache.resources[RULE].claimed is False


async def test_a_gone_object_is_tried_again_when_aws_refuses() -> None:
    """There is nobody to tell."""
    environment = await managed()
    environment.cluster.bodies.pop(RULE)
    gone = environment.cache.mark_deleted(RULE)
    assert gone is not None
    environment.aws.failures["delete"] = [UNREACHABLE]
    assert await environment.reconciler.reconcile(gone) is True
    assert environment.patches() == []
    assert await environment.reconciler.reconcile(gone) is False
    assert TARGET not in environment.aws.values
