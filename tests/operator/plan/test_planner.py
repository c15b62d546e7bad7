"""The plan: the actions for manifests and AWS's state, and their order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import InMemoryGateway
from tests.operator.plan.plans import GROUP, NOW, OURS, RULE, THEIRS, manifest, observed, planned
from xray_model import Difference, Group, InsightsConfiguration, SamplingRateBoost, SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Observed, Value
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy, ManagementPolicy, UpdateStrategy
from xray_operator.plan.actions import (
    Action,
    Adopt,
    Conflict,
    Create,
    Delete,
    Keep,
    KeepReason,
    Observe,
    Release,
    Replace,
    Restore,
    Update,
)
from xray_operator.plan.apply import apply, observe
from xray_operator.plan.planner import differences, for_deletion, for_manifest
from xray_operator.reasons import Reason


def test_missing_object_is_created_with_our_tags() -> None:
    """Rules and groups alike."""
    assert planned([manifest(), manifest(GROUP, "failing")], observed()) == (
        Create(RULE, OURS),
        Create(GROUP, OURS | {OWNER_TAG: "local/default/failing"}),
    )


def test_equal_object_is_kept() -> None:
    """There is no write without a difference."""
    assert planned([manifest()], observed((RULE, OURS))) == (Keep(RULE),)


def test_different_object_is_updated() -> None:
    """The action has the differences."""
    actual = replace(RULE, fixed_rate=0.1)
    assert planned([manifest()], observed((actual, OURS))) == (
        Update(RULE, "arn:0", (Difference("FixedRate", 0.5, 0.1),)),
    )


@pytest.mark.parametrize(
    ("tags", "adoption", "kinds"),
    [
        ({}, AdoptionPolicy.NEVER, (Conflict,)),
        ({}, AdoptionPolicy.IF_UNOWNED, (Adopt, Update)),
        ({}, AdoptionPolicy.FORCE, (Adopt, Update)),
        (THEIRS, AdoptionPolicy.NEVER, (Conflict,)),
        (THEIRS, AdoptionPolicy.IF_UNOWNED, (Conflict,)),
        (THEIRS, AdoptionPolicy.FORCE, (Adopt, Update)),
    ],
)
def test_adoption_policy_decides_on_an_object_of_another_owner(
    tags: dict[str, str], adoption: AdoptionPolicy, kinds: tuple[type, ...]
) -> None:
    """Never, unowned objects, or all."""
    actions = planned([manifest(adoption=adoption)], observed((replace(RULE, fixed_rate=0.1), tags)))
    assert tuple(type(action) for action in actions) == kinds


def test_conflict_names_the_foreign_owner() -> None:
    """The message also names the policy that takes the object over."""
    (conflict,) = planned([manifest()], observed((replace(RULE, host="a"), THEIRS)))
    assert conflict == Conflict(
        RULE,
        Reason.FOREIGN_OWNER,
        "'backend' is owned by prod/default/backend; adoptionPolicy: Force takes it over",
        (Difference("Host", "*", "a"),),
    )


def test_equal_unowned_object_is_kept_and_reported() -> None:
    """There is nothing to write, so it is not a conflict."""
    assert planned([manifest()], observed((RULE, {}))) == (Keep(RULE, KeepReason.UNOWNED),)


def test_adopted_equal_object_is_only_tagged() -> None:
    """Nothing else is written."""
    actions = planned([manifest(adoption=AdoptionPolicy.IF_UNOWNED)], observed((RULE, {})))
    assert actions == (Adopt(RULE, "arn:0", OURS),)


def test_default_objects_are_updated_without_tags() -> None:
    """They belong to the region: never created, adopted or deleted."""
    wanted = default_rule().updated({"FixedRate": 0.2})
    group = Group(group_name="Default")
    aws = observed((default_rule(), {}), (group, {}))
    assert planned([manifest(wanted, "default"), manifest(group, "default")], aws, prune=["default"]) == (
        Update(wanted, "arn:0", (Difference("FixedRate", 0.2, 0.05),)),
        Keep(group),
    )


def test_missing_expression_equals_an_empty_one() -> None:
    """AWS returns either form."""
    assert differences(Group(group_name="g"), Group(group_name="g", filter_expression="")) == ()


def test_comparing_a_rule_with_a_group_raises() -> None:
    """It is a defect of the caller."""
    with pytest.raises(TypeError, match="a rule and a group cannot be compared"):
        differences(RULE, GROUP)


def test_changed_deletion_policy_is_written_to_the_tags() -> None:
    """Along with an update, if something else differs."""
    wanted = replace(manifest(), deletion=DeletionPolicy.ORPHAN)
    tags = OURS | {DELETION_TAG: "Orphan"}
    assert planned([wanted], observed((RULE, OURS))) == (Adopt(RULE, "arn:0", tags),)
    changed = planned([wanted], observed((replace(RULE, host="a"), OURS)))
    assert [type(action) for action in changed] == [Adopt, Update]


CHANGED = replace(RULE, fixed_rate=0.1)
RATE = (Difference("FixedRate", 0.5, 0.1),)


def planned_for(
    aws: Observed, previous: Value | None = None, value: Value = RULE, **policies: Any
) -> tuple[Action, ...]:
    """Plan for one resource in the cluster."""
    return for_manifest(replace(manifest(value), **policies), aws, cluster_id="local", now=NOW, previous=previous)


@pytest.mark.parametrize(
    ("policy", "suspended"), [({"management": ManagementPolicy.OBSERVE}, False), ({"suspended": True}, True)]
)
def test_observing_or_suspended_manifest_is_only_compared(policy: dict[str, Any], suspended: bool) -> None:
    """Whatever the owner, the adoption policy and the expiry."""
    past = {**policy, "adoption": AdoptionPolicy.FORCE, "expires": NOW}
    assert planned_for(observed(), **past) == (Observe(RULE, None, (), suspended),)
    assert planned_for(observed((CHANGED, THEIRS)), **past) == (Observe(RULE, "arn:0", RATE, suspended),)
    assert planned_for(observed((RULE, OURS)), **past) == (Observe(RULE, "arn:0", (), suspended),)


EXPIRED = Keep(RULE, KeepReason.EXPIRED)


@pytest.mark.parametrize(
    ("value", "tags", "previous", "actions"),
    [
        (None, {}, None, (EXPIRED,)),
        (RULE, OURS, None, (Delete(RULE, "arn:0"),)),
        (
            RULE,
            OURS,
            CHANGED,
            (Restore(CHANGED, "arn:0", (Difference("FixedRate", 0.1, 0.5),)), Release(CHANGED, "arn:0")),
        ),
        (CHANGED, OURS, CHANGED, (Keep(CHANGED), Release(CHANGED, "arn:0"))),
        (RULE, THEIRS, None, (EXPIRED,)),
        (RULE, {}, CHANGED, (EXPIRED,)),
    ],
)
def test_expired_object_is_deleted_or_restored(
    value: Value | None, tags: dict[str, str], previous: Value | None, actions: tuple[Action, ...]
) -> None:
    """Only if it is ours; the second time there is nothing to do."""
    aws = observed((value, tags)) if value else observed()
    assert planned_for(aws, previous, expires=NOW, adoption=AdoptionPolicy.FORCE) == actions


def test_object_before_its_expiry_is_managed() -> None:
    """One second before it expires."""
    assert planned_for(observed(), expires=NOW + timedelta(seconds=1)) == (Create(RULE, OURS),)


def test_expired_default_rule_is_restored() -> None:
    """To its previous values; if they are unknown it stays."""
    debug, original = default_rule().updated({"FixedRate": 1.0}), default_rule()
    aws = observed((debug, {}))
    back = (Difference("FixedRate", 0.05, 1.0),)
    assert planned_for(aws, original, debug, expires=NOW) == (Restore(original, "arn:0", back),)
    assert planned_for(aws, None, debug, expires=NOW) == (Keep(debug, KeepReason.EXPIRED),)
    assert planned_for(observed((original, {})), original, debug, expires=NOW) == (Keep(original, KeepReason.EXPIRED),)


@pytest.mark.parametrize(
    ("strategy", "wanted", "kind"),
    [
        (UpdateStrategy.RECREATE, replace(GROUP, filter_expression="error"), Replace),
        (UpdateStrategy.RECREATE, replace(GROUP, insights=InsightsConfiguration(insights_enabled=True)), Update),
        (UpdateStrategy.RECREATE, GROUP, Keep),
        (UpdateStrategy.IN_PLACE, replace(GROUP, filter_expression="error"), Update),
    ],
)
def test_recreate_replaces_a_group_for_a_new_expression(strategy: UpdateStrategy, wanted: Group, kind: type) -> None:
    """Another difference is an update."""
    (action,) = planned_for(observed((GROUP, OURS)), value=wanted, update=strategy)
    assert type(action) is kind
    if isinstance(action, Replace):
        assert (action.tags, action.differences) == (OURS, (Difference("FilterExpression", "error", "fault"),))


def test_default_group_is_never_replaced() -> None:
    """It cannot be deleted."""
    wanted = Group(group_name="Default", insights=InsightsConfiguration(insights_enabled=True))
    aws = observed((Group(group_name="Default"), {}))
    (action,) = planned_for(aws, value=wanted, update=UpdateStrategy.RECREATE)
    assert isinstance(action, Update)


def test_undesired_boost_is_not_a_difference() -> None:
    """An update cannot remove it; a desired boost is compared."""
    boosted = replace(RULE, sampling_rate_boost=SamplingRateBoost(max_rate=1.0, cooldown_window_minutes=5))
    assert planned_for(observed((boosted, OURS))) == (Keep(RULE),)
    (action,) = planned_for(observed((RULE, OURS)), value=boosted)
    assert isinstance(action, Update)
    assert [difference.field for difference in action.differences] == ["SamplingRateBoost"]


def test_undesired_expression_is_not_a_difference() -> None:
    """An update cannot remove it."""
    assert planned_for(observed((GROUP, OURS)), value=Group(group_name="failing")) == (
        Keep(Group(group_name="failing")),
    )


OWNER = "local/default/backend"


@pytest.mark.parametrize(
    ("value", "tags", "deletion", "previous", "actions"),
    [
        (RULE, OURS, DeletionPolicy.DELETE, None, (Delete(RULE, "arn:0"),)),
        (RULE, OURS, DeletionPolicy.DELETE, CHANGED, (Delete(RULE, "arn:0"),)),
        (RULE, OURS, DeletionPolicy.ORPHAN, None, (Release(RULE, "arn:0"),)),
        (RULE, THEIRS, DeletionPolicy.DELETE, None, (Keep(RULE, KeepReason.NOT_OWNED),)),
        (RULE, {}, DeletionPolicy.ORPHAN, None, (Keep(RULE, KeepReason.NOT_OWNED),)),
        (default_rule(), {}, DeletionPolicy.DELETE, None, (Keep(default_rule()),)),
        (default_rule(), {}, DeletionPolicy.DELETE, default_rule(), (Keep(default_rule()),)),
        (default_rule(), {}, DeletionPolicy.ORPHAN, default_rule().updated({"FixedRate": 1}), ()),
    ],
)
def test_deletion_writes_only_to_an_object_with_its_tag(
    value: Value, tags: dict[str, str], deletion: DeletionPolicy, previous: Value | None, actions: tuple[Action, ...]
) -> None:
    """The Default rule stays, since it cannot be deleted."""
    aws = observed((value, tags))
    assert for_deletion(aws.objects[0], aws, owner=OWNER, deletion=deletion, previous=previous) == actions


def test_deletion_restores_the_default_rule() -> None:
    """To its previous values."""
    original = default_rule().updated({"FixedRate": 1})
    aws = observed((default_rule(), {}))
    actions = for_deletion(aws.objects[0], aws, owner=OWNER, deletion=DeletionPolicy.DELETE, previous=original)
    assert actions == (Restore(original, "arn:0", (Difference("FixedRate", 1.0, 0.05),)),)


NAMES = st.sampled_from(["a", "b", "c", "d"])
RULES = st.builds(
    lambda name, rate: replace(RULE, rule_name=name, fixed_rate=rate), NAMES, st.sampled_from([0.1, 0.5, 1.0])
)
STATES = st.lists(RULES, unique_by=lambda rule: rule.rule_name)


@given(STATES, STATES)
def test_applied_plan_leaves_nothing_to_do(previous: list[SamplingRule], wanted: list[SamplingRule]) -> None:
    """Whatever objects of ours AWS had, one apply is enough, and none is left over."""
    gateway = InMemoryGateway()
    for rule in previous:
        gateway.create(rule, OURS | {OWNER_TAG: f"local/default/{rule.rule_name}"})
    desired = [manifest(rule, rule.rule_name) for rule in wanted]
    apply(planned(desired, observe(gateway, desired, prune=True), prune=["*"]), gateway, lambda _: None)
    again = planned(desired, observe(gateway, desired, prune=True), prune=["*"])
    assert all(isinstance(action, Keep) for action in again)
    assert {found.value for found in gateway.rules() if not found.is_default} == set(wanted)
