"""Sampling rules as the page shows them: in the order of evaluation, with their counts and verdicts on a request.

`web` calls it. Pure, like `views`: the rules and their statistics come in the API's own shapes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from xray_local.page import formats
from xray_local.page.trace_list import Bar, share_percent
from xray_model.matching import RequestProperties, Verdict, explain
from xray_model.sampling_rule import SamplingRule

CONDITIONS = (
    ("Host", "host"),
    ("ServiceName", "service"),
    ("ServiceType", "type"),
    ("ResourceARN", "resource"),
)
"""Fields of a rule that are told only when they are not `*`, and their words."""

ASKED = ("method", "path", "host", "service")
"""What one may ask about a request: which rule decides about it."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One sampling rule with what its clients reported; `share` is sampled of matched, None without requests.

    `verdict` says what becomes of it for the request that was asked about, "" when none was.
    """

    place: int
    name: str
    priority: int
    request: str
    conditions: tuple[tuple[str, str], ...]
    rate: float
    rate_text: str
    reservoir: int
    matched: int
    sampled: int
    borrowed: int
    share: float | None
    share_text: str
    share_bar: Bar
    rate_mark: float
    decides: bool
    verdict: str


def verdicts(records: Iterable[Mapping[str, Any]], asked: Mapping[str, str]) -> dict[str, Verdict]:
    """Each rule's verdict on the request of the fields ASKED, by rule name; nothing when none is filled in."""
    known = {field: asked.get(field) or None for field in ASKED}
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
    told: Mapping[str, Verdict] = MappingProxyType({}),
) -> tuple[RuleLine, ...]:
    """SamplingRuleRecord shapes in the order in which X-Ray tries them, with the sums of the statistics."""
    counts = _rule_counts(statistics)
    rules = sorted(
        (record["SamplingRule"] for record in records), key=lambda rule: (rule["Priority"], rule["RuleName"])
    )
    return tuple(
        _rule_line(place, rule, counts.get(rule["RuleName"], (0, 0, 0)), told.get(rule["RuleName"]))
        for place, rule in enumerate(rules, 1)
    )


def _rule_counts(statistics: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, int, int]]:
    counts: dict[str, tuple[int, int, int]] = {}
    for summary in statistics:
        matched, sampled, borrowed = counts.get(summary["RuleName"], (0, 0, 0))
        counts[summary["RuleName"]] = (
            matched + int(summary.get("RequestCount") or 0),
            sampled + int(summary.get("SampledCount") or 0),
            borrowed + int(summary.get("BorrowCount") or 0),
        )
    return counts


def _rule_line(place: int, rule: Mapping[str, Any], counts: tuple[int, int, int], verdict: Verdict | None) -> RuleLine:
    matched, sampled, borrowed = counts
    share = sampled / matched if matched else None
    rate = float(rule["FixedRate"])
    conditions = [(word, str(rule[key])) for key, word in CONDITIONS if rule.get(key, "*") != "*"]
    conditions += [(str(key), str(text)) for key, text in (rule.get("Attributes") or {}).items()]
    return RuleLine(
        place=place,
        name=str(rule["RuleName"]),
        priority=int(rule["Priority"]),
        request=" ".join(str(rule[key]) for key in ("HTTPMethod", "URLPath") if rule.get(key, "*") != "*"),
        conditions=tuple(conditions),
        rate=rate,
        rate_text=formats.percent(rate),
        reservoir=int(rule["ReservoirSize"]),
        matched=matched,
        sampled=sampled,
        borrowed=borrowed,
        share=share,
        share_text="" if share is None else formats.percent(share),
        share_bar=Bar(0, share_percent(share or 0, 1)),
        rate_mark=round(rate * 100, 2),
        decides=verdict is not None and verdict.matched,
        verdict="" if verdict is None else verdict.reason,
    )
