"""What is legal and yet will surprise: rules that the SDKs drop, that never win, or whose order is a matter of names.

Pure; called by `explain`.
"""

from collections.abc import Sequence

from xray_model import SamplingRule, matches_pattern, sdk_ignores

_PATTERNS = ("service_name", "service_type", "host", "http_method", "url_path", "resource_arn")


def warnings(rules: Sequence[SamplingRule]) -> list[str]:
    """Give one line for each surprise, in the order of evaluation."""
    found: list[str] = []
    used: list[SamplingRule] = []
    for rule in sorted(rules, key=lambda one: (one.priority, one.rule_name)):
        name = repr(rule.rule_name)
        reasons = sdk_ignores(rule)
        if reasons:
            found.append(f"rule {name} is ignored by the SDKs: {', '.join(reasons)}")
            continue
        shadow = next((one for one in used if covers(one, rule)), None)
        if shadow:
            found.append(f"rule {name} never wins: {shadow.rule_name!r} comes first and matches all that it does")
        found += [
            f"rules {one.rule_name!r} and {name} have priority {rule.priority}; the names decide their order"
            for one in used
            if one.priority == rule.priority
        ]
        used.append(rule)
    return found


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
