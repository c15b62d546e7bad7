"""The conditions of an object from what became of it: pure, and with reasons from one closed list.

Ready: AWS has the object. Synced: it is as the manifest asks. Drifted: AWS differed when it was read.
"""

from dataclasses import dataclass
from enum import StrEnum

from xray_operator.errors import Reason
from xray_operator.plan import Adopt, Conflict, ConflictReason, Create, Delete, Update
from xray_operator.reconcile import Outcome


class ConditionReason(StrEnum):
    """Every reason that a condition can have."""

    AVAILABLE = "Available"
    MISSING = "Missing"
    IN_SYNC = "InSync"
    CREATED = "Created"
    UPDATED = "Updated"
    ADOPTED = "Adopted"
    DELETED = "Deleted"
    NO_DRIFT = "NoDrift"
    DRIFT_REPAIRED = "DriftRepaired"
    DRIFT_LEFT = "DriftLeft"
    FOREIGN_OWNER = "ForeignOwner"
    NOT_OWNED = "NotOwned"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    LIMIT_EXCEEDED = "LimitExceeded"
    INVALID = "Invalid"
    THROTTLED = "Throttled"
    DENIED = "Denied"
    UNREACHABLE = "Unreachable"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition in Kubernetes' form, without its times."""

    type: str
    status: bool
    reason: ConditionReason
    message: str = ""


def conditions(outcome: Outcome) -> tuple[Condition, ...]:
    """Give Ready, Synced and Drifted for what became of one action."""
    return _ready(outcome), _synced(outcome), _drifted(outcome)


def _ready(outcome: Outcome) -> Condition:
    action = outcome.action
    absent = isinstance(action, Create) and outcome.error is not None
    refused = isinstance(action, Conflict) and action.reason is ConflictReason.QUOTA_EXCEEDED
    gone = isinstance(action, Delete) and outcome.done
    there = not (absent or refused or gone)
    return Condition("Ready", there, ConditionReason.AVAILABLE if there else ConditionReason.MISSING)


def _synced(outcome: Outcome) -> Condition:
    if outcome.error is not None:
        return Condition("Synced", False, _error_reason(outcome.error.reason), outcome.error.message)
    match outcome.action:
        case Conflict(_, reason, message):
            return Condition("Synced", False, ConditionReason(reason.value), message)
        case Create():
            done = ConditionReason.CREATED
        case Update():
            done = ConditionReason.UPDATED
        case Adopt():
            done = ConditionReason.ADOPTED
        case Delete():
            done = ConditionReason.DELETED
        case _:
            done = ConditionReason.IN_SYNC
    return Condition("Synced", True, done)


def _error_reason(reason: Reason) -> ConditionReason:
    return ConditionReason(reason.value)


def _drifted(outcome: Outcome) -> Condition:
    action = outcome.action
    found = action.differences if isinstance(action, Update | Conflict) else ()
    if not found:
        return Condition("Drifted", False, ConditionReason.NO_DRIFT)
    fields = ", ".join(map(str, found))
    if outcome.done:
        return Condition("Drifted", False, ConditionReason.DRIFT_REPAIRED, fields)
    return Condition("Drifted", True, ConditionReason.DRIFT_LEFT, fields)
