"""What an object takes over and how it lets go: adoption, the defaults, deletion, expiry, Observe and suspend."""

import json
from typing import Any

import pytest

from tests.operator.environment import AWS_WRITES, KUBERNETES_WRITES, Environment
from tests.operator.in_memory_kubernetes import DEFAULT, GROUP, RULE, default_rule_at, group, rule
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.reasons import Reason

VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
HELD = VALUE.updated({"FixedRate": 0.1})
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
THEIRS = {OWNER_TAG: "prod/default/backend", "team": "a"}
READ = ["rules", "groups", "statistics"]
IN_SYNC = {"Ready": "True Available", "Synced": "True InSync", "Drifted": "False NoDrift"}
EXPIRED = {"Ready": "False Expired", "Synced": "True Expired", "Drifted": "False NoDrift"}
SOON = {"expiresAt": "2026-01-01T01:00:00Z"}  # Environment's time begins an hour before
HOUR = 3600
THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")


def before(environment: Environment, key: Any = RULE) -> Any:
    """Give what the annotation has."""
    text = environment.cluster.bodies[key]["metadata"]["annotations"].get("xray.cruddur.io/before")
    return None if text is None else json.loads(text)


async def managed(manifest: dict[str, Any]) -> Environment:
    """Give a environment with an object that is in step, and an empty log."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(manifest))
    environment.log.clear()
    return environment


@pytest.mark.parametrize(("tags", "policy"), [({"team": "a"}, "IfUnowned"), (THEIRS, "Force")])
async def test_what_is_taken_over_is_written_down_with_the_finalizer(tags: dict[str, str], policy: str) -> None:
    """After a fresh read, before AWS is written; the tags of others stay."""
    environment = Environment()
    await environment.state.refresh()
    environment.create_in_aws(VALUE, tags)
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy=policy)), fresh=True)
    assert environment.log[:8] == [*READ, "tags", *READ, "tags"]
    assert environment.writes(AWS_WRITES | KUBERNETES_WRITES) == ["claim", "tag", "update", "status"]
    assert before(environment) == HELD.to_api()
    assert environment.aws.values["rule", "backend"] == VALUE
    assert environment.aws.tags_by_arn[ARN] == {"team": "a", OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
    assert environment.conditions() == IN_SYNC


async def test_what_changes_owner_before_it_is_taken_over_is_left_alone() -> None:
    """The read before the claim is the one that counts."""
    environment = Environment()
    environment.create_in_aws(VALUE)
    environment.list_resources()
    await environment.state.refresh()
    await environment.state.load_tags(environment.state.observed.find(("rule", "backend")))
    environment.aws.tags_by_arn[ARN] = THEIRS
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned")))
    assert environment.conditions()["Ready"] == "False ForeignOwner"
    assert (environment.writes(), environment.finalizers()) == ([], [])


async def test_a_changed_deletion_policy_is_written_to_the_tags() -> None:
    """And is no takeover: there is nothing to go back to."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(deletionPolicy="Orphan")))
    assert (environment.writes(), before(environment)) == (["tag"], None)
    assert environment.aws.tags_by_arn[ARN][DELETION_TAG] == "Orphan"


async def test_the_default_rule_is_written_down_and_never_tagged() -> None:
    """Its values of before are in the annotation, which is written once."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(default_rule_at(1.0)))
    assert environment.log == [*READ, *READ, "claim", "update", "status"]
    assert before(environment, DEFAULT) == default_rule().to_api()
    await environment.run_pass(environment.cluster.apply(default_rule_at(0.9)))
    again = Environment(after=environment)
    await again.run_pass(DEFAULT)
    assert (again.conditions(DEFAULT), before(again, DEFAULT)) == (IN_SYNC, default_rule().to_api())
    assert "quota" in again.status(DEFAULT)
    assert "tag" not in again.log


async def test_a_default_rule_that_is_as_asked_is_claimed_and_not_written() -> None:
    """What is there is to come back even if it is changed later."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(default_rule_at(0.05)))
    assert (environment.writes(), before(environment, DEFAULT)) == ([], default_rule().to_api())
    assert environment.finalizers(DEFAULT) == ["xray.cruddur.io/finalizer"]


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0.05), ("Orphan", 1.0)])
async def test_a_deleted_object_gives_the_default_rule_back(policy: str, left: float) -> None:
    """As it was before, unless it is to stay."""
    environment = await managed(default_rule_at(1.0, deletionPolicy=policy))
    environment.cluster.delete(DEFAULT)
    await environment.run_pass(DEFAULT)
    assert environment.log == (["update", "remove_finalizer"] if policy == "Delete" else ["remove_finalizer"])
    held = environment.aws.values["rule", "Default"]
    assert isinstance(held, SamplingRule)
    assert held.fixed_rate == left
    assert DEFAULT not in environment.cluster.bodies


async def test_the_default_group_takes_what_it_can() -> None:
    """It is updated, and neither created nor tagged."""
    manifest = group("failing", groupName="Default", insightsConfiguration={"insightsEnabled": True})
    del manifest["spec"]["filterExpression"]
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(manifest))
    assert (environment.writes(), environment.conditions(GROUP)) == (["update"], IN_SYNC)
    environment.cluster.delete(GROUP)
    await environment.run_pass(GROUP)
    assert environment.aws.values["group", "Default"] == Group(group_name="Default")


async def test_a_deleted_object_is_deleted_in_aws_after_a_fresh_look_at_its_tags() -> None:
    """Then it may go; what never was claimed goes without us."""
    environment = await managed(rule())
    environment.cluster.delete(RULE)
    assert await environment.run_pass() is False
    assert environment.log == ["tags", "delete", "remove_finalizer"]
    assert (RULE in environment.cluster.bodies, ("rule", "backend") in environment.aws.values) == (False, False)


async def test_an_orphan_keeps_its_rule_without_our_tags() -> None:
    """Those of others stay."""
    environment = await managed(rule(deletionPolicy="Orphan"))
    environment.aws.tags_by_arn[ARN]["team"] = "a"
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.log == ["tags", "untag", "remove_finalizer"]
    assert (environment.aws.values["rule", "backend"], environment.aws.tags_by_arn[ARN]) == (VALUE, {"team": "a"})


@pytest.mark.parametrize("policy", ["Delete", "Orphan"])
async def test_what_does_not_carry_our_tag_is_not_touched_by_a_deletion(policy: str) -> None:
    """Whatever we knew of its tags before."""
    environment = await managed(rule(deletionPolicy=policy))
    environment.aws.tags_by_arn[ARN] = {OWNER_TAG: "prod/default/backend"}
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert (environment.writes(), environment.seconds) == ([], 2)  # it has looked again, in case the tags are old
    assert (RULE in environment.cluster.bodies, ("rule", "backend") in environment.aws.values) == (False, True)


@pytest.mark.parametrize("read", [True, False])
async def test_what_is_gone_already_needs_no_deletion(read: bool) -> None:
    """Whether we have read so or not."""
    environment = await managed(rule())
    environment.cluster.delete(RULE)
    del environment.aws.values["rule", "backend"]
    assert await environment.run_pass(fresh=read) is False
    assert environment.writes() == []
    assert RULE not in environment.cluster.bodies


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
    environment = await managed(rule())
    environment.cluster.delete(RULE)
    environment.aws.failures[call] = [error]
    assert await environment.run_pass(fresh=True) is True
    assert (environment.conditions()["Synced"], environment.conditions()["Ready"]) == (told, "True Available")
    assert environment.finalizers() == ["xray.cruddur.io/finalizer"]
    environment.seconds = 10
    assert await environment.run_pass() is False
    assert RULE not in environment.cluster.bodies


async def test_a_spec_that_cannot_be_used_can_be_deleted() -> None:
    """Its name and policy are known."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=7)))
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.writes() == ["delete"]


async def test_an_object_that_was_never_claimed_is_none_of_ours_to_delete() -> None:
    """It may wait for somebody else's finalizer."""
    environment = Environment()
    environment.create_in_aws(VALUE)
    key = environment.cluster.apply(rule())
    environment.cluster.bodies[key]["metadata"]["finalizers"] = ["other"]
    await environment.run_pass(key)
    environment.log.clear()
    environment.cluster.delete(key)
    assert await environment.run_pass(key) is False
    assert environment.log == []


async def test_a_new_rule_goes_at_its_time_and_then_nothing_is_done() -> None:
    """Its finalizer goes with it; deleting the object afterwards asks nothing of AWS."""
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


async def test_the_default_rule_goes_back_at_its_time_and_then_nothing_is_done() -> None:
    """Whatever somebody does with it afterwards."""
    environment = await managed(default_rule_at(1.0, **SOON))
    environment.seconds = HOUR
    await environment.run_pass(DEFAULT)
    assert environment.log == ["update", "remove_finalizer", "status"]
    assert environment.aws.values["rule", "Default"] == default_rule()
    assert (environment.conditions(DEFAULT), before(environment, DEFAULT), environment.finalizers(DEFAULT)) == (
        EXPIRED,
        None,
        [],
    )
    environment.edit_in_aws("rule", "Default", FixedRate=0.3)
    environment.log.clear()
    await environment.run_pass(DEFAULT, fresh=True)
    assert environment.log == READ


async def test_what_was_taken_over_goes_back_at_its_time() -> None:
    """As it was, and nobody's."""
    environment = Environment()
    environment.create_in_aws(HELD)
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned", **SOON)))
    environment.seconds = HOUR
    environment.log.clear()
    await environment.run_pass(RULE)
    assert environment.log == ["tags", "update", "untag", "remove_finalizer", "status"]
    assert (environment.aws.values["rule", "backend"], environment.aws.tags_by_arn[ARN]) == (HELD, {})
    await environment.run_pass(fresh=True)
    assert environment.conditions() == EXPIRED


async def test_an_object_that_comes_too_late_does_nothing() -> None:
    """It is told so; a later time brings it to life."""
    environment = Environment()
    environment.seconds = HOUR
    await environment.run_pass(environment.cluster.apply(rule(**SOON)))
    assert (environment.writes(), environment.finalizers(), environment.conditions()) == ([], [], EXPIRED)
    await environment.run_pass(environment.cluster.apply(rule(expiresAt="2026-01-01T02:00:00Z")))
    assert (environment.writes(), environment.conditions()) == (["create"], IN_SYNC)


async def test_an_end_that_fails_is_tried_again() -> None:
    """The object is not let go before."""
    environment = await managed(rule(**SOON))
    environment.seconds = HOUR
    environment.aws.failures["delete"] = [THROTTLED]
    assert await environment.run_pass() is True
    assert (environment.conditions()["Synced"], len(environment.finalizers())) == (
        f"False Throttled {THROTTLED.message}",
        1,
    )
    environment.cluster.failures["remove_finalizer"] = [KubernetesError(409, "modified")]
    with pytest.raises(KubernetesError):
        await environment.run_pass()
    assert await environment.run_pass() is False
    assert (environment.conditions(), environment.writes()) == (EXPIRED, ["delete", "delete"])


@pytest.mark.parametrize(
    ("spec", "why"), [({"managementPolicy": "Observe"}, "Observed"), ({"suspend": True}, "Suspended")]
)
async def test_who_only_looks_never_writes(spec: dict[str, Any], why: str) -> None:
    """Nothing there, something else there, the same there; no finalizer, and it is no failure."""
    environment = Environment()
    key = environment.cluster.apply(rule(adoptionPolicy="Force", **SOON, **spec))
    assert await environment.run_pass(key) is False
    assert environment.conditions() == {"Ready": "False Missing", "Synced": f"False {why}", "Drifted": "False NoDrift"}
    environment.create_in_aws(HELD, THEIRS)
    await environment.run_pass(fresh=True)
    drifted = {"Drifted": "True DriftDetected FixedRate: 0.1 -> 0.5"}
    assert environment.conditions() == {"Ready": "True Available", "Synced": f"False {why}"} | drifted
    assert environment.status()["drift"] == [{"field": "fixedRate", "desired": "0.5", "actual": "0.1"}]
    assert environment.status()["arn"] == ARN
    environment.edit_in_aws("rule", "backend", FixedRate=0.5)
    environment.seconds = HOUR
    await environment.run_pass(fresh=True)
    assert environment.conditions() == IN_SYNC | {"Synced": f"True {why}"}
    assert (environment.finalizers(), environment.writes()) == ([], [])


async def test_an_object_that_is_to_observe_is_let_go() -> None:
    """AWS keeps what it has; deleting the object then asks nothing of AWS."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=0.7, managementPolicy="Observe")))
    assert environment.log == ["remove_finalizer", "status"]
    assert (environment.finalizers(), environment.conditions()["Synced"]) == ([], "False Observed")
    environment.cluster.delete(RULE)
    assert RULE not in environment.cluster.bodies
    assert environment.aws.values["rule", "backend"] == VALUE


async def test_a_deletion_that_comes_with_observe_leaves_aws_alone() -> None:
    """The finalizer is taken away all the same."""
    environment = await managed(rule())
    environment.cluster.apply(rule(managementPolicy="Observe"))
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert environment.log == ["remove_finalizer"]


async def test_a_suspended_object_keeps_its_finalizer_and_goes_on_without_drift() -> None:
    """What differs when it is resumed is the spec's doing."""
    environment = await managed(rule())
    await environment.run_pass(environment.cluster.apply(rule(suspend=True)))
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    await environment.run_pass(fresh=True)
    assert (environment.writes(), len(environment.finalizers())) == ([], 1)
    await environment.run_pass(environment.cluster.apply(rule()))
    assert (environment.writes(), environment.conditions(), environment.reporter.drift_seen) == (
        ["update"],
        IN_SYNC,
        {},
    )
