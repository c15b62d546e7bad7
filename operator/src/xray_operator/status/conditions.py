"""The conditions of a resource, computed from the outcomes of its actions. Pure; no times in messages.

Ready: the object exists in AWS and is the resource's own. Synced: it is as desired. Drifted: it was changed outside the
operator and still differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_model import Difference
from xray_operator.aws.errors import GatewayError
from xray_operator.plan.actions import Conflict, Create, Delete, Observe
from xray_operator.plan.apply import Outcome
from xray_operator.reasons import Reason


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition without its times; `status` is None for Unknown."""

    type: str
    status: bool | None
    reason: Reason
    message: str = ""


def conditions(outcomes: Sequence[Outcome], *, drift: Sequence[Difference] = ()) -> tuple[Condition, ...]:
    """Return Ready, Synced and Drifted for the outcomes of an object's actions.

    `drift` are the differences made outside the operator, which the outcomes repaired unless they failed.
    """
    return _ready(outcomes), _synced(outcomes), _drifted(outcomes, drift)


def expired() -> tuple[Condition, ...]:
    """Return the conditions of an expired object that was deleted or restored in AWS."""
    return (
        Condition("Ready", False, Reason.EXPIRED),
        Condition("Synced", True, Reason.EXPIRED),
        Condition("Drifted", False, Reason.NO_DRIFT),
    )


def invalid(problems: str) -> tuple[Condition, ...]:
    """Return the conditions of an invalid spec; Ready stays, since AWS may have an earlier version of the object."""
    return (Condition("Synced", False, Reason.INVALID_SPEC, problems),)


def failed(error: GatewayError, *, has_conditions: bool) -> tuple[Condition, ...]:
    """Return the conditions while AWS cannot be read or written; an earlier Ready stays."""
    synced = Condition("Synced", False, error.reason, error.message)
    return (synced,) if has_conditions else (Condition("Ready", None, Reason.UNKNOWN), synced)


def drift_detected(drift: Sequence[Difference]) -> Condition:
    """Return the condition of an object that was changed outside the operator."""
    return Condition("Drifted", True, Reason.DRIFT_DETECTED, describe(drift))


def remaining_drift(outcomes: Sequence[Outcome], drift: Sequence[Difference] = ()) -> tuple[Difference, ...]:
    """Return the differences that remain after the outcomes and are not due to a changed spec."""
    for outcome in outcomes:
        if isinstance(outcome.action, Observe):
            return outcome.action.differences
    return () if _error(outcomes) is None else tuple(drift)


def describe(differences: Sequence[Difference]) -> str:
    """Return differences as one line."""
    return ", ".join(map(str, differences))


def reason(status: Mapping[str, Any], condition_type: str) -> str | None:
    """Return the reason of a status's condition."""
    return next((found.get("reason") for found in _conditions(status) if found.get("type") == condition_type), None)


def has(status: Mapping[str, Any], condition_type: str) -> bool:
    """Return whether a condition of a status is True."""
    return any(found.get("type") == condition_type and found.get("status") == "True" for found in _conditions(status))


def _conditions(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return status.get("conditions") or ()


def _error(outcomes: Sequence[Outcome]) -> GatewayError | None:
    return next((outcome.error for outcome in outcomes if outcome.error is not None), None)


def _ready(outcomes: Sequence[Outcome]) -> Condition:
    for outcome in outcomes:
        match outcome.action:
            case Conflict(_, reason):
                return Condition("Ready", False, reason)
            case Create() if outcome.error is not None:
                return Condition("Ready", False, Reason.MISSING)
            case Observe(_, None):
                return Condition("Ready", False, Reason.MISSING)
            case Delete() if outcome.error is None:
                return Condition("Ready", False, Reason.MISSING)
            case _:
                pass
    return Condition("Ready", True, Reason.AVAILABLE)


def _synced(outcomes: Sequence[Outcome]) -> Condition:
    error = _error(outcomes)
    if error is not None:
        return Condition("Synced", False, error.reason, error.message)
    for outcome in outcomes:
        match outcome.action:
            case Conflict(_, reason, message):
                return Condition("Synced", False, reason, message)
            case Observe(_, arn, found, suspended):
                observed = Reason.SUSPENDED if suspended else Reason.OBSERVED
                return Condition("Synced", arn is not None and not found, observed)
            case _:
                pass
    return Condition("Synced", True, Reason.IN_SYNC)


def _drifted(outcomes: Sequence[Outcome], drift: Sequence[Difference]) -> Condition:
    remaining = remaining_drift(outcomes, drift)
    if remaining:
        return drift_detected(remaining)
    if drift:
        return Condition("Drifted", False, Reason.DRIFT_REPAIRED, describe(drift))
    return Condition("Drifted", False, Reason.NO_DRIFT)
