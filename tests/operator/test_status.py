"""Conditions: Ready, Synced and Drifted for everything that can become of an action."""

import pytest

from xray_model import Difference, SamplingRule
from xray_operator.errors import GatewayError, Reason
from xray_operator.plan import Action, Adopt, Conflict, ConflictReason, Create, Delete, Keep, Update
from xray_operator.reconcile import Outcome
from xray_operator.status import ConditionReason, conditions

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = (Difference("FixedRate", 0.5, 0.1),)
DENIED = GatewayError(Reason.DENIED, "no rights")


@pytest.mark.parametrize(
    ("action", "error", "expected"),
    [
        (Create(RULE, {}), None, ["+Available", "+Created", "-NoDrift"]),
        (Create(RULE, {}), DENIED, ["-Missing", "-Denied", "-NoDrift"]),
        (Update(RULE, "arn", CHANGED), None, ["+Available", "+Updated", "-DriftRepaired"]),
        (Update(RULE, "arn", CHANGED), DENIED, ["+Available", "-Denied", "+DriftLeft"]),
        (Adopt(RULE, "arn", {}), None, ["+Available", "+Adopted", "-NoDrift"]),
        (Delete(RULE, "arn"), None, ["-Missing", "+Deleted", "-NoDrift"]),
        (Keep(RULE), None, ["+Available", "+InSync", "-NoDrift"]),
        (
            Conflict(RULE, ConflictReason.FOREIGN_OWNER, "theirs", CHANGED),
            None,
            ["+Available", "-ForeignOwner", "+DriftLeft"],
        ),
        (Conflict(RULE, ConflictReason.QUOTA_EXCEEDED, "full"), None, ["-Missing", "-QuotaExceeded", "-NoDrift"]),
    ],
)
def test_each_outcome_has_three_conditions(action: Action, error: GatewayError | None, expected: list[str]) -> None:
    """A plus is True, a minus False, then the reason."""
    found = conditions(Outcome(action, error))
    assert [condition.type for condition in found] == ["Ready", "Synced", "Drifted"]
    assert [f"{'+' if condition.status else '-'}{condition.reason}" for condition in found] == expected


def test_messages_say_what_differs_and_what_failed() -> None:
    """The fields, and the error's own words."""
    found = conditions(Outcome(Update(RULE, "arn", CHANGED), DENIED))
    assert [condition.message for condition in found] == ["", "no rights", "FixedRate: 0.1 -> 0.5"]


def test_every_reason_of_an_error_or_a_conflict_is_in_the_closed_list() -> None:
    """None can come that is not documented."""
    known = {reason.value for reason in ConditionReason}
    assert {reason.value for reason in Reason} <= known
    assert {reason.value for reason in ConflictReason} <= known
