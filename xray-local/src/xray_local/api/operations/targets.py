"""GetSamplingTargets and GetSamplingStatisticSummaries: the counts that SDKs report, and their quotas."""

from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.api.operations import paging, rules
from xray_local.state.region import Region
from xray_local.state.reservoirs import HISTORY_SECONDS, STALE_SECONDS, Counts, Statistics, Target
from xray_model import SamplingRule

PAGE = 1000


def get_sampling_targets(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Count each report, and return its client's part of the rule's reservoir."""
    now = region.clock()
    known = {rule.rule_name: rule for rule in rules.all_rules(region)}
    targets, unprocessed = [], []
    for document in request["SamplingStatisticsDocuments"]:
        problem = _problem(document, known, now)
        if problem:
            unprocessed.append(problem)
            continue
        region.reservoirs.record(_statistics(document), now=now)
        target = region.reservoirs.target(known[document["RuleName"]], document["ClientID"], now=now)
        targets.append(_target(target))
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": rules.modified_at(region),
        "UnprocessedStatistics": unprocessed,
        "UnprocessedBoostStatistics": _unboosted(request.get("SamplingBoostStatisticsDocuments") or (), known, now),
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "RuleName": target.rule_name,
        "FixedRate": target.fixed_rate,
        "ReservoirQuota": target.reservoir_quota,
        "ReservoirQuotaTTL": target.reservoir_quota_ttl,
        "Interval": target.interval,
    }


def _unboosted(
    documents: Iterable[dict[str, Any]], known: Mapping[str, SamplingRule], now: float
) -> list[dict[str, Any]]:
    # How AWS computes a boost is not published, so there is none: only invalid documents are answered.
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
        counts=Counts(document["RequestCount"], document["SampledCount"], document.get("BorrowCount") or 0),
    )


def get_sampling_statistic_summaries(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return each rule's counts in windows of 10 seconds."""
    now = region.clock()
    summaries = [
        {
            "RuleName": window.rule_name,
            "Timestamp": window.timestamp,
            "RequestCount": window.counts.requests,
            "SampledCount": window.counts.sampled,
            "BorrowCount": window.counts.borrowed,
        }
        for window in region.reservoirs.windows(since=now - HISTORY_SECONDS, until=now)
    ]
    items, token = paging.page(summaries, request.get("NextToken"), PAGE)
    return paging.answer("SamplingStatisticSummaries", items, token)
