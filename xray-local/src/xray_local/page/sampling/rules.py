"""The sampling rules in the order of evaluation, with their counts and their verdicts on a request. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from xray_local.state.sampling.reservoirs import Counts
from xray_model.matching import RequestProperties, Verdict, explain
from xray_model.sampling_rule import SamplingRule

CONDITIONS = (
    ("Host", "host"),
    ("ServiceName", "service"),
    ("ServiceType", "type"),
    ("ResourceARN", "resource"),
)
"""Fields of a rule that are shown unless they are `*`, and their labels."""

REQUEST_FIELDS = ("method", "path", "host", "service")
"""The fields of the form that describes a request."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One sampling rule with the counts that its clients reported.

    `share` is sampled divided by matched, None without requests. `verdict` explains the rule's part in the decision
    about the request in the form, empty without one.
    """

    place: int
    name: str
    priority: int
    request: str
    conditions: tuple[tuple[str, str], ...]
    rate: float
    reservoir: int
    matched: int
    sampled: int
    borrowed: int
    share: float | None
    decides: bool
    verdict: str


def verdicts(records: Iterable[Mapping[str, Any]], fields: Mapping[str, str]) -> dict[str, Verdict]:
    """Return each rule's verdict on a request by rule name; none if all REQUEST_FIELDS are empty."""
    known = {field: fields.get(field) or None for field in REQUEST_FIELDS}
    if not any(known.values()):
        return {}
    request = RequestProperties(
        http_method=known["method"], url_path=known["path"], host=known["host"], service_name=known["service"]
    )
    rules = [SamplingRule.from_api(record["SamplingRule"]) for record in records]
    return {verdict.rule.rule_name: verdict for verdict in explain(rules, request)}


def rule_lines(
    records: Iterable[Mapping[str, Any]],
    statistics: Iterable[Mapping[str, Any]],
    found: Mapping[str, Verdict] = MappingProxyType({}),
) -> tuple[RuleLine, ...]:
    """Return the lines of SamplingRuleRecord shapes in the order of evaluation, with the sums of the statistics."""
    counts = _counts(statistics)
    rules = sorted(
        (record["SamplingRule"] for record in records), key=lambda rule: (rule["Priority"], rule["RuleName"])
    )
    return tuple(
        _rule_line(place, rule, counts.get(rule["RuleName"], Counts()), found.get(rule["RuleName"]))
        for place, rule in enumerate(rules, 1)
    )


def _counts(statistics: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    counts: dict[str, Counts] = {}
    for summary in statistics:
        window = Counts(*(int(summary.get(f"{name}Count") or 0) for name in ("Request", "Sampled", "Borrow")))
        counts[summary["RuleName"]] = counts.get(summary["RuleName"], Counts()) + window
    return counts


def _rule_line(place: int, rule: Mapping[str, Any], counts: Counts, verdict: Verdict | None) -> RuleLine:
    conditions = [(label, str(rule[key])) for key, label in CONDITIONS if rule.get(key, "*") != "*"]
    conditions += [(str(key), str(text)) for key, text in (rule.get("Attributes") or {}).items()]
    return RuleLine(
        place=place,
        name=str(rule["RuleName"]),
        priority=int(rule["Priority"]),
        request=" ".join(str(rule[key]) for key in ("HTTPMethod", "URLPath") if rule.get(key, "*") != "*"),
        conditions=tuple(conditions),
        rate=float(rule["FixedRate"]),
        reservoir=int(rule["ReservoirSize"]),
        matched=counts.requests,
        sampled=counts.sampled,
        borrowed=counts.borrowed,
        share=counts.sampled / counts.requests if counts.requests else None,
        decides=verdict is not None and verdict.matched,
        verdict="" if verdict is None else verdict.reason,
    )
