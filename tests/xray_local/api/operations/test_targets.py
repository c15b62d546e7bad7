from typing import Any

import pytest

from tests.xray_local.samples import CLIENT, NOW, Clock, rule, statistics
from xray_local.api.operations import create_sampling_rule, get_sampling_statistic_summaries, get_sampling_targets
from xray_local.state.region import Region


@pytest.fixture(autouse=True)
def _rule(region: Region) -> None:
    """A rule with a reservoir of 10 a second and a rate of 50 %."""
    create_sampling_rule(region, {"SamplingRule": rule("checkout")})


def report(region: Region, *documents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return get_sampling_targets(region, {"SamplingStatisticsDocuments": list(documents), **more})


def client(number: int) -> str:
    return f"{number:024x}"


def test_a_single_client_gets_the_full_reservoir(region: Region) -> None:
    """For five minutes, with the next report in 10 seconds."""
    answer = report(region, statistics("checkout"))
    assert answer["SamplingTargetDocuments"] == [
        {
            "RuleName": "checkout",
            "FixedRate": 0.5,
            "ReservoirQuota": 10,
            "ReservoirQuotaTTL": NOW + 300,
            "Interval": 10,
        }
    ]
    assert (answer["LastRuleModification"], answer["UnprocessedStatistics"]) == (NOW, [])


def test_the_parts_of_live_clients_add_up_to_the_reservoir(region: Region) -> None:
    """10 per second for three clients are 4, 3 and 3."""
    documents = [statistics("checkout", ClientID=client(number)) for number in (1, 2, 3)]
    report(region, *documents)
    targets = report(region, *documents)["SamplingTargetDocuments"]
    assert [target["ReservoirQuota"] for target in targets] == [4, 3, 3]


def test_the_part_of_a_client_that_stopped_is_shared(region: Region, clock: Clock) -> None:
    """After three intervals without a report."""
    report(region, statistics("checkout", ClientID=client(1)), statistics("checkout", ClientID=client(2)))
    clock.now += 31
    [target] = report(region, statistics("checkout", ClientID=client(2)))["SamplingTargetDocuments"]
    assert target["ReservoirQuota"] == 10


def test_unknown_rules_and_stale_statistics_are_listed_as_unprocessed(region: Region) -> None:
    """The other statistics are counted."""
    answer = report(
        region,
        statistics("gone"),
        statistics("checkout", Timestamp=NOW - 3600),
        statistics("Default", BorrowCount=None),
    )
    assert [target["RuleName"] for target in answer["SamplingTargetDocuments"]] == ["Default"]
    assert answer["UnprocessedStatistics"] == [
        {"RuleName": "gone", "ErrorCode": "RuleNotFound", "Message": "Sampling rule does not exist"},
        {
            "RuleName": "checkout",
            "ErrorCode": "StaleStatistics",
            "Message": "the statistics are older than 600 seconds",
        },
    ]


def test_boost_statistics_have_no_effect(region: Region) -> None:
    """Those that are not valid are listed; how AWS computes a boost is not published."""
    boosts = [
        {
            "RuleName": name,
            "ServiceName": "s",
            "Timestamp": NOW,
            "AnomalyCount": 1,
            "TotalCount": 2,
            "SampledAnomalyCount": 1,
        }
        for name in ("checkout", "gone")
    ]
    answer = report(region, statistics("checkout"), SamplingBoostStatisticsDocuments=boosts)
    assert "SamplingBoost" not in answer["SamplingTargetDocuments"][0]
    [problem] = answer["UnprocessedBoostStatistics"]
    assert (problem["RuleName"], problem["ErrorCode"]) == ("gone", "RuleNotFound")


def test_reports_are_summed_by_rule_and_window_of_ten_seconds(region: Region, clock: Clock) -> None:
    """Over all clients."""
    report(region, statistics("checkout"), statistics("checkout", ClientID=client(2)))
    clock.now += 10
    report(region, statistics("checkout", ClientID=CLIENT, Timestamp=NOW + 10, BorrowCount=None))
    counts = {"RequestCount": 10, "SampledCount": 5, "BorrowCount": 0}
    assert get_sampling_statistic_summaries(region, {}) == {
        "SamplingStatisticSummaries": [
            {"RuleName": "checkout", "Timestamp": NOW, "RequestCount": 20, "SampledCount": 10, "BorrowCount": 2},
            {"RuleName": "checkout", "Timestamp": NOW + 10, **counts},
        ]
    }
