"""Why a trace was recorded: the sampling rule that it names, and what of that the request matches. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from xray_local.page.trace.header import Sampled
from xray_model.matching import RequestProperties, explain
from xray_model.sampling_rule import SamplingRule

PROPERTIES = (
    ("HTTPMethod", "method"),
    ("Host", "host"),
    ("URLPath", "path"),
    ("ServiceName", "service"),
    ("ServiceType", "type"),
)
"""What a rule may require of a request, and its name in a sentence."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A sampling rule with the reason in words why it took the trace, or why it would not today."""

    rule: str
    because: str


def decision(sampled: Sampled, records: Iterable[Mapping[str, Any]]) -> Decision:
    """Return what the stored rules, as SamplingRuleRecord shapes, say about the request of a trace."""
    shapes = [record["SamplingRule"] for record in records]
    shape = next((shape for shape in shapes if shape["RuleName"] == sampled.rule), None)
    if shape is None:
        return Decision(sampled.rule, "no such rule is stored here")
    request = RequestProperties(
        service_name=sampled.service,
        service_type=sampled.type,
        host=sampled.host,
        http_method=sampled.method,
        url_path=sampled.path,
    )
    verdicts = explain((SamplingRule.from_api(shape) for shape in shapes), request)
    verdict = next(verdict for verdict in verdicts if verdict.rule.rule_name == sampled.rule)
    if not verdict.matched:
        return Decision(sampled.rule, f"by today's rules it would not: {verdict.reason}")
    required = [f"{word} {shape[key]}" for key, word in PROPERTIES if shape.get(key, "*") != "*"]
    required += [f"{key} {pattern}" for key, pattern in (shape.get("Attributes") or {}).items()]
    return Decision(sampled.rule, f"the first rule that matches {', '.join(required) or 'any request'}")
