"""GetSamplingTargets and GetSamplingStatisticSummaries: the counts that SDKs report, and their quotas."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from xray_local.api.operations import paging
from xray_local.api.operations.sampling import rules
from xray_local.state.region import Region
from xray_local.state.sampling.boosts import Boost
from xray_local.state.sampling.reservoirs import HISTORY_SECONDS, STALE_SECONDS, Counts, Statistics, Target
from xray_model import SamplingRule

PAGE = 1000


def get_sampling_targets(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Count each report, and return its client's part of the rule's reservoir.

    The members that AWS added for adaptive sampling are answered only to clients that send boost statistics: older ones
    refuse an answer with members that they do not know.
    """
    now = region.clock()
    known = {rule.rule_name: rule for rule in rules.all_rules(region)}
    boosts = request.get("SamplingBoostStatisticsDocuments")
    added = {} if boosts is None else {"UnprocessedBoostStatistics": _boost(region, boosts, known)}
    targets, unprocessed = [], []
    for document in request["SamplingStatisticsDocuments"]:
        if boosts is not None:
            region.boosts.add_client(document["ClientID"], now=now)
        problem = _problem(document, known, now)
        if problem:
            unprocessed.append(problem)
            continue
        region.reservoirs.record(_statistics(document), now=now)
        rule, client_id = known[document["RuleName"]], document["ClientID"]
        target = region.reservoirs.target(rule, client_id, now=now)
        targets.append(_target(target, region.boosts.active(rule, client_id, now=now)))
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": rules.modified_at(region),
        "UnprocessedStatistics": unprocessed,
        **added,
    }


def _target(target: Target, boost: Boost | None) -> dict[str, Any]:
    shape = {
        "RuleName": target.rule_name,
        "FixedRate": target.fixed_rate,
        "ReservoirQuota": target.reservoir_quota,
        "ReservoirQuotaTTL": target.reservoir_quota_ttl,
        "Interval": target.interval,
    }
    return shape if boost is None else shape | {"SamplingBoost": {"BoostRate": boost.rate, "BoostRateTTL": boost.end}}


def _boost(
    region: Region, documents: Iterable[dict[str, Any]], known: Mapping[str, SamplingRule]
) -> list[dict[str, Any]]:
    """Start boosts where the reports call for them, and return the reports that cannot be processed."""
    now = region.clock()
    unprocessed, anomalies = [], Counter[str]()
    sampled = Counter[str]()
    for document in documents:
        name = document["RuleName"]
        if problem := _problem(document, known, now):
            unprocessed.append(problem)
        else:
            anomalies[name] += document["AnomalyCount"]
            sampled[name] += document["SampledAnomalyCount"]
    for name, count in anomalies.items():
        region.boosts.report(known[name], anomalies=count, sampled=sampled[name], now=now)
    return unprocessed


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
