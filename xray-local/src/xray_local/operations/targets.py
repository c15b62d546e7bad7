"""GetSamplingTargets and GetSamplingStatisticSummaries: what the SDKs report, and what they may do next."""

from typing import Any

from xray_local.operations import paging, rules
from xray_local.sampling import KEPT_SECONDS, STALE_SECONDS, Statistics
from xray_local.service import Service

PAGE = 1000


def get_sampling_targets(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Count each report and answer its client's part of the rule's reservoir."""
    now = service.clock()
    known = {rule.rule_name: rule for rule in rules.all_rules(service)}
    targets, unprocessed = [], []
    for document in request["SamplingStatisticsDocuments"]:
        problem = _problem(document, known, now)
        if problem:
            unprocessed.append({"RuleName": document["RuleName"], "ErrorCode": problem[0], "Message": problem[1]})
            continue
        service.reservoirs.record(_statistics(document), now=now)
        target = service.reservoirs.target(known[document["RuleName"]], document["ClientID"], now=now)
        targets.append(target.to_api())
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": rules.modified_at(service),
        "UnprocessedStatistics": unprocessed,
    }


def _problem(document: dict[str, Any], known: dict[str, Any], now: float) -> tuple[str, str] | None:
    if document["RuleName"] not in known:
        return "RuleNotFound", rules.MISSING
    if document["Timestamp"] < now - STALE_SECONDS:
        return "StaleStatistics", f"the statistics are older than {STALE_SECONDS} seconds"
    if document["SampledCount"] + document.get("BorrowCount", 0) < 0:
        return "InvalidStatistics", "a count is negative"
    return None


def _statistics(document: dict[str, Any]) -> Statistics:
    return Statistics(
        rule_name=document["RuleName"],
        client_id=document["ClientID"],
        timestamp=float(document["Timestamp"]),
        request_count=document["RequestCount"],
        sampled_count=document["SampledCount"],
        borrow_count=document.get("BorrowCount") or 0,
    )


def get_sampling_statistic_summaries(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give each rule's counts in windows of 10 seconds."""
    now = service.clock()
    whole = service.reservoirs.summaries(since=now - KEPT_SECONDS, until=now)
    items, token = paging.page(whole, request.get("NextToken"), PAGE)
    return paging.answer("SamplingStatisticSummaries", items, token)
