"""What is legal and yet will surprise: rules that the SDKs drop, that never win, or whose order is a matter of names.

Pure; called by `explain` and, for the status, by `region`.
"""

from collections.abc import Sequence

from xray_model import SamplingRule, matches_pattern, sdk_ignores

_PATTERNS = ("service_name", "service_type", "host", "http_method", "url_path", "resource_arn")


def warnings(rules: Sequence[SamplingRule]) -> list[str]:
    """Give one line for each surprise, in the order of evaluation."""
    return [f"rule {name!r} {one}" for name, found in by_rule(rules).items() for one in found]


def by_rule(rules: Sequence[SamplingRule]) -> dict[str, list[str]]:
    """Give each rule's surprises, in the order of evaluation."""
    found: dict[str, list[str]] = {}
    used: list[SamplingRule] = []
    for rule in sorted(rules, key=lambda one: (one.priority, one.rule_name)):
        mine = found.setdefault(rule.rule_name, [])
        reasons = sdk_ignores(rule)
        if reasons:
            mine.append(f"is ignored by the SDKs: {', '.join(reasons)}")
            continue
        shadow = next((one for one in used if covers(one, rule)), None)
        if shadow:
            mine.append(f"never wins: {shadow.rule_name!r} comes first and matches all that it does")
        for one in used:
            if one.priority == rule.priority:
                found[one.rule_name].append(_same_priority(one, rule))
                mine.append(_same_priority(rule, one))
        used.append(rule)
    return {name: told for name, told in found.items() if told}


def _same_priority(rule: SamplingRule, other: SamplingRule) -> str:
    return f"has priority {rule.priority} like {other.rule_name!r}; the names decide their order"


def covers(broad: SamplingRule, narrow: SamplingRule) -> bool:
    """Tell whether every request of `narrow` is surely one of `broad`.

    A pattern with a wildcard is taken as covered only by `*` or by itself; saying nothing is better than a wrong
    warning.
    """
    return all(_covers(getattr(broad, name), getattr(narrow, name)) for name in _PATTERNS)


def _covers(broad: str, narrow: str) -> bool:
    if set(broad) == {"*"} or broad.lower() == narrow.lower():
        return True
    return not set(narrow) & {"*", "?"} and matches_pattern(broad, narrow)
