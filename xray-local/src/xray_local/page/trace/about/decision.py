"""Why a trace was recorded: the sampling rule that it names, and what of that the request matches. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from xray_local.page.sampling.rules import conditions
from xray_local.page.trace.header import Sampled
from xray_model.matching import RequestProperties, explain
from xray_model.sampling_rule import SamplingRule


@dataclass(frozen=True, slots=True)
class Decision:
    """A sampling rule with the reason in words why it took the trace, or why it would not today."""

    rule: str
    because: str


def decision(sampled: Sampled, rules: Sequence[SamplingRule]) -> Decision:
    """Return what the stored rules say about the request of a trace."""
    if all(rule.rule_name != sampled.rule for rule in rules):
        return Decision(sampled.rule, "no such rule is stored here")
    request = RequestProperties(
        service_name=sampled.service,
        service_type=sampled.type,
        host=sampled.host,
        http_method=sampled.method,
        url_path=sampled.path,
    )
    verdict = next(verdict for verdict in explain(rules, request) if verdict.rule.rule_name == sampled.rule)
    if not verdict.matched:
        return Decision(sampled.rule, f"but not by today's rules: {verdict.reason}")
    required = map(" ".join, conditions(verdict.rule))
    return Decision(sampled.rule, f"the first rule that matches {', '.join(required) or 'any request'}")
