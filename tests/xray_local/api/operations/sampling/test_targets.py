from typing import Any

import pytest

from tests.xray_local.samples import CLIENT, NOW, Clock, rule, statistics
from xray_local.api.operations import (
    create_sampling_rule,
    delete_sampling_rule,
    get_sampling_statistic_summaries,
    get_sampling_targets,
)
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
    assert sorted(target["ReservoirQuota"] for target in targets) == [3, 3, 4]


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


def boosts(name: str = "checkout", anomalies: int = 100, sampled: int = 2, **more: Any) -> dict[str, Any]:
    counts = {"TotalCount": 500, "AnomalyCount": anomalies, "SampledAnomalyCount": sampled}
    return {"RuleName": name, "ServiceName": "shop", "Timestamp": NOW, **counts, **more}


@pytest.fixture
def boosted(region: Region) -> Region:
    """A region whose rule `slow` samples 5 % and may be boosted to 50 % once in 10 minutes."""
    more = {"FixedRate": 0.05, "SamplingRateBoost": {"MaxRate": 0.5, "CooldownWindowMinutes": 10}}
    create_sampling_rule(region, {"SamplingRule": rule("slow", **more)})
    return region


def boost_of(region: Region, *documents: dict[str, Any], now: float = NOW) -> dict[str, Any] | None:
    report_ = statistics("slow", Timestamp=now)
    answer = report(region, report_, SamplingBoostStatisticsDocuments=list(documents))
    [target] = answer["SamplingTargetDocuments"]
    found: dict[str, Any] | None = target.get("SamplingBoost")
    return found


@pytest.mark.parametrize(
    ("anomalies", "sampled", "rate"),
    [(100, 2, 0.1), (12, 0, 0.5), (1, 0, 0.5), (100, 10, None), (200, 9, None), (0, 0, None)],
)
def test_a_boost_is_the_rate_that_samples_ten_of_the_anomalies(
    boosted: Region, anomalies: int, sampled: int, rate: float | None
) -> None:
    """At most MaxRate; none if ten were sampled, or if the rule's own 5 % would sample them."""
    found = boost_of(boosted, boosts("slow", anomalies, sampled))
    assert found == (None if rate is None else {"BoostRate": rate, "BoostRateTTL": NOW + 60})


def test_a_boost_is_repeated_until_it_ends_and_waits_for_its_cooldown(boosted: Region, clock: Clock) -> None:
    """A target without it would end it; the client that reports nothing new gets it as well."""
    seen = []
    for clock.now in (NOW, NOW + 30, NOW + 61, NOW + 590, NOW + 600):
        documents = [] if clock.now == NOW + 30 else [boosts("slow", Timestamp=clock.now)]
        seen.append(boost_of(boosted, *documents, now=clock.now) is not None)
    assert seen == [True, True, False, False, True]


def test_a_client_without_boost_statistics_gets_no_member_of_adaptive_sampling(boosted: Region) -> None:
    """The X-Ray SDK for Java 2.18 fails on an unknown member."""
    boost_of(boosted, boosts("slow"))
    answer = report(boosted, statistics("slow", ClientID=client(2)))
    assert set(answer) == {"SamplingTargetDocuments", "LastRuleModification", "UnprocessedStatistics"}
    assert "SamplingBoost" not in answer["SamplingTargetDocuments"][0]


def test_a_client_that_once_sent_boost_statistics_is_answered_boosts(boosted: Region) -> None:
    """OpenTelemetry's Java sampler leaves out an empty list."""
    boost_of(boosted, boosts("slow"))
    [target] = report(boosted, statistics("slow"))["SamplingTargetDocuments"]
    assert target["SamplingBoost"]["BoostRate"] == 0.1


def test_boost_statistics_that_cannot_be_processed_are_listed(region: Region) -> None:
    """Of an unknown rule, or too old; a rule without SamplingRateBoost has no boost."""
    documents = [boosts(), boosts("gone"), boosts(Timestamp=NOW - 3600)]
    answer = report(region, statistics("checkout"), SamplingBoostStatisticsDocuments=documents)
    assert "SamplingBoost" not in answer["SamplingTargetDocuments"][0]
    codes = [(item["RuleName"], item["ErrorCode"]) for item in answer["UnprocessedBoostStatistics"]]
    assert codes == [("gone", "RuleNotFound"), ("checkout", "StaleStatistics")]


def test_a_new_rule_of_a_deleted_ones_name_is_not_boosted(boosted: Region) -> None:
    """The boost goes with the rule."""
    boost_of(boosted, boosts("slow"))
    delete_sampling_rule(boosted, {"RuleName": "slow"})
    more = {"SamplingRateBoost": {"MaxRate": 0.5, "CooldownWindowMinutes": 10}}
    create_sampling_rule(boosted, {"SamplingRule": rule("slow", **more)})
    assert boost_of(boosted) is None


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
