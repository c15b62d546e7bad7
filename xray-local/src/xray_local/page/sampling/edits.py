"""The edited rules: what of them is typed into the form, or pasted as JSON. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xray_model.errors import ModelError
from xray_model.sampling_rule import SamplingRule

PASTED_MAX = 6_000  # characters, so that the address of the page stays within what servers accept
NEW = "new"
"""The prefix of the fields of a rule that is added; those of a rule that there is have its name."""

_NEW_FIELDS = {
    "name": "RuleName",
    "service": "ServiceName",
    "type": "ServiceType",
    "host": "Host",
    "method": "HTTPMethod",
    "path": "URLPath",
}


@dataclass(frozen=True, slots=True)
class Edited:
    """The rules after the edits, and what is wrong with them, empty if nothing is."""

    rules: tuple[SamplingRule, ...]
    problem: str = ""


def edited(rules: Iterable[SamplingRule], query: Mapping[str, str]) -> Edited:
    """Return the rules with the edits of a query: other numbers, rules left out, one added; or pasted ones."""
    known = tuple(rules)
    try:
        pasted = query.get("rules", "").strip()
        if pasted:
            return Edited(_pasted(pasted, known))
        changed = [_changed(rule, query) for rule in known if not query.get(f"without.{rule.rule_name}")]
        added = _added(query)
        return Edited((*changed, *([added] if added else [])))
    except (ModelError, ValueError) as error:
        return Edited(known, str(error))


def _changed(rule: SamplingRule, query: Mapping[str, str]) -> SamplingRule:
    changes: dict[str, Any] = {
        "priority": _number(query, f"priority.{rule.rule_name}", int),
        "fixed_rate": _rate(query, f"rate.{rule.rule_name}"),
        "reservoir_size": _number(query, f"reservoir.{rule.rule_name}", int),
    }
    return replace(rule, **{name: value for name, value in changes.items() if value is not None})


def _added(query: Mapping[str, str]) -> SamplingRule | None:
    texts = {api: query.get(f"{NEW}.{name}", "").strip() for name, api in _NEW_FIELDS.items()}
    if not texts["RuleName"]:
        return None
    numbers = {
        "Priority": _number(query, f"{NEW}.priority", int) or 1,
        "FixedRate": _rate(query, f"{NEW}.rate") or 0.0,
        "ReservoirSize": _number(query, f"{NEW}.reservoir", int) or 0,
    }
    return SamplingRule.from_api({name: text for name, text in texts.items() if text} | numbers)


def _number(query: Mapping[str, str], name: str, kind: type[int] | type[float]) -> Any:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"{name}: {text!r}: expected a number") from error


def _rate(query: Mapping[str, str], name: str) -> float | None:
    """Return a rate, which is typed in percent, as a share."""
    percent = _number(query, name, float)
    return None if percent is None else round(percent / 100, 9)


def _pasted(text: str, known: tuple[SamplingRule, ...]) -> tuple[SamplingRule, ...]:
    """Return the rules in JSON: SamplingRule shapes, or what get-sampling-rules prints; Default stays without one."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the pasted rules are not valid JSON: {error}") from error
    items = content.get("SamplingRuleRecords", [content]) if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("the pasted rules: expected an array of SamplingRule objects")
    shapes = (item.get("SamplingRule", item) for item in items)
    found = {rule.rule_name: rule for rule in map(SamplingRule.from_api, shapes)}
    default = {rule.rule_name: rule for rule in known if rule.is_default}
    return tuple((default | found).values())
