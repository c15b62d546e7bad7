"""Which sampling rule applies to a request, and why the others do not.

The semantics are the X-Ray SDK's (aws_xray_sdk, sampling_rule.py and search_pattern.py): `*` matches any text, `?` one
character, matching is case-insensitive, and a property that the request lacks matches anything.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from xray_model.sampling_rule import SamplingRule, sdk_ignores

_NO_ATTRIBUTES: Final[Mapping[str, object]] = MappingProxyType({})


class RequestProperties(NamedTuple):
    """The properties of a request that a sampler knows; None or empty means unknown, which matches anything.

    A value of `attributes` that is not a string matches as its JSON text: `true`, `5`.
    """

    service_name: str | None = None
    service_type: str | None = None
    host: str | None = None
    http_method: str | None = None
    url_path: str | None = None
    resource_arn: str | None = None
    attributes: Mapping[str, object] = _NO_ATTRIBUTES


class Verdict(NamedTuple):
    """Whether a rule applies to a request, and the reason."""

    rule: SamplingRule
    matched: bool
    reason: str


# The property's name in Python, in requests and rules alike, and in the API.
_PROPERTIES = (
    ("service_name", "ServiceName"),
    ("service_type", "ServiceType"),
    ("host", "Host"),
    ("http_method", "HTTPMethod"),
    ("url_path", "URLPath"),
    ("resource_arn", "ResourceARN"),
)


def matches_pattern(pattern: str, text: str) -> bool:
    """Return whether a pattern of `*` and `?` matches the whole text, ignoring case.

    Greedy with one backtracking point: at most len(pattern) * len(text) steps for any number of stars. As in the SDK, a
    literal match takes precedence over a wildcard, which matters only for texts that contain `*` or `?`.
    """
    if pattern == "*":
        return True
    at = here = 0
    star, resume = -1, 0
    while here < len(text):
        wanted = pattern[at] if at < len(pattern) else ""
        if wanted == "?" or (wanted and wanted.lower() == text[here].lower()):
            at += 1
            here += 1
        elif wanted == "*":
            star, resume = at, here
            at += 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def mismatch(rule: SamplingRule, request: RequestProperties) -> str | None:
    """Return the first reason why a rule does not match a request, or None if it matches."""
    for name, label in _PROPERTIES:
        value, pattern = getattr(request, name), getattr(rule, name)
        if value and not matches_pattern(pattern, value):
            return f"{label} {pattern!r} does not match {value!r}"
    return attribute_mismatch(rule, request)


def attribute_mismatch(rule: SamplingRule, request: RequestProperties) -> str | None:
    """Return the first attribute of a rule that a request lacks or does not match, or None if all match."""
    for key, pattern in rule.attributes.items():
        value = request.attributes.get(key)
        if value is None:
            return f"the request has no attribute {key!r}"
        if not matches_pattern(pattern, _text(value)):
            return f"attribute {key!r} {pattern!r} does not match {value!r}"
    return None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def ordered(rules: Iterable[SamplingRule]) -> list[SamplingRule]:
    """Return rules in the order of evaluation: by priority, then by name."""
    return sorted(rules, key=lambda rule: (rule.priority, rule.rule_name))


def explain(rules: Iterable[SamplingRule], request: RequestProperties, *, sdk: bool = True) -> tuple[Verdict, ...]:
    """Return each rule's verdict in the order of evaluation; at most one has matched.

    With `sdk`, the rules that the SDKs ignore do not match, for that reason.
    """
    verdicts: list[Verdict] = []
    won: SamplingRule | None = None
    for rule in ordered(rules):
        if won is not None:
            verdicts.append(Verdict(rule, matched=False, reason=f"comes after {won.rule_name!r}, which matches"))
            continue
        ignored = sdk_ignores(rule) if sdk else ()
        reason = f"the SDKs ignore it: {', '.join(ignored)}" if ignored else mismatch(rule, request)
        if reason is None:
            won, reason = rule, "every property matches"
        verdicts.append(Verdict(rule, matched=won is rule, reason=reason))
    return tuple(verdicts)


def winner(rules: Iterable[SamplingRule], request: RequestProperties, *, sdk: bool = True) -> SamplingRule | None:
    """Return the rule that applies to a request, if any."""
    return next((verdict.rule for verdict in explain(rules, request, sdk=sdk) if verdict.matched), None)
