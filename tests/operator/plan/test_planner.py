"""The plan: which actions follow from what is asked for and what AWS holds, and in which order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import InMemoryGateway
from xray_model import Difference, Group, InsightsConfiguration, SamplingRateBoost, SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Observed, Value
from xray_operator.manifests.manifest import Manifest
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
from xray_operator.plan.planner import differences, for_deletion, for_manifest, plan
from xray_operator.plan.quota import conflict
from xray_operator.reasons import Reason

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
GROUP = Group(group_name="failing", filter_expression="fault")
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
THEIRS = {OWNER_TAG: "prod/default/backend"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(value: Value = RULE, name: str = "backend", adoption: AdoptionPolicy = AdoptionPolicy.NEVER) -> Manifest:
    """Ask for a value."""
    return Manifest(name=name, namespace="default", value=value, adoption=adoption)


def observed(*held: tuple[Value, dict[str, str]]) -> Observed:
    """What AWS holds: values with their tags; ARNs are made of the names."""
    found = [AwsObject(value, f"arn:{number}") for number, (value, _) in enumerate(held)]
    return Observed(found, {f"arn:{number}": tags for number, (_, tags) in enumerate(held)})


def planned(desired: Sequence[Manifest], seen: Observed, *, prune: bool = False) -> tuple[Action, ...]:
    """Plan for the cluster `local`."""
    return plan(desired, seen, cluster_id="local", now=NOW, prune=prune)


def test_what_is_missing_is_created_with_our_tag() -> None:
    """Rule and group alike."""
    assert planned([manifest(), manifest(GROUP, "failing")], observed()) == (
        Create(RULE, OURS),
        Create(GROUP, OURS | {OWNER_TAG: "local/default/failing"}),
    )


def test_what_is_ours_and_the_same_is_kept() -> None:
    """No write without a difference."""
    assert planned([manifest()], observed((RULE, OURS))) == (Keep(RULE),)


def test_what_is_ours_and_differs_is_updated() -> None:
    """The differences go along."""
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
def test_what_is_not_ours_is_taken_as_the_policy_says(
    tags: dict[str, str], adoption: AdoptionPolicy, kinds: tuple[type, ...]
) -> None:
    """Never, an unowned one, or any."""
    actions = planned([manifest(adoption=adoption)], observed((replace(RULE, fixed_rate=0.1), tags)))
    assert tuple(type(action) for action in actions) == kinds


def test_a_foreign_owner_is_named() -> None:
    """The message says who, and how to take it over."""
    (conflict,) = planned([manifest()], observed((replace(RULE, host="a"), THEIRS)))
    assert conflict == Conflict(
        RULE,
        Reason.FOREIGN_OWNER,
        "'backend' is owned by prod/default/backend; adoptionPolicy: Force takes it over",
        (Difference("Host", "*", "a"),),
    )


def test_an_unowned_twin_is_left_alone_and_told() -> None:
    """There is nothing to write, so it is no conflict."""
    assert planned([manifest()], observed((RULE, {}))) == (Keep(RULE, KeepReason.UNOWNED),)


def test_an_adopted_twin_needs_its_tag_only() -> None:
    """Nothing else is written."""
    actions = planned([manifest(adoption=AdoptionPolicy.IF_UNOWNED)], observed((RULE, {})))
    assert actions == (Adopt(RULE, "arn:0", OURS),)


def test_the_defaults_need_no_tag() -> None:
    """They are the region's: updated where they differ, never created, adopted or deleted."""
    wanted = default_rule().updated({"FixedRate": 0.2})
    group = Group(group_name="Default")
    seen = observed((default_rule(), {}), (group, {}))
    assert planned([manifest(wanted, "default"), manifest(group, "default")], seen, prune=True) == (
        Update(wanted, "arn:0", (Difference("FixedRate", 0.2, 0.05),)),
        Keep(group),
    )


def test_a_group_without_an_expression_equals_one_with_an_empty_one() -> None:
    """AWS gives either form back."""
    assert differences(Group(group_name="g"), Group(group_name="g", filter_expression="")) == ()


def test_values_of_two_kinds_cannot_be_compared() -> None:
    """That would be a mistake of the caller."""
    with pytest.raises(TypeError, match="a rule and a group cannot be compared"):
        differences(RULE, GROUP)


def test_pruning_deletes_what_only_this_cluster_owns() -> None:
    """Another cluster's, unowned ones and the defaults stay."""
    rules = [replace(RULE, rule_name=name) for name in ("mine", "theirs", "nobodys")]
    seen = observed(
        (rules[0], {OWNER_TAG: "local/default/mine"}), (rules[1], THEIRS), (rules[2], {}), (default_rule(), {})
    )
    assert planned([manifest()], seen, prune=True) == (Create(RULE, OURS), Delete(rules[0], "arn:0"))
    assert planned([manifest()], seen) == (Create(RULE, OURS),)


def test_an_object_that_is_to_be_orphaned_stays() -> None:
    """Its policy is on the object, since its manifest is gone."""
    orphan = OURS | {DELETION_TAG: "Orphan"}
    assert planned([], observed((RULE, orphan)), prune=True) == ()


def test_a_changed_deletion_policy_is_written_to_the_object() -> None:
    """By its tags, and with what differs besides."""
    wanted = replace(manifest(), deletion=DeletionPolicy.ORPHAN)
    tags = OURS | {DELETION_TAG: "Orphan"}
    assert planned([wanted], observed((RULE, OURS))) == (Adopt(RULE, "arn:0", tags),)
    changed = planned([wanted], observed((replace(RULE, host="a"), OURS)))
    assert [type(action) for action in changed] == [Adopt, Update]


def test_creates_come_before_deletes_unless_the_quota_is_full() -> None:
    """With 25 rules held, the delete makes room first."""
    old = [replace(RULE, rule_name=f"old-{number}") for number in range(25)]
    seen = observed(*((rule, OURS | {OWNER_TAG: f"local/default/{rule.rule_name}"}) for rule in old))
    kept = [manifest(rule, rule.rule_name) for rule in old[1:]]
    actions = planned([manifest(), *kept], seen, prune=True)
    assert [type(action) for action in actions if not isinstance(action, Keep)] == [Delete, Create]
    fewer = observed(*((rule, OURS | {OWNER_TAG: f"local/default/{rule.rule_name}"}) for rule in old[:20]))
    actions = planned([manifest(), *kept[:19]], fewer, prune=True)
    assert [type(action) for action in actions if not isinstance(action, Keep)] == [Create, Delete]


def test_what_would_be_one_too_many_is_a_conflict_before_aws_refuses() -> None:
    """The message has the numbers."""
    seen = observed(*((replace(RULE, rule_name=f"old-{number}"), {}) for number in range(25)))
    (conflict,) = planned([manifest()], seen)
    assert isinstance(conflict, Conflict)
    assert (conflict.reason, conflict.message) == (
        Reason.QUOTA_EXCEEDED,
        "cannot create 'backend': the rule quota is full (25 of 25)",
    )


CHANGED = replace(RULE, fixed_rate=0.1)
RATE = (Difference("FixedRate", 0.5, 0.1),)


def planned_for(
    seen: Observed, previous: Value | None = None, value: Value = RULE, **policies: Any
) -> tuple[Action, ...]:
    """Plan for one object in the cluster."""
    return for_manifest(replace(manifest(value), **policies), seen, cluster_id="local", now=NOW, previous=previous)


@pytest.mark.parametrize(
    ("policy", "suspended"), [({"management": ManagementPolicy.OBSERVE}, False), ({"suspended": True}, True)]
)
def test_who_only_looks_is_told_what_differs_and_plans_nothing(policy: dict[str, Any], suspended: bool) -> None:
    """Whoever owns it, whatever may be adopted, and even when the time is over."""
    past = {**policy, "adoption": AdoptionPolicy.FORCE, "expires": NOW}
    assert planned_for(observed(), **past) == (Observe(RULE, None, (), suspended),)
    assert planned_for(observed((CHANGED, THEIRS)), **past) == (Observe(RULE, "arn:0", RATE, suspended),)
    assert planned_for(observed((RULE, OURS)), **past) == (Observe(RULE, "arn:0", (), suspended),)


EXPIRED = Keep(RULE, KeepReason.EXPIRED)


@pytest.mark.parametrize(
    ("held", "tags", "previous", "actions"),
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
def test_when_its_time_is_over_an_object_goes_or_goes_back(
    held: Value | None, tags: dict[str, str], previous: Value | None, actions: tuple[Action, ...]
) -> None:
    """Only if it is ours; a second time there is nothing to do."""
    seen = observed((held, tags)) if held else observed()
    assert planned_for(seen, previous, expires=NOW, adoption=AdoptionPolicy.FORCE) == actions


def test_until_then_it_is_as_any_other() -> None:
    """One second previous."""
    assert planned_for(observed(), expires=NOW + timedelta(seconds=1)) == (Create(RULE, OURS),)


def test_the_default_rule_goes_back_when_its_time_is_over() -> None:
    """To what it was; if that is not known it stays."""
    debug, was = default_rule().updated({"FixedRate": 1.0}), default_rule()
    seen = observed((debug, {}))
    back = (Difference("FixedRate", 0.05, 1.0),)
    assert planned_for(seen, was, debug, expires=NOW) == (Restore(was, "arn:0", back),)
    assert planned_for(seen, None, debug, expires=NOW) == (Keep(debug, KeepReason.EXPIRED),)
    assert planned_for(observed((was, {})), was, debug, expires=NOW) == (Keep(was, KeepReason.EXPIRED),)


@pytest.mark.parametrize(
    ("strategy", "wanted", "kind"),
    [
        (UpdateStrategy.RECREATE, replace(GROUP, filter_expression="error"), Replace),
        (UpdateStrategy.RECREATE, replace(GROUP, insights=InsightsConfiguration(insights_enabled=True)), Update),
        (UpdateStrategy.RECREATE, GROUP, Keep),
        (UpdateStrategy.IN_PLACE, replace(GROUP, filter_expression="error"), Update),
    ],
)
def test_a_group_is_replaced_for_a_new_expression_if_so_asked(
    strategy: UpdateStrategy, wanted: Group, kind: type
) -> None:
    """And for nothing else."""
    (action,) = planned_for(observed((GROUP, OURS)), value=wanted, update=strategy)
    assert type(action) is kind
    if isinstance(action, Replace):
        assert (action.tags, action.differences) == (OURS, (Difference("FilterExpression", "error", "fault"),))


def test_the_default_group_is_never_replaced() -> None:
    """It cannot be deleted."""
    wanted = Group(group_name="Default", insights=InsightsConfiguration(insights_enabled=True))
    seen = observed((Group(group_name="Default"), {}))
    (action,) = planned_for(seen, value=wanted, update=UpdateStrategy.RECREATE)
    assert isinstance(action, Update)


def test_a_boost_that_is_not_asked_for_stays_as_aws_has_it() -> None:
    """An update cannot take it away; one that is asked for is compared."""
    boosted = replace(RULE, sampling_rate_boost=SamplingRateBoost(max_rate=1.0, cooldown_window_minutes=5))
    assert planned_for(observed((boosted, OURS))) == (Keep(RULE),)
    (action,) = planned_for(observed((RULE, OURS)), value=boosted)
    assert isinstance(action, Update)
    assert [one.field for one in action.differences] == ["SamplingRateBoost"]


def test_an_expression_that_is_not_asked_for_stays_as_aws_has_it() -> None:
    """For the same reason."""
    assert planned_for(observed((GROUP, OURS)), value=Group(group_name="failing")) == (
        Keep(Group(group_name="failing")),
    )


OWNER = "local/default/backend"


@pytest.mark.parametrize(
    ("held", "tags", "deletion", "previous", "actions"),
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
def test_a_deletion_touches_only_what_carries_its_tag(
    held: Value, tags: dict[str, str], deletion: DeletionPolicy, previous: Value | None, actions: tuple[Action, ...]
) -> None:
    """And leaves the Default rule, which cannot be deleted."""
    seen = observed((held, tags))
    assert for_deletion(seen.objects[0], seen, owner=OWNER, deletion=deletion, previous=previous) == actions


def test_a_deletion_gives_the_default_rule_back() -> None:
    """As it was."""
    was = default_rule().updated({"FixedRate": 1})
    seen = observed((default_rule(), {}))
    actions = for_deletion(seen.objects[0], seen, owner=OWNER, deletion=DeletionPolicy.DELETE, previous=was)
    assert actions == (Restore(was, "arn:0", (Difference("FixedRate", 1.0, 0.05),)),)


def test_a_quota_of_ones_own_is_told() -> None:
    """AWS raises it on request."""
    found = conflict(GROUP, observed((GROUP, {})), {"group": 1})
    assert found.message == "cannot create 'failing': the group quota is full (1 of 1)"


NAMES = st.sampled_from(["a", "b", "c", "d"])
RULES = st.builds(
    lambda name, rate: replace(RULE, rule_name=name, fixed_rate=rate), NAMES, st.sampled_from([0.1, 0.5, 1.0])
)
STATES = st.lists(RULES, unique_by=lambda rule: rule.rule_name)


@given(STATES, STATES)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(
    previous: list[SamplingRule], wanted: list[SamplingRule]
) -> None:
    """Whatever AWS held of ours, one apply is enough, and nothing of ours is left over."""
    gateway = InMemoryGateway()
    for rule in previous:
        gateway.create(rule, OURS | {OWNER_TAG: f"local/default/{rule.rule_name}"})
    desired = [manifest(rule, rule.rule_name) for rule in wanted]
    apply(planned(desired, observe(gateway, desired, prune=True), prune=True), gateway, lambda _: None)
    again = planned(desired, observe(gateway, desired, prune=True), prune=True)
    assert all(isinstance(action, Keep) for action in again)
    assert {one.value for one in gateway.rules() if not one.value.is_default} == set(wanted)
