from typing import Any

import pytest

from tests.xray_local.samples import CLIENT, NOW, Clock, rule, statistics
from xray_local.api.operations import create_sampling_rule, get_sampling_statistic_summaries, get_sampling_targets
from xray_local.state.region import Region


@pytest.fixture(autouse=True)
def _rule(region: Region) -> None:
    """A rule with a reservoir of 10 a second and a rate of 50 %."""
    create_sampling_rule(region, {"SamplingRule": rule("checkout")})


def asked(region: Region, *documents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return get_sampling_targets(region, {"SamplingStatisticsDocuments": list(documents), **more})


def client(number: int) -> str:
    return f"{number:024x}"


def test_a_lone_client_gets_the_whole_reservoir(region: Region) -> None:
    """For five minutes, to be asked for again in 10 seconds."""
    answer = asked(region, statistics("checkout"))
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
    """10 a second over three clients are 4, 3 and 3."""
    documents = [statistics("checkout", ClientID=client(number)) for number in (1, 2, 3)]
    asked(region, *documents)
    targets = asked(region, *documents)["SamplingTargetDocuments"]
    assert [target["ReservoirQuota"] for target in targets] == [4, 3, 3]


def test_a_client_that_is_gone_leaves_its_part(region: Region, clock: Clock) -> None:
    """Three intervals without a report are the end."""
    asked(region, statistics("checkout", ClientID=client(1)), statistics("checkout", ClientID=client(2)))
    clock.now += 31
    [target] = asked(region, statistics("checkout", ClientID=client(2)))["SamplingTargetDocuments"]
    assert target["ReservoirQuota"] == 10


def test_what_cannot_be_counted_is_answered_beside_the_rest(region: Region) -> None:
    """A rule that is gone, and statistics of an hour ago, as facts to the client and no error."""
    answer = asked(
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


def test_boost_statistics_are_taken_and_boost_nothing(region: Region) -> None:
    """How AWS computes a boost is not published; what it would refuse is answered."""
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
    answer = asked(region, statistics("checkout"), SamplingBoostStatisticsDocuments=boosts)
    assert "SamplingBoost" not in answer["SamplingTargetDocuments"][0]
    [problem] = answer["UnprocessedBoostStatistics"]
    assert (problem["RuleName"], problem["ErrorCode"]) == ("gone", "RuleNotFound")


def test_reports_are_summed_by_rule_and_window_of_ten_seconds(region: Region, clock: Clock) -> None:
    """Two clients in one window, one of them in the next as well."""
    asked(region, statistics("checkout"), statistics("checkout", ClientID=client(2)))
    clock.now += 10
    asked(region, statistics("checkout", ClientID=CLIENT, Timestamp=NOW + 10, BorrowCount=None))
    counts = {"RequestCount": 10, "SampledCount": 5, "BorrowCount": 0}
    assert get_sampling_statistic_summaries(region, {}) == {
        "SamplingStatisticSummaries": [
            {"RuleName": "checkout", "Timestamp": NOW, "RequestCount": 20, "SampledCount": 10, "BorrowCount": 2},
            {"RuleName": "checkout", "Timestamp": NOW + 10, **counts},
        ]
    }
