"""Prune and the quota: what a plan deletes besides the manifests, and in which order it makes room."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.operator.plan.plans import GROUP, OURS, RULE, THEIRS, manifest, observed, planned
from xray_model import Difference, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG
from xray_operator.plan.actions import (
    Conflict,
    Create,
    Delete,
    Keep,
    KeepReason,
)
from xray_operator.plan.quota import conflict
from xray_operator.reasons import Reason

CHANGED = replace(RULE, fixed_rate=0.1)
RATE = (Difference("FixedRate", 0.5, 0.1),)
EXPIRED = Keep(RULE, KeepReason.EXPIRED)
OWNER = "local/default/backend"
NAMES = st.sampled_from(["a", "b", "c", "d"])
RULES = st.builds(
    lambda name, rate: replace(RULE, rule_name=name, fixed_rate=rate), NAMES, st.sampled_from([0.1, 0.5, 1.0])
)
STATES = st.lists(RULES, unique_by=lambda rule: rule.rule_name)


def test_prune_deletes_only_objects_of_this_cluster_in_the_namespaces() -> None:
    """Those of other clusters, unowned ones and the defaults stay."""
    rules = [replace(RULE, rule_name=name) for name in ("mine", "theirs", "unowned")]
    aws = observed(
        (rules[0], {OWNER_TAG: "local/default/mine"}), (rules[1], THEIRS), (rules[2], {}), (default_rule(), {})
    )
    for scope in ("default", "*"):
        assert planned([manifest()], aws, prune=[scope]) == (Create(RULE, OURS), Delete(rules[0], "arn:0"))
    assert planned([manifest()], aws, prune=["shop", "def"]) == (Create(RULE, OURS),)
    assert planned([manifest()], aws) == (Create(RULE, OURS),)


def test_prune_keeps_an_orphan() -> None:
    """The policy is in its tags, since its manifest no longer exists."""
    orphan = OURS | {DELETION_TAG: "Orphan"}
    assert planned([], observed((RULE, orphan)), prune=["default"]) == ()


def test_creates_come_before_deletes_unless_the_quota_is_full() -> None:
    """With 25 rules in AWS, the delete makes room first."""
    old = [replace(RULE, rule_name=f"old-{number}") for number in range(25)]
    aws = observed(*((rule, OURS | {OWNER_TAG: f"local/default/{rule.rule_name}"}) for rule in old))
    kept = [manifest(rule, rule.rule_name) for rule in old[1:]]
    actions = planned([manifest(), *kept], aws, prune=["*"])
    assert [type(action) for action in actions if not isinstance(action, Keep)] == [Delete, Create]
    fewer = observed(*((rule, OURS | {OWNER_TAG: f"local/default/{rule.rule_name}"}) for rule in old[:20]))
    actions = planned([manifest(), *kept[:19]], fewer, prune=["*"])
    assert [type(action) for action in actions if not isinstance(action, Keep)] == [Create, Delete]


def test_create_beyond_the_quota_is_a_conflict() -> None:
    """The message has the used and the maximum number."""
    aws = observed(*((replace(RULE, rule_name=f"old-{number}"), {}) for number in range(25)))
    (conflict,) = planned([manifest()], aws)
    assert isinstance(conflict, Conflict)
    assert (conflict.reason, conflict.message) == (
        Reason.QUOTA_EXCEEDED,
        "cannot create 'backend': the rule quota is full (25 of 25)",
    )


def test_conflict_has_the_configured_quota() -> None:
    """AWS raises a quota on request."""
    found = conflict(GROUP, observed((GROUP, {})), {"group": 1})
    assert found.message == "cannot create 'failing': the group quota is full (1 of 1)"
