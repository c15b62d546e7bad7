"""The decision of a pass: what is verified, claimed, stored and released for each plan."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import default_rule_at, rule
from xray_model import Difference, SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Observed, Value
from xray_operator.controller.decision import Config, Decision, FinalizerChange, Verification, decide
from xray_operator.kubernetes.resource import FINALIZER, PREVIOUS_ANNOTATION, Resource, from_body, previous_text
from xray_operator.plan.actions import Adopt, Conflict, Create, Delete, Keep, KeepReason, Observe, Update
from xray_operator.reasons import Reason

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = Config("local", {"rule": 2, "group": 2}, lambda: NOW)
RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.1, reservoir_size=1)
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
THEIRS = {OWNER_TAG: "local/default/other"}
PAST = "2025-01-01T00:00:00Z"
READY = {"type": "Ready", "status": "True", "reason": "Available", "observedGeneration": 1}
SYNCED = {
    "observedGeneration": 1,
    "arn": "arn:0",
    "conditions": [READY],
}


def aws(*objects: tuple[Value, dict[str, str]]) -> Observed:
    """Return AWS with these objects and their tags."""
    found = [AwsObject(value, f"arn:{number}") for number, (value, _) in enumerate(objects)]
    return Observed(found, {f"arn:{number}": tags for number, (_, tags) in enumerate(objects)})


def resource(
    manifest: dict[str, Any] | None = None,
    *,
    claimed: bool = False,
    status: dict[str, Any] | None = None,
    previous: Value | None = None,
    **spec: Any,
) -> Resource:
    """Return a resource as the cluster has it."""
    manifest = manifest or rule(**spec)
    metadata: dict[str, Any] = {**manifest["metadata"], "uid": "u", "resourceVersion": "1"}
    metadata["finalizers"] = [FINALIZER] if claimed else []
    metadata["annotations"] = {PREVIOUS_ANNOTATION: previous_text(previous)} if previous else {}
    return from_body({**manifest, "metadata": metadata, "status": status or {}})


def decided(about: Resource, observed: Observed, rival: Resource | None = None) -> Decision:
    """Decide about a resource."""
    assert about.manifest is not None
    return decide(about, about.manifest, observed, rival=rival, config=CONFIG, now=NOW)


def test_new_object_is_claimed_and_created_without_verification() -> None:
    """AWS itself rejects a name that exists."""
    decision = decided(resource(), aws())
    assert decision.actions == (Create(RULE, OURS),)
    assert (decision.verification, decision.finalizer) == (Verification.NONE, FinalizerChange.ADD)
    assert (decision.previous, decision.expired, decision.drift) == (None, False, ())


def test_object_in_sync_needs_no_verification() -> None:
    """It stays claimed."""
    decision = decided(resource(claimed=True), aws((RULE, OURS)))
    assert decision.actions == (Keep(RULE),)
    assert (decision.verification, decision.finalizer) == (Verification.NONE, FinalizerChange.ADD)


@pytest.mark.parametrize(
    ("about", "observed", "verification"),
    [
        (resource(claimed=True), aws((CHANGED, OURS)), Verification.TAGS),
        (resource(), aws((CHANGED, OURS)), Verification.ALL),
        (resource(claimed=True, adoptionPolicy="Force"), aws((RULE, THEIRS)), Verification.ALL),
        (resource(claimed=True, deletionPolicy="Orphan"), aws((RULE, OURS)), Verification.ALL),
        (resource(claimed=True, expiresAt=PAST), aws((RULE, OURS)), Verification.TAGS),
        (resource(claimed=True, expiresAt=PAST), aws(), Verification.ABSENCE),
        (resource(expiresAt=PAST), aws(), Verification.NONE),
        (resource(), aws((RULE, THEIRS)), Verification.TAGS),
        (
            resource(status={"conditions": [{"type": "Synced", "reason": "ForeignOwner"}]}),
            aws((RULE, THEIRS)),
            Verification.NONE,
        ),
        (resource(managementPolicy="Observe"), aws((CHANGED, THEIRS)), Verification.NONE),
        (resource(suspend=True, claimed=True), aws((CHANGED, OURS)), Verification.NONE),
    ],
)
def test_write_to_an_existing_object_is_verified(
    about: Resource, observed: Observed, verification: Verification
) -> None:
    """By its tags, or by everything if it is taken over; a conflict once; an expiry without an object repeatedly."""
    assert decided(about, observed).verification is verification


@pytest.mark.parametrize(
    ("about", "finalizer"),
    [
        (resource(claimed=True, managementPolicy="Observe"), FinalizerChange.REMOVE),
        (resource(managementPolicy="Observe"), FinalizerChange.NONE),
        (resource(claimed=True, suspend=True), FinalizerChange.NONE),
        (resource(claimed=True, expiresAt=PAST), FinalizerChange.NONE),
    ],
)
def test_object_without_a_write_is_not_claimed(about: Resource, finalizer: FinalizerChange) -> None:
    """An object that only observes loses its finalizer."""
    assert decided(about, aws()).finalizer is finalizer


def test_takeover_stores_the_previous_value() -> None:
    """A changed deletion policy is not a takeover, and Default has no owner: its value is stored once."""
    force = resource(claimed=True, adoptionPolicy="Force")
    decision = decided(force, aws((CHANGED, THEIRS)))
    assert isinstance(decision.actions[0], Adopt)
    assert decision.previous == CHANGED
    assert decided(resource(claimed=True, deletionPolicy="Orphan"), aws((RULE, OURS))).previous is None
    default = default_rule_at(1.0)
    assert decided(resource(default), aws((default_rule(), {}))).previous == default_rule()
    assert decided(resource(default, claimed=True), aws((default_rule(), {}))).previous is None


def test_difference_is_drift_only_if_the_spec_had_been_applied() -> None:
    """A changed spec is not drift; a missing object is, by its name."""
    changed = (Difference("FixedRate", 0.5, 0.1),)
    applied = resource(claimed=True, status=SYNCED)
    assert decided(applied, aws((CHANGED, OURS))).drift == changed
    assert decided(applied, aws()).drift == (Difference("RuleName", "backend", None),)
    assert decided(resource(claimed=True), aws((CHANGED, OURS))).drift == ()
    older = {"conditions": [{**READY, "observedGeneration": 0}]}
    assert decided(resource(claimed=True, status=older), aws((CHANGED, OURS))).drift == ()


def test_rival_and_full_quota_are_conflicts() -> None:
    """Without a claim."""
    decision = decided(resource(), aws(), resource(rule("first", ruleName="backend")))
    message = "'backend' is already managed by XRaySamplingRule default/first"
    assert decision.actions == (Conflict(RULE, Reason.DUPLICATE, message),)
    assert decision.finalizer is FinalizerChange.NONE
    others: list[tuple[Value, dict[str, str]]] = [
        (SamplingRule(rule_name=name, priority=1, fixed_rate=0, reservoir_size=0), {}) for name in "ab"
    ]
    [conflict] = decided(resource(), aws(*others)).actions
    assert isinstance(conflict, Conflict)
    assert conflict.reason is Reason.QUOTA_EXCEEDED


def test_expired_object_is_deleted_and_released() -> None:
    """A suspended object is only compared."""
    decision = decided(resource(claimed=True, expiresAt=PAST), aws((RULE, OURS)))
    assert (decision.actions, decision.expired) == ((Delete(RULE, "arn:0"),), True)
    over = decided(resource(claimed=True, expiresAt=PAST), aws())
    assert (over.actions, over.expired) == ((Keep(RULE, KeepReason.EXPIRED),), True)
    suspended = decided(resource(expiresAt=PAST, suspend=True), aws((CHANGED, OURS)))
    assert suspended.expired is False
    assert isinstance(suspended.actions[0], Observe)


def test_update_has_the_differences() -> None:
    """The object stays claimed."""
    [action] = decided(resource(claimed=True), aws((CHANGED, OURS))).actions
    assert action == Update(RULE, "arn:0", (Difference("FixedRate", 0.5, 0.1),))
