"""Which sampling rule decides about a request, why, and how many of such requests it keeps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from xray_local.page.sampling.described import DescribedRequest
from xray_model.matching import RequestProperties, Verdict, explain
from xray_model.sampling_rule import SamplingRule, sdk_ignores

PROPERTIES = {
    "http_method": "method",
    "host": "host",
    "url_path": "path",
    "service_name": "service",
    "service_type": "type",
    "resource_arn": "resource",
}
"""The properties of a rule in the order in which they are shown, with their labels."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that decides about a request; `rule` is None if there is no rule at all.

    `a_second` are the requests, `kept` those of them that are traced, both a second. `sdk_rule` is the rule by which
    the X-Ray SDKs decide, if it is another one, and `sdk_reasons` are why they ignore the one that decides.
    """

    request: str
    rule: str | None
    policy: str
    reason: str
    a_second: float
    kept: float
    sdk_rule: str | None
    sdk_reasons: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the requests that is kept, 0 to 1."""
        return self.kept / self.a_second if self.a_second else 0.0


def kept_a_second(rule: SamplingRule, requests: float) -> float:
    """Return how many of some requests a second a rule keeps: its reservoir, and its rate of the rest."""
    return min(requests, rule.reservoir_size) + rule.fixed_rate * max(0.0, requests - rule.reservoir_size)


def policy(rule: SamplingRule) -> str:
    """Return what a rule keeps, in words."""
    rate = f"{rule.fixed_rate * 100:.4g} %"
    if not rule.reservoir_size:
        return rate if rule.fixed_rate else "nothing"
    return f"{rule.reservoir_size:,} a second, then {rate if rule.fixed_rate else 'nothing'}"


def verdicts(rules: Sequence[SamplingRule], request: RequestProperties) -> tuple[Verdict, ...]:
    """Return what each rule says about a request, in the order of evaluation; rules that the SDKs ignore count."""
    return explain(rules, request, sdk=False)


def why(rule: SamplingRule, request: RequestProperties) -> str:
    """Return what of a request the rule that decides matched by."""
    matched, unknown = [], []
    for name, label in PROPERTIES.items():
        value, pattern = getattr(request, name), getattr(rule, name)
        if pattern != "*" and value:
            matched.append(f"{label} {value!r} matches {pattern!r}")
        elif pattern != "*":
            unknown.append(f"{label} is unknown, which {pattern!r} allows")
    pairs = [f"attribute {key!r} matches {pattern!r}" for key, pattern in rule.attributes.items()]
    return ", ".join([*matched, *pairs, *unknown]) or "it takes any request"


def decision(rules: Sequence[SamplingRule], request: DescribedRequest) -> Decision:
    """Return the decision about a request."""
    properties = request.properties
    found = verdicts(rules, properties)
    winner = next((verdict.rule for verdict in found if verdict.matched), None)
    by_sdk = next((verdict.rule for verdict in explain(rules, properties) if verdict.matched), None)
    return Decision(
        request=request.text,
        rule=winner.rule_name if winner else None,
        policy=policy(winner) if winner else "",
        reason=why(winner, properties) if winner else "",
        a_second=request.a_second,
        kept=kept_a_second(winner, request.a_second) if winner else 0.0,
        sdk_rule=by_sdk.rule_name if by_sdk and by_sdk is not winner else None,
        sdk_reasons=sdk_ignores(winner) if winner else (),
    )
