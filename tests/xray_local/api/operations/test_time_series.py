from typing import Any

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.api.operations import create_group, get_time_series_service_statistics
from xray_local.errors import ApiError
from xray_local.state.region import Region

MINUTE = NOW // 60 * 60


@pytest.fixture(autouse=True)
def _traces(region: Region) -> None:
    """Three traces: front calls back; front fails, in the same minute; and front alone, a minute later."""
    call = {"id": f"{3:016x}", "name": "back", "start_time": MINUTE + 1, "end_time": MINUTE + 3, "namespace": "remote"}
    first = {"name": "front", "start_time": MINUTE, "end_time": MINUTE + 4}
    back = {"name": "back", "parent_id": f"{3:016x}", "start_time": MINUTE + 2, "end_time": MINUTE + 3}
    region.put(
        [
            document(1, 1, subsegments=[call], **first),
            document(1, 2, error=True, **back),
            document(2, 1, **first | {"fault": True, "start_time": MINUTE + 59}),
            document(3, 1, **first | {"start_time": MINUTE + 60, "end_time": MINUTE + 61}),
        ]
    )


def series(region: Region, **more: Any) -> list[dict[str, Any]]:
    request = {"StartTime": MINUTE - 60, "EndTime": MINUTE + 120, **more}
    answer = get_time_series_service_statistics(region, request)
    assert answer["ContainsOldGroupVersions"] is False
    found: list[dict[str, Any]] = answer["TimeSeriesServiceStatistics"]
    return found


def counts(items: list[dict[str, Any]], key: str) -> list[tuple[float, int, int]]:
    return [(item["Timestamp"], item[key]["TotalCount"], item[key]["FaultStatistics"]["TotalCount"]) for item in items]


def test_without_a_selector_every_trace_counts_once(region: Region) -> None:
    """Grafana counts traces with it; what is counted are the calls by clients."""
    assert counts(series(region), "EdgeSummaryStatistics") == [(MINUTE, 2, 1), (MINUTE + 60, 1, 0)]


def test_the_period_divides_the_range(region: Region) -> None:
    """In seconds; a period without traces is left out."""
    assert counts(series(region, Period=3600), "EdgeSummaryStatistics") == [(MINUTE // 3600 * 3600, 3, 1)]
    assert [item["Timestamp"] for item in series(region, Period=30)] == [MINUTE, MINUTE + 30, MINUTE + 60]


@pytest.mark.parametrize("selector", ['service("back")', 'id(name: "back")', 'service(id(name: "back")) { error }'])
def test_a_selected_service_has_its_own_statistics(region: Region, selector: str) -> None:
    """With its times, not those of the trace."""
    [item] = series(region, EntitySelectorExpression=selector)
    assert item["ServiceSummaryStatistics"]["ErrorStatistics"]["TotalCount"] == 1
    assert "EdgeSummaryStatistics" not in item
    assert item["ResponseTimeHistogram"] == [{"Value": 1.0, "Count": 1}]


def test_a_selected_edge_has_the_statistics_of_the_call(region: Region) -> None:
    """As its caller recorded it."""
    [item] = series(region, EntitySelectorExpression='edge("front", "back")')
    assert (item["EdgeSummaryStatistics"]["OkCount"], item["ResponseTimeHistogram"]) == (
        1,
        [{"Value": 2.0, "Count": 1}],
    )


def test_a_group_limits_the_traces(region: Region) -> None:
    """By its expression."""
    create_group(region, {"GroupName": "failed", "FilterExpression": "fault"})
    assert counts(series(region, GroupName="failed"), "EdgeSummaryStatistics") == [(MINUTE, 1, 1)]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Period": 0}, "Period: 0: expected seconds, at least 1"),
        ({"EntitySelectorExpression": "fault"}, "Invalid entity selector expression: 'fault': expected service()"),
        ({"EntitySelectorExpression": "service("}, "Invalid entity selector expression: column "),
        ({"ForecastStatistics": True}, "EntitySelectorExpression is missing"),
        ({"EndTime": 0}, "StartTime is after EndTime"),
    ],
)
def test_a_request_that_is_not_valid_is_refused(region: Region, more: dict[str, Any], message: str) -> None:
    """Before anything is read."""
    with pytest.raises(ApiError) as caught:
        series(region, **more)
    assert caught.value.message.startswith(message)
