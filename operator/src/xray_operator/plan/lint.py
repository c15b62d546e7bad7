"""Warnings about valid rules that will not work as expected: ignored by the SDKs, shadowed, or of equal priority."""

from collections.abc import Sequence

from xray_model import SamplingRule, matches_pattern, sdk_ignores

_PATTERNS = ("service_name", "service_type", "host", "http_method", "url_path", "resource_arn")


def warnings(rules: Sequence[SamplingRule]) -> list[str]:
    """Return one line for each warning, in the order of evaluation."""
    return [f"rule {name!r} {warning}" for name, found in by_rule(rules).items() for warning in found]


def by_rule(rules: Sequence[SamplingRule]) -> dict[str, list[str]]:
    """Return the warnings by rule name, in the order of evaluation."""
    found: dict[str, list[str]] = {}
    evaluated: list[SamplingRule] = []
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.rule_name)):
        warnings = found.setdefault(rule.rule_name, [])
        reasons = sdk_ignores(rule)
        if reasons:
            warnings.append(f"is ignored by the SDKs: {', '.join(reasons)}")
            continue
        shadow = next((earlier for earlier in evaluated if covers(earlier, rule)), None)
        if shadow:
            warnings.append(f"never applies: {shadow.rule_name!r} is evaluated first and matches the same requests")
        for earlier in evaluated:
            if earlier.priority == rule.priority:
                found[earlier.rule_name].append(_same_priority(earlier, rule))
                warnings.append(_same_priority(rule, earlier))
        evaluated.append(rule)
    return {name: lines for name, lines in found.items() if lines}


def _same_priority(rule: SamplingRule, other: SamplingRule) -> str:
    return f"has the same priority {rule.priority} as {other.rule_name!r}; their names decide the order"


def covers(broad: SamplingRule, narrow: SamplingRule) -> bool:
    """Return whether every request that `narrow` matches is certainly matched by `broad`.

    A pattern with a wildcard counts as covered only by `*` or by itself: a missing warning is better than a wrong one.
    """
    return all(_covers(getattr(broad, name), getattr(narrow, name)) for name in _PATTERNS)


def _covers(broad: str, narrow: str) -> bool:
    if set(broad) == {"*"} or broad.lower() == narrow.lower():
        return True
    return not set(narrow) & {"*", "?"} and matches_pattern(broad, narrow)
