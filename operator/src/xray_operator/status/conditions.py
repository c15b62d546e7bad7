"""The conditions of a resource, by kstatus' rules and computed from the outcomes of its actions. Pure.

Ready: AWS is as this generation of the spec requires, or was when AWS last answered; a wanted end (expired, suspended)
is Ready. Synced: AWS matches the spec now. Drifted: it was changed outside the operator and still differs. Reconciling
and Stalled exist only while they are True and Ready is False: the operator retries, or only a user can end it.
Messages contain no times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xray_model import Difference
from xray_operator.aws.errors import GatewayError
from xray_operator.manifests.kinds import FIELD_NAMES
from xray_operator.plan.actions import Conflict, Create, Delete, Observe, Replace
from xray_operator.plan.apply import Outcome
from xray_operator.reasons import Reason

# Problems that only an edit ends; time may end all others.
_STALLING = frozenset({Reason.INVALID_SPEC, Reason.INVALID, Reason.FOREIGN_OWNER, Reason.NOT_OWNED, Reason.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition without its times; `status` is None for Unknown."""

    type: str
    status: bool | None
    reason: Reason
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why AWS is not as the spec requires."""

    reason: Reason
    message: str
    stalls: bool


def conditions(
    outcomes: Sequence[Outcome], *, applied: bool = False, drift: Sequence[Difference] = ()
) -> tuple[Condition, ...]:
    """Return the conditions for the outcomes of an object's actions.

    `applied` says that AWS had this generation of the spec before: then a failed repair keeps Ready. `drift` are the
    differences made outside the operator, which the outcomes repaired unless they failed.
    """
    drifted, problem = _drifted(outcomes, drift), _problem(outcomes)
    if problem is None:
        return _ready(outcomes), _synced(outcomes), drifted
    if applied and not any(isinstance(outcome.action, Conflict | Create | Replace) for outcome in outcomes):
        ready = Condition("Ready", True, Reason.AVAILABLE)
        return ready, Condition("Synced", False, problem.reason, problem.message), drifted
    return (*_not_ready(problem), drifted)


def expired() -> tuple[Condition, ...]:
    """Return the conditions of an expired object that was deleted or restored in AWS."""
    return (
        Condition("Ready", True, Reason.EXPIRED),
        Condition("Synced", True, Reason.EXPIRED),
        Condition("Drifted", False, Reason.NO_DRIFT),
    )


def invalid(problems: str) -> tuple[Condition, ...]:
    """Return the conditions of an invalid spec; AWS may have an earlier version of the object."""
    return _not_ready(_Problem(Reason.INVALID_SPEC, problems, stalls=True))


def failed(error: GatewayError, *, applied: bool = False, deleting: bool = False) -> tuple[Condition, ...]:
    """Return the conditions while AWS cannot be read, or a deletion fails; Ready stays if AWS had this generation."""
    unknown = Condition("Synced", None, error.reason, error.message)
    if deleting:
        return Condition("Ready", False, Reason.DELETING, error.message), unknown
    return (unknown,) if applied else _not_ready(_Problem(error.reason, error.message, stalls=False))


def is_applied(status: Mapping[str, Any], generation: int) -> bool:
    """Return whether a status says that AWS had this generation of the spec."""
    return _is_true(status, "Ready", generation)


def is_drifted(status: Mapping[str, Any], generation: int) -> bool:
    """Return whether a status says that AWS was changed outside the operator after it had this generation."""
    return _is_true(status, "Drifted", generation)


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
    """Return differences as one line, with the spec's field names."""
    return ", ".join(str(renamed(difference)) for difference in differences)


def renamed(difference: Difference) -> Difference:
    """Return a difference with the spec's name of its field instead of AWS's."""
    return replace(difference, field=FIELD_NAMES.get(difference.field, difference.field))


def reason(status: Mapping[str, Any], condition_type: str) -> str | None:
    """Return the reason of a status's condition."""
    return next((found.get("reason") for found in _conditions(status) if found.get("type") == condition_type), None)


def has(status: Mapping[str, Any], condition_type: str) -> bool:
    """Return whether a condition of a status is True."""
    return any(found.get("type") == condition_type and found.get("status") == "True" for found in _conditions(status))


def _is_true(status: Mapping[str, Any], condition_type: str, generation: int) -> bool:
    return has(status, condition_type) and any(
        found.get("type") == condition_type and found.get("observedGeneration") == generation
        for found in _conditions(status)
    )


def _conditions(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return status.get("conditions") or ()


def _error(outcomes: Sequence[Outcome]) -> GatewayError | None:
    return next((outcome.error for outcome in outcomes if outcome.error is not None), None)


def _problem(outcomes: Sequence[Outcome]) -> _Problem | None:
    error = _error(outcomes)
    if error is not None:
        return _Problem(error.reason, error.message, stalls=error.reason in _STALLING)
    conflicts = (outcome.action for outcome in outcomes if isinstance(outcome.action, Conflict))
    for conflict in conflicts:
        stalls = conflict.reason in _STALLING and not conflict.passing
        return _Problem(conflict.reason, conflict.message, stalls)
    return None


def _not_ready(problem: _Problem) -> tuple[Condition, ...]:
    reason, message = problem.reason, problem.message
    progress = "Stalled" if problem.stalls else "Reconciling"
    return (
        Condition("Ready", False, reason, message),
        Condition(progress, True, reason, message),
        Condition("Synced", False, reason, message),
    )


def _ready(outcomes: Sequence[Outcome]) -> Condition:
    for outcome in outcomes:
        match outcome.action:
            case Observe(suspended=True):
                return Condition("Ready", True, Reason.SUSPENDED)
            case Observe(arn=None):
                return Condition("Ready", False, Reason.MISSING, "not found in AWS")
            case Delete():
                return Condition("Ready", False, Reason.MISSING)
            case _:
                pass
    return Condition("Ready", True, Reason.AVAILABLE)


def _synced(outcomes: Sequence[Outcome]) -> Condition:
    for outcome in outcomes:
        match outcome.action:
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
