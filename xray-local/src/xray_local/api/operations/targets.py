"""GetSamplingTargets and GetSamplingStatisticSummaries: what the SDKs report, and what they may do next."""

from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.api.operations import paging, rules
from xray_local.state.region import Service
from xray_local.state.reservoirs import KEPT_SECONDS, STALE_SECONDS, Statistics
from xray_model import SamplingRule

PAGE = 1000


def get_sampling_targets(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Count each report and answer its client's part of the rule's reservoir."""
    now = service.clock()
    known = {rule.rule_name: rule for rule in rules.all_rules(service)}
    targets, unprocessed = [], []
    for document in request["SamplingStatisticsDocuments"]:
        problem = _problem(document, known, now)
        if problem:
            unprocessed.append(problem)
            continue
        service.reservoirs.record(_statistics(document), now=now)
        target = service.reservoirs.target(known[document["RuleName"]], document["ClientID"], now=now)
        targets.append(target.to_api())
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": rules.modified_at(service),
        "UnprocessedStatistics": unprocessed,
        "UnprocessedBoostStatistics": _unboosted(request.get("SamplingBoostStatisticsDocuments") or (), known, now),
    }


def _unboosted(
    documents: Iterable[dict[str, Any]], known: Mapping[str, SamplingRule], now: float
) -> list[dict[str, Any]]:
    # How AWS computes a boost is not published, so none is answered; only what it would refuse is.
    return [problem for problem in (_problem(document, known, now) for document in documents) if problem]


def _problem(document: dict[str, Any], known: Mapping[str, SamplingRule], now: float) -> dict[str, Any] | None:
    if document["RuleName"] not in known:
        code, message = "RuleNotFound", rules.MISSING
    elif document["Timestamp"] < now - STALE_SECONDS:
        code, message = "StaleStatistics", f"the statistics are older than {STALE_SECONDS} seconds"
    else:
        return None
    return {"RuleName": document["RuleName"], "ErrorCode": code, "Message": message}


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
