"""An object's status from what became of it: pure, with reasons from one closed list and no times in messages.

Ready: AWS has the object, and it is the one that is asked for. Synced: it is as asked. Drifted: AWS was changed by
somebody else, and differs. Called by `controller` and, for `-o json`, by the command line.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from xray_model import Difference
from xray_operator.errors import GatewayError
from xray_operator.plan import Conflict, Create, Delete, Observe
from xray_operator.ports import Statistics
from xray_operator.reconcile import Outcome
from xray_operator.resource import FIELD_NAMES, Resource

LINT_MAX = 20


class ConditionReason(StrEnum):
    """Every reason that a condition can have."""

    AVAILABLE = "Available"
    MISSING = "Missing"
    EXPIRED = "Expired"
    UNKNOWN = "Unknown"
    IN_SYNC = "InSync"
    OBSERVED = "Observed"
    SUSPENDED = "Suspended"
    NO_DRIFT = "NoDrift"
    DRIFT_DETECTED = "DriftDetected"
    DRIFT_REPAIRED = "DriftRepaired"
    FOREIGN_OWNER = "ForeignOwner"
    NOT_OWNED = "NotOwned"
    DUPLICATE = "Duplicate"
    QUOTA_EXCEEDED = "QuotaExceeded"
    INVALID_SPEC = "InvalidSpec"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    LIMIT_EXCEEDED = "LimitExceeded"
    INVALID = "Invalid"
    THROTTLED = "Throttled"
    DENIED = "Denied"
    UNREACHABLE = "Unreachable"


# What each reason means; the documents' table and the reasons themselves are one list.
MEANINGS: Mapping[ConditionReason, tuple[str, str]] = {
    ConditionReason.AVAILABLE: ("Ready", "AWS has the object"),
    ConditionReason.MISSING: ("Ready", "AWS does not have the object"),
    ConditionReason.EXPIRED: ("Ready, Synced", "expiresAt has passed: the object is gone, or is what it was before"),
    ConditionReason.UNKNOWN: ("Ready", "AWS could not be asked yet"),
    ConditionReason.IN_SYNC: ("Synced", "AWS is as the spec asks"),
    ConditionReason.OBSERVED: ("Synced", "managementPolicy is Observe: nothing is written"),
    ConditionReason.SUSPENDED: ("Synced", "suspend is true: nothing is written"),
    ConditionReason.NO_DRIFT: ("Drifted", "AWS does not differ"),
    ConditionReason.DRIFT_DETECTED: ("Drifted", "somebody changed AWS; status.drift has the fields"),
    ConditionReason.DRIFT_REPAIRED: ("Drifted", "AWS had been changed and was put right; the message has the fields"),
    ConditionReason.FOREIGN_OWNER: ("Ready, Synced", "the object in AWS carries another owner's tag"),
    ConditionReason.NOT_OWNED: ("Ready, Synced", "an object of this name is there and carries no owner tag"),
    ConditionReason.DUPLICATE: ("Ready, Synced", "another resource asks for the same object"),
    ConditionReason.QUOTA_EXCEEDED: ("Ready, Synced", "AWS's quota is used up; AWS was not asked"),
    ConditionReason.INVALID_SPEC: ("Synced", "the spec cannot be used; the message names field and column"),
    ConditionReason.NOT_FOUND: ("Synced", "AWS says that the object is not there; it is read again and made"),
    ConditionReason.ALREADY_EXISTS: ("Synced", "AWS says that the name is taken; it is read again and decided anew"),
    ConditionReason.LIMIT_EXCEEDED: ("Synced", "AWS says that a quota is used up"),
    ConditionReason.INVALID: ("Synced", "AWS refuses the request; the message has its words"),
    ConditionReason.THROTTLED: ("Synced", "AWS throttles; tried again, more and more slowly"),
    ConditionReason.DENIED: ("Synced", "the credentials are missing, wrong, expired, or not allowed to do this"),
    ConditionReason.UNREACHABLE: ("Synced", "AWS does not answer, or answers with a server error"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition in Kubernetes' form, without its times; `status` is None for Unknown."""

    type: str
    status: bool | None
    reason: ConditionReason
    message: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the status tells beside the object itself."""

    lint: Sequence[str] = ()
    quota: str | None = None
    statistics: Statistics | None = None
    handled_token: str | None = None


def conditions(outcomes: Sequence[Outcome], *, drifted: Sequence[Difference] = ()) -> tuple[Condition, ...]:
    """Give Ready, Synced and Drifted for what became of an object's actions.

    `drifted` are the differences that were somebody else's doing, which the outcomes repaired unless they failed.
    """
    return _ready(outcomes), _synced(outcomes), _drifted(outcomes, drifted)


def expired() -> tuple[Condition, ...]:
    """Give the conditions of an object whose time is over and that has gone, or gone back, in AWS."""
    return (
        Condition("Ready", False, ConditionReason.EXPIRED),
        Condition("Synced", True, ConditionReason.EXPIRED),
        Condition("Drifted", False, ConditionReason.NO_DRIFT),
    )


def invalid(problems: str) -> tuple[Condition, ...]:
    """Give the conditions of a spec that cannot be used; whether AWS has something older is left as it was."""
    return (Condition("Synced", False, ConditionReason.INVALID_SPEC, problems),)


def failed(error: GatewayError, *, known: bool) -> tuple[Condition, ...]:
    """Give the conditions while AWS cannot be asked; `known` tells that an earlier Ready stands."""
    synced = Condition("Synced", False, ConditionReason(error.reason.value), error.message)
    return (synced,) if known else (Condition("Ready", None, ConditionReason.UNKNOWN), synced)


def _drift(found: Sequence[Difference], names: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"field": names.get(one.field, one.field), "desired": _json(one.desired), "actual": _json(one.actual)}
        for one in found
    ]


def differing(outcomes: Sequence[Outcome], drifted: Sequence[Difference] = ()) -> tuple[Difference, ...]:
    """Give the differences that stay after the outcomes, as far as they are not of our own making."""
    for outcome in outcomes:
        if isinstance(outcome.action, Observe):
            return outcome.action.differences
    return () if _error(outcomes) is None else tuple(drifted)


def _json(value: object) -> str:
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, ensure_ascii=False)


def _error(outcomes: Sequence[Outcome]) -> GatewayError | None:
    return next((outcome.error for outcome in outcomes if outcome.error is not None), None)


def _ready(outcomes: Sequence[Outcome]) -> Condition:
    for outcome in outcomes:
        match outcome.action:
            case Conflict(_, reason):
                return Condition("Ready", False, ConditionReason(reason.value))
            case Create() if outcome.error is not None:
                return Condition("Ready", False, ConditionReason.MISSING)
            case Observe(_, None):
                return Condition("Ready", False, ConditionReason.MISSING)
            case Delete() if outcome.error is None:
                return Condition("Ready", False, ConditionReason.MISSING)
            case _:
                pass
    return Condition("Ready", True, ConditionReason.AVAILABLE)


def _synced(outcomes: Sequence[Outcome]) -> Condition:
    error = _error(outcomes)
    if error is not None:
        return Condition("Synced", False, ConditionReason(error.reason.value), error.message)
    for outcome in outcomes:
        match outcome.action:
            case Conflict(_, reason, message):
                return Condition("Synced", False, ConditionReason(reason.value), message)
            case Observe(_, arn, found, suspended):
                why = ConditionReason.SUSPENDED if suspended else ConditionReason.OBSERVED
                return Condition("Synced", arn is not None and not found, why)
            case _:
                pass
    return Condition("Synced", True, ConditionReason.IN_SYNC)


def _drifted(outcomes: Sequence[Outcome], drifted: Sequence[Difference]) -> Condition:
    left = differing(outcomes, drifted)
    if left:
        return Condition("Drifted", True, ConditionReason.DRIFT_DETECTED, _told(left))
    if drifted:
        return Condition("Drifted", False, ConditionReason.DRIFT_REPAIRED, _told(drifted))
    return Condition("Drifted", False, ConditionReason.NO_DRIFT)


def _told(found: Sequence[Difference]) -> str:
    return ", ".join(map(str, found))


def build(
    resource: Resource,
    found: Sequence[Condition],
    surroundings: Surroundings,
    *,
    arn: str | None,
    left: Sequence[Difference] | None,
    now: datetime,
) -> dict[str, Any]:
    """Give the whole status; it equals the resource's when nothing has changed, so that nothing needs to be written.

    `left` are the differences that stay; None leaves what is told of them. A condition that is not among `found`
    stays. A repaired drift is told until the spec changes or it drifts again.
    """
    status: dict[str, Any] = {
        "observedGeneration": resource.generation,
        "name": resource.target[1],
        "conditions": _merged(resource.status.get("conditions") or [], found, resource.generation, now),
    }
    optional: dict[str, Any] = {
        "arn": arn,
        "drift": resource.status.get("drift") if left is None else _drift(left, FIELD_NAMES[resource.key.kind]),
        "lint": list(surroundings.lint)[:LINT_MAX],
        "quota": surroundings.quota,
        "lastHandledReconcileAt": surroundings.handled_token,
    }
    if surroundings.statistics is not None:
        one = surroundings.statistics
        optional["statistics"] = {"requests": one.requests, "sampled": one.sampled, "borrowed": one.borrowed}
    return status | {key: value for key, value in optional.items() if value}


def patch(previous: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """Give the JSON merge patch from one status to the other; empty when they are the same."""
    changed = {key: value for key, value in status.items() if previous.get(key) != value}
    return changed | {key: None for key in previous if key not in status}


def _merged(
    previous: Sequence[Mapping[str, Any]], found: Sequence[Condition], generation: int, now: datetime
) -> list[dict[str, Any]]:
    held = {one.get("type"): one for one in previous}
    merged = {kind: dict(one) for kind, one in held.items()}
    for condition in found:
        last = held.get(condition.type, {})
        if _still_tells_of_the_repair(last, condition, generation):
            continue
        status = {True: "True", False: "False", None: "Unknown"}[condition.status]
        same = last.get("status") == status
        merged[condition.type] = {
            "type": condition.type,
            "status": status,
            "reason": condition.reason.value,
            "message": condition.message,
            "observedGeneration": generation,
            "lastTransitionTime": last.get("lastTransitionTime") if same else f"{now:%Y-%m-%dT%H:%M:%SZ}",
        }
    return [merged[kind] for kind in ("Ready", "Synced", "Drifted") if kind in merged]


def _still_tells_of_the_repair(last: Mapping[str, Any], now: Condition, generation: int) -> bool:
    return (
        last.get("reason") == ConditionReason.DRIFT_REPAIRED
        and now.reason is ConditionReason.NO_DRIFT
        and last.get("observedGeneration") == generation
    )


def reason(previous: Mapping[str, Any], kind: str) -> str | None:
    """Give the reason of a status's condition of a type."""
    return next((one.get("reason") for one in previous.get("conditions") or [] if one.get("type") == kind), None)


def has(previous: Mapping[str, Any], kind: str, *, status: str = "True") -> bool:
    """Tell whether a status has a condition of a type in a state."""
    return any(one.get("type") == kind and one.get("status") == status for one in previous.get("conditions") or [])
