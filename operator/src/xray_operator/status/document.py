"""The status as a Kubernetes document: built whole, written as a patch, and equal while nothing changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xray_model import Difference
from xray_operator.aws.objects import Statistics
from xray_operator.kubernetes.resource import PREVIOUS_FIELD, Resource, previous_text
from xray_operator.reasons import Reason
from xray_operator.status.conditions import Condition, renamed

LINT_MAX = 20
STATISTICS_AGE = timedelta(minutes=10)
_STATUS = {True: "True", False: "False", None: "Unknown"}
_PROGRESS = ("Reconciling", "Stalled")
_ORDER = ("Ready", *_PROGRESS, "Synced", "Drifted")


@dataclass(frozen=True, slots=True)
class Facts:
    """The parts of a status besides its conditions; `drift` None keeps the previous drift."""

    arn: str | None = None
    drift: Sequence[Difference] | None = ()
    lint: Sequence[str] = ()
    quota: str | None = None
    statistics: Statistics | None = None
    handled_token: str | None = None


def build(resource: Resource, found: Sequence[Condition], facts: Facts, now: datetime) -> dict[str, Any]:
    """Return the whole status; it equals the resource's if nothing has changed.

    Conditions that are not among `found` stay, but Reconciling and Stalled only until the next result. DriftRepaired
    stays until the spec changes or it drifts again.
    """
    previous = resource.status
    status: dict[str, Any] = {
        "observedGeneration": resource.generation,
        "name": resource.target[1],
        "conditions": _merged(previous.get("conditions") or [], found, resource.generation, now),
    }
    optional: dict[str, Any] = {
        "arn": facts.arn,
        PREVIOUS_FIELD: _before(resource),
        "drift": previous.get("drift") if facts.drift is None else _drift(facts.drift),
        "lint": list(facts.lint)[:LINT_MAX],
        "quota": facts.quota,
        "lastHandledReconcileAt": facts.handled_token,
    }
    optional["statistics"] = _statistics(previous.get("statistics") or {}, facts.statistics, now)
    return status | {key: value for key, value in optional.items() if value}


def patch(previous: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch from one status to the other; empty if they are equal."""
    changed = {key: value for key, value in status.items() if previous.get(key) != value}
    return changed | {key: None for key in previous if key not in status}


def _statistics(previous: Mapping[str, Any], current: Statistics | None, now: datetime) -> Mapping[str, Any] | None:
    """Return the previous counts for some time: they change with every read of AWS, and the metrics have them all."""
    read_at = previous.get("time")
    if read_at is not None and now - datetime.fromisoformat(read_at) < STATISTICS_AGE:
        return previous
    if current is None:
        return None
    counts = {"requests": current.requests, "sampled": current.sampled, "borrowed": current.borrowed}
    return {**counts, "time": _time(now)}


def _before(resource: Resource) -> str | None:
    """Return the value before the takeover: also that of an object whose annotation and finalizer were replaced."""
    if resource.claimed and resource.previous is not None:
        return previous_text(resource.previous)
    return resource.status.get(PREVIOUS_FIELD)


def _time(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def _drift(drift: Sequence[Difference]) -> list[dict[str, str]]:
    return [
        {
            "field": renamed(difference).field,
            "desired": _json(difference.desired),
            "actual": _json(difference.actual),
        }
        for difference in drift
    ]


def _json(value: object) -> str:
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, ensure_ascii=False)


def _merged(
    previous: Sequence[Mapping[str, Any]], found: Sequence[Condition], generation: int, now: datetime
) -> list[dict[str, Any]]:
    last_by_type = {condition.get("type"): condition for condition in previous}
    is_result = any(condition.type == "Synced" for condition in found)
    merged = {
        name: dict(condition) for name, condition in last_by_type.items() if not (is_result and name in _PROGRESS)
    }
    for condition in found:
        last = last_by_type.get(condition.type, {})
        if _keeps_repair(last, condition, generation):
            continue
        status = _STATUS[condition.status]
        same = last.get("status") == status
        merged[condition.type] = {
            "type": condition.type,
            "status": status,
            "reason": condition.reason.value,
            "message": condition.message,
            "observedGeneration": generation,
            "lastTransitionTime": last.get("lastTransitionTime") if same else _time(now),
        }
    return [merged[name] for name in _ORDER if name in merged]


def _keeps_repair(last: Mapping[str, Any], condition: Condition, generation: int) -> bool:
    return (
        last.get("reason") == Reason.DRIFT_REPAIRED
        and condition.reason is Reason.NO_DRIFT
        and last.get("observedGeneration") == generation
    )
