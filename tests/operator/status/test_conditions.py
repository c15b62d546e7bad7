"""Conditions by kstatus' rules: for each outcome of an action, and for what has no outcome."""

from collections.abc import Sequence

import pytest

from xray_model import Difference, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.plan.actions import Action, Adopt, Conflict, Create, Delete, Keep, Observe, Replace, Update
from xray_operator.plan.apply import Outcome
from xray_operator.reasons import MEANINGS, Reason
from xray_operator.status.conditions import Condition, conditions, expired, failed, invalid, is_applied

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = (Difference("FixedRate", 0.5, 0.1),)
DENIED = GatewayError(Reason.DENIED, "no rights")


DONE = "Ready+Available Synced+InSync Drifted-NoDrift"


def described(found: Sequence[Condition]) -> str:
    """Return conditions as one line: a plus is True, a minus False, a question mark Unknown."""
    signs = {True: "+", False: "-", None: "?"}
    return " ".join(f"{condition.type}{signs[condition.status]}{condition.reason}" for condition in found)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Create(RULE, {}), DONE),
        (Update(RULE, "arn", CHANGED), DONE),
        (Adopt(RULE, "arn", {}), DONE),
        (Keep(RULE), DONE),
        (Delete(RULE, "arn"), "Ready-Missing Synced+InSync Drifted-NoDrift"),
        (Observe(RULE, "arn", ()), "Ready+Available Synced+Observed Drifted-NoDrift"),
        (Observe(RULE, "arn", CHANGED), "Ready+Available Synced-Observed Drifted+DriftDetected"),
        (Observe(RULE, None, ()), "Ready-Missing Synced-Observed Drifted-NoDrift"),
        (Observe(RULE, "arn", (), suspended=True), "Ready+Suspended Synced+Suspended Drifted-NoDrift"),
        (Observe(RULE, None, (), suspended=True), "Ready+Suspended Synced-Suspended Drifted-NoDrift"),
    ],
)
def test_conditions_without_a_problem(action: Action, expected: str) -> None:
    """What the user wants is Ready, also where it is not to write."""
    assert described(conditions([Outcome(action)])) == expected


@pytest.mark.parametrize(
    ("reason", "progress"),
    [
        (Reason.INVALID, "Stalled"),
        (Reason.DENIED, "Reconciling"),
        (Reason.THROTTLED, "Reconciling"),
        (Reason.UNREACHABLE, "Reconciling"),
        (Reason.LIMIT_EXCEEDED, "Reconciling"),
        (Reason.NOT_FOUND, "Reconciling"),
        (Reason.ALREADY_EXISTS, "Reconciling"),
    ],
)
@pytest.mark.parametrize("action", [Create(RULE, {}), Update(RULE, "arn", CHANGED), Replace(RULE, "arn", {}, CHANGED)])
def test_refused_write_is_not_ready(action: Action, reason: Reason, progress: str) -> None:
    """Stalled where only an edit ends it; the message is in each condition."""
    found = conditions([Outcome(action, GatewayError(reason, "no"))])
    assert described(found) == f"Ready-{reason} {progress}+{reason} Synced-{reason} Drifted-NoDrift"
    assert {condition.message for condition in found[:3]} == {"no"}


@pytest.mark.parametrize(
    ("conflict", "progress"),
    [
        (Conflict(RULE, Reason.FOREIGN_OWNER, "theirs", CHANGED), "Stalled"),
        (Conflict(RULE, Reason.NOT_OWNED, "unowned"), "Stalled"),
        (Conflict(RULE, Reason.DUPLICATE, "second"), "Stalled"),
        (Conflict(RULE, Reason.DUPLICATE, "second", passing=True), "Reconciling"),
        (Conflict(RULE, Reason.QUOTA_EXCEEDED, "full"), "Reconciling"),
    ],
)
def test_conflict_is_not_ready(conflict: Conflict, progress: str) -> None:
    """Even if AWS had this generation before: the object is another's now."""
    reason = conflict.reason
    for applied in (False, True):
        found = described(conditions([Outcome(conflict)], applied=applied))
        assert found == f"Ready-{reason} {progress}+{reason} Synced-{reason} Drifted-NoDrift"


def test_failed_repair_keeps_ready_while_the_object_exists() -> None:
    """AWS had this generation; an object that is gone is not Ready."""
    update, create = Update(RULE, "arn", CHANGED), Create(RULE, {})
    kept = conditions([Outcome(update, DENIED)], applied=True, drift=CHANGED)
    assert described(kept) == "Ready+Available Synced-Denied Drifted+DriftDetected"
    lost = conditions([Outcome(create, DENIED)], applied=True, drift=CHANGED)
    assert described(lost) == "Ready-Denied Reconciling+Denied Synced-Denied Drifted+DriftDetected"


def test_unreadable_aws_keeps_ready_only_for_this_generation() -> None:
    """A deletion that waits is not Ready."""
    error = GatewayError(Reason.UNREACHABLE, "away")
    assert described(failed(error, applied=True)) == "Synced?Unreachable"
    assert described(failed(error)) == "Ready-Unreachable Reconciling+Unreachable Synced-Unreachable"
    assert described(failed(error, applied=True, deleting=True)) == "Ready-Deleting Synced?Unreachable"


def test_wanted_end_is_ready_and_an_invalid_spec_is_stalled() -> None:
    """An expiry is what the spec defines; an invalid spec is never applied."""
    assert described(expired()) == "Ready+Expired Synced+Expired Drifted-NoDrift"
    assert described(invalid("no")) == "Ready-InvalidSpec Stalled+InvalidSpec Synced-InvalidSpec"


@pytest.mark.parametrize(
    ("status", "observed", "applied"), [("True", 2, True), ("True", 1, False), ("False", 2, False)]
)
def test_generation_is_applied_by_the_condition_s_own_generation(status: str, observed: int, applied: bool) -> None:
    """The status's is that of the latest pass, also of one that failed."""
    ready = {"type": "Ready", "status": status, "observedGeneration": observed}
    assert is_applied({"observedGeneration": 2, "conditions": [ready]}, 2) is applied


def test_drift_is_reported_until_it_is_repaired() -> None:
    """With the fields, and with AWS's message if the repair fails."""
    update = Update(RULE, "arn", CHANGED)
    denied = conditions([Outcome(update, DENIED)], applied=True, drift=CHANGED)
    assert [(condition.reason, condition.message) for condition in denied[1:]] == [
        (Reason.DENIED, "no rights"),
        (Reason.DRIFT_DETECTED, "fixedRate: 0.1 -> 0.5"),
    ]
    done = conditions([Outcome(update)], drift=CHANGED)[2]
    assert (done.status, done.reason) == (False, Reason.DRIFT_REPAIRED)


def test_every_reason_has_a_meaning() -> None:
    """The table of the reference page is in the order of the enum."""
    assert list(MEANINGS) == list(Reason)
