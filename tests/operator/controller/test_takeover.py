"""The takeover of existing objects: what is stored before AWS is written."""

import json

import pytest

from tests.operator.environment import AWS_WRITES, KUBERNETES_WRITES, Environment, managed
from tests.operator.in_memory_kubernetes import DEFAULT, default_rule_at, rule
from xray_model import SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG
from xray_operator.kubernetes.connection import KubernetesError

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
THEIRS = {OWNER_TAG: "prod/default/backend", "team": "a"}
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}


async def test_takeover_stores_the_previous_value_with_the_finalizer() -> None:
    """In the status first; after a second read, before AWS is written; the tags of others stay."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, THEIRS)
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="Force")), fresh=True)
    assert environment.log[:8] == [*READ, "tags", *READ, "tags"]
    assert environment.writes(AWS_WRITES | KUBERNETES_WRITES) == ["status", "claim", "tag", "update", "status"]
    assert environment.previous() == CHANGED.to_api()
    assert environment.aws.values["rule", "backend"] == VALUE
    assert environment.aws.tags_by_arn[ARN] == {"team": "a", OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
    assert environment.conditions() == IN_SYNC


async def test_object_that_changes_owner_before_the_takeover_is_left_alone() -> None:
    """The read before the claim decides."""
    environment = Environment()
    environment.create_in_aws(VALUE)
    environment.list_resources()
    await environment.state.refresh()
    await environment.state.load_tags(environment.state.observed.find(("rule", "backend")))
    environment.aws.tags_by_arn[ARN] = THEIRS
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    assert environment.conditions()["Ready"].startswith("False ForeignOwner ")
    assert (environment.writes(), environment.finalizers()) == ([], [])


async def test_default_rule_is_stored_once_and_never_tagged() -> None:
    """The annotation keeps the values before the first update."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(default_rule_at(1.0)))
    assert environment.log == [*READ, *READ, "status", "claim", "update", "status"]
    assert environment.previous(DEFAULT) == default_rule().to_api()
    await environment.run_pass(environment.cluster.apply(default_rule_at(0.9)))
    again = Environment(after=environment)
    await again.run_pass(DEFAULT)
    assert (again.conditions(DEFAULT), again.previous(DEFAULT)) == (IN_SYNC, default_rule().to_api())
    assert "quota" in again.status(DEFAULT)
    assert "tag" not in again.log


async def test_default_rule_in_sync_is_claimed_and_not_updated() -> None:
    """Its values are stored all the same, to be restored later."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(default_rule_at(0.05)))
    assert (environment.writes(), environment.previous(DEFAULT)) == ([], default_rule().to_api())
    assert environment.finalizers(DEFAULT) == ["xray.cruddur.io/finalizer"]


async def test_previous_value_survives_a_replaced_object() -> None:
    """A PUT removes the finalizer and the annotation; the operator's own value never becomes the previous one."""
    environment = Environment()
    key = environment.cluster.apply(default_rule_at(1.0))
    await environment.run_pass(key)
    environment.cluster.replace(default_rule_at(0.9))
    assert (environment.previous(DEFAULT), environment.finalizers(DEFAULT)) == (None, [])
    await environment.run_pass(key)
    assert environment.previous(DEFAULT) == default_rule().to_api()
    environment.cluster.delete(key)
    await environment.run_pass(key)
    assert environment.aws.values["rule", "Default"] == default_rule()


async def test_replaced_object_that_has_expired_is_restored() -> None:
    """Without a claim, and the value is forgotten: a later takeover stores another."""
    environment = Environment()
    environment.create_in_aws(CHANGED)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    environment.cluster.replace(rule(adoptionPolicy="IfUnowned", expiresAt="2025-01-01T00:00:00Z"))
    await environment.run_pass()
    assert environment.aws.values["rule", "backend"] == CHANGED
    assert environment.aws.tags_by_arn[ARN] == {}
    assert "before" not in environment.status()


async def test_previous_value_survives_a_crash_before_the_claim() -> None:
    """It is in the status, and no write to AWS has happened."""
    environment = Environment()
    environment.cluster.failures["claim"] = [KubernetesError(0, "the operator is killed")]
    key = environment.cluster.apply(default_rule_at(1.0))
    with pytest.raises(KubernetesError):
        await environment.run_pass(key)
    again = Environment(after=environment)
    await again.run_pass(key)
    assert again.previous(DEFAULT) == default_rule().to_api()


async def test_restored_backup_without_a_status_has_the_annotation() -> None:
    """It is in the status again after the next pass."""
    environment = await managed(default_rule_at(1.0))
    del environment.cluster.bodies[DEFAULT]["status"]
    again = Environment(after=environment)
    await again.run_pass(DEFAULT)
    assert json.loads(again.status(DEFAULT)["before"]) == default_rule().to_api()
