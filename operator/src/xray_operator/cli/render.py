"""Renders actions, outcomes and verdicts: aligned lines for a terminal, plain data for `-o json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from xray_model import Verdict
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, kind_of, name_of
from xray_operator.manifests.export import spec_of
from xray_operator.manifests.kinds import KINDS
from xray_operator.plan.actions import (
    Action,
    Adopt,
    Conflict,
    Create,
    Delete,
    Keep,
    KeepReason,
    Observe,
    Release,
    Replace,
    Restore,
    Update,
)
from xray_operator.plan.apply import Outcome
from xray_operator.status import conditions

_MARKS: dict[type, tuple[str, str]] = {
    Create: ("+", "create"),
    Update: ("~", "update"),
    Adopt: (">", "adopt"),
    Replace: ("±", "replace"),
    Delete: ("-", "delete"),
    Restore: ("<", "restore"),
    Release: (">", "release"),
    Observe: ("?", "observe"),
    Keep: ("=", "keep"),
    Conflict: ("!", "conflict"),
}
_NOTES = {
    KeepReason.IN_SYNC: "",
    KeepReason.EXPIRED: "expired",
    KeepReason.NOT_OWNED: "without our owner tag",
    KeepReason.UNOWNED: "without an owner tag; adoptionPolicy: IfUnowned would take it over",
}


def planned_lines(action: Action, warnings: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a planned action's lines: the action, a new object's values, and warnings about its rule."""
    line = action_line(action)
    if isinstance(action, Create):
        line += "  " + ", ".join(f"{name}: {_text(value)}" for name, value in _values(action).items())
    return [line, *(f"  warning: {name_of(action.value)!r} {text}" for text in _warnings(action, warnings))]


def planned_data(action: Action, warnings: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a planned action as data."""
    data = action_data(action)
    if isinstance(action, Create):
        data["spec"] = _values(action)
    found = _warnings(action, warnings)
    return {**data, "warnings": list(found)} if found else data


def _values(action: Create) -> dict[str, Any]:
    """Return a new object's fields without those at their default."""
    name_field = KINDS[kind_of(action.value)].name_field.name
    return {name: value for name, value in spec_of(action.value).items() if name != name_field}


def _warnings(action: Action, warnings: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if kind_of(action.value) != "rule" or isinstance(action, Delete):
        return ()
    return warnings.get(name_of(action.value), ())


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def action_line(action: Action) -> str:
    """Return an action's line: a mark, the kind, the name, and the differences."""
    mark, _ = _MARKS[type(action)]
    details = _details(action)
    line = f"{mark} {kind_of(action.value):5} {name_of(action.value)}"
    return f"{line}  {details}" if details else line


def _details(action: Action) -> str:
    match action:
        case Observe(_, None):
            return "not found in AWS"
        case Update() | Replace() | Restore() | Observe():
            return conditions.describe(action.differences)
        case Conflict(_, reason, message, differences):
            suffix = f" ({conditions.describe(differences)})" if differences else ""
            return f"{reason}: {message}{suffix}"
        case Adopt(_, _, tags):
            return f"owner: {tags[OWNER_TAG]}, deletion policy: {tags[DELETION_TAG]}"
        case Keep(_, reason):
            return _NOTES[reason]
        case _:
            return ""


def action_data(action: Action) -> dict[str, Any]:
    """Return an action as data."""
    data: dict[str, Any] = {
        "action": _MARKS[type(action)][1],
        "kind": kind_of(action.value),
        "name": name_of(action.value),
    }
    if isinstance(action, Update | Replace | Restore | Observe | Conflict):
        data["differences"] = [asdict(conditions.renamed(difference)) for difference in action.differences]
    if isinstance(action, Conflict):
        data |= {"reason": action.reason.value, "message": action.message}
    if isinstance(action, Keep) and _NOTES[action.reason]:
        data["note"] = _NOTES[action.reason]
    return data


def outcome_line(outcome: Outcome) -> str:
    """Return an outcome's line: the action's, and the error if there was one."""
    line = action_line(outcome.action)
    return line if outcome.error is None else f"{line}  FAILED: {outcome.error.message}"


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as data, with its conditions."""
    data = action_data(outcome.action)
    if outcome.error is not None:
        data["error"] = {"reason": outcome.error.reason.value, "message": outcome.error.message}
    return data | {"conditions": [asdict(condition) for condition in conditions.conditions([outcome])]}


def summary(outcomes: Sequence[Outcome]) -> str:
    """Count the outcomes."""
    done = [outcome.action for outcome in outcomes if outcome.done]
    words = (
        ("created", Create),
        ("updated", Update | Replace | Restore),
        ("adopted", Adopt),
        ("deleted", Delete),
        ("released", Release),
        ("unchanged", Keep),
        ("observed", Observe),
    )
    counts = [f"{count} {word}" for word, kind in words if (count := sum(isinstance(action, kind) for action in done))]
    failed = sum(not outcome.done for outcome in outcomes)
    return ", ".join([*counts, *([f"{failed} not done"] if failed else [])]) or "nothing to do"


def verdict_line(verdict: Verdict) -> str:
    """Return a rule's line in `explain`."""
    rule = verdict.rule
    mark = "*" if verdict.matched else " "
    share = f"{rule.reservoir_size}/s then {rule.fixed_rate:.4g}"
    return f"{mark} {rule.priority:5} {rule.rule_name:32} {share:18} {verdict.reason}"


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as data."""
    return {"rule": verdict.rule.to_api(), "matched": verdict.matched, "reason": verdict.reason}
