"""Conditions: Ready, Synced and Drifted for each outcome of an action."""

import pytest

from xray_model import Difference, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.plan.actions import Action, Adopt, Conflict, Create, Delete, Keep, Observe, Update
from xray_operator.plan.apply import Outcome
from xray_operator.reasons import MEANINGS, Reason
from xray_operator.status.conditions import conditions

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
CHANGED = (Difference("FixedRate", 0.5, 0.1),)
DENIED = GatewayError(Reason.DENIED, "no rights")


@pytest.mark.parametrize(
    ("action", "error", "expected"),
    [
        (Create(RULE, {}), None, ["+Available", "+InSync", "-NoDrift"]),
        (Create(RULE, {}), DENIED, ["-Missing", "-Denied", "-NoDrift"]),
        (Update(RULE, "arn", CHANGED), None, ["+Available", "+InSync", "-NoDrift"]),
        (Update(RULE, "arn", CHANGED), DENIED, ["+Available", "-Denied", "-NoDrift"]),
        (Adopt(RULE, "arn", {}), None, ["+Available", "+InSync", "-NoDrift"]),
        (Delete(RULE, "arn"), None, ["-Missing", "+InSync", "-NoDrift"]),
        (Keep(RULE), None, ["+Available", "+InSync", "-NoDrift"]),
        (Observe(RULE, "arn", ()), None, ["+Available", "+Observed", "-NoDrift"]),
        (Observe(RULE, "arn", CHANGED), None, ["+Available", "-Observed", "+DriftDetected"]),
        (Observe(RULE, None, ()), None, ["-Missing", "-Observed", "-NoDrift"]),
        (Observe(RULE, "arn", (), suspended=True), None, ["+Available", "+Suspended", "-NoDrift"]),
        (
            Conflict(RULE, Reason.FOREIGN_OWNER, "theirs", CHANGED),
            None,
            ["-ForeignOwner", "-ForeignOwner", "-NoDrift"],
        ),
        (Conflict(RULE, Reason.QUOTA_EXCEEDED, "full"), None, ["-QuotaExceeded", "-QuotaExceeded", "-NoDrift"]),
    ],
)
def test_each_outcome_has_three_conditions(action: Action, error: GatewayError | None, expected: list[str]) -> None:
    """A plus is True, a minus False, then the reason."""
    found = conditions([Outcome(action, error)])
    assert [condition.type for condition in found] == ["Ready", "Synced", "Drifted"]
    assert [f"{'+' if condition.status else '-'}{condition.reason}" for condition in found] == expected


def test_drift_is_reported_until_it_is_repaired() -> None:
    """With the fields, and with AWS's message if the repair fails."""
    update = Update(RULE, "arn", CHANGED)
    failed = conditions([Outcome(update, DENIED)], drift=CHANGED)
    assert [(condition.reason, condition.message) for condition in failed[1:]] == [
        (Reason.DENIED, "no rights"),
        (Reason.DRIFT_DETECTED, "FixedRate: 0.1 -> 0.5"),
    ]
    done = conditions([Outcome(update)], drift=CHANGED)[2]
    assert (done.status, done.reason) == (False, Reason.DRIFT_REPAIRED)


def test_every_reason_has_a_meaning() -> None:
    """The table of the reference page is in the order of the enum."""
    assert list(MEANINGS) == list(Reason)
