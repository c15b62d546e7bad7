"""The calls of Grafana's X-Ray data source, with the members that it reads without looking whether they are there.

From `pkg/datasource` of grafana/x-ray-datasource: a panel fails if one of these is absent.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from pytest_xray_local import XRayLocal
from tests.xray_local.samples import text, trace_id

pytestmark = pytest.mark.process

TRACES = 120  # more than a page
STATISTICS = {"OkCount", "ErrorStatistics", "FaultStatistics", "TotalCount", "TotalResponseTime"}


@pytest.fixture
def sent_at() -> float:
    """Return when the traces start."""
    return time.time() - 5


@pytest.fixture
def window(sent_at: float) -> dict[str, datetime]:
    """Return a dashboard's time range."""
    start = datetime.fromtimestamp(sent_at - 300, UTC)
    return {"StartTime": start, "EndTime": start + timedelta(seconds=400)}


@pytest.fixture
def aws(xray_local: XRayLocal, sent_at: float) -> Iterator[Any]:
    """A client, a group and traces of which a third has no HTTP data and a third has failed."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client = boto3.client("xray", endpoint_url=xray_local.api, region_name="us-east-1", **keys)
    client.create_group(GroupName="failed", FilterExpression="fault")
    times: dict[str, Any] = {"start_time": sent_at, "end_time": sent_at + 1}
    call = times | {"id": f"{2:016x}", "name": "orders", "namespace": "aws", "aws": {"operation": "PutItem"}}
    cause = {"exceptions": [{"id": f"{7:016x}", "type": "ValueError", "message": "no stock"}]}
    http = {"request": {"method": "GET", "url": "http://shop/"}, "response": {"status": 200}}
    kinds: list[dict[str, Any]] = [{}, {"http": http}, {"fault": True, "cause": cause, "subsegments": [call]}]
    documents = [text(number, **times, **kinds[number % 3]) for number in range(1, TRACES + 1)]
    for first in range(0, TRACES, 50):
        client.put_trace_segments(TraceSegmentDocuments=documents[first : first + 50])
    yield client
    client.close()


def pages(aws: Any, operation: str, key: str, **request: Any) -> list[dict[str, Any]]:
    """Return the items of all pages."""
    return [item for page in aws.get_paginator(operation).paginate(**request) for item in page[key]]


def test_the_list_of_traces(aws: Any, window: dict[str, datetime]) -> None:
    """Every row has an Http member, and a trace is one of BatchGetTraces."""
    summaries = pages(aws, "get_trace_summaries", "TraceSummaries", **window)
    assert len(summaries) == TRACES
    assert all({"Id", "StartTime", "Duration", "Http", "Annotations"} <= set(summary) for summary in summaries)
    [trace] = aws.batch_get_traces(TraceIds=[trace_id(1)])["Traces"]
    assert trace["Id"] == trace_id(1)
    assert [set(segment) for segment in trace["Segments"]] == [{"Id", "Document"}]


def test_the_service_map(aws: Any, window: dict[str, datetime]) -> None:
    """Of a group and of all traces, each edge with an end, each service with an account."""
    for group, calls in (("Default", TRACES), ("failed", TRACES // 3)):
        services = pages(aws, "get_service_graph", "Services", **window, GroupName=group)
        references = {service["ReferenceId"] for service in services}
        assert {edge["ReferenceId"] for service in services for edge in service["Edges"]} <= references
        assert all("AccountId" in service for service in services)
        assert sum(service["SummaryStatistics"]["TotalCount"] for service in services if service.get("Root")) == calls


@pytest.mark.parametrize(
    ("request_", "member", "count"),
    [
        ({}, "EdgeSummaryStatistics", TRACES),
        ({"GroupName": "failed"}, "EdgeSummaryStatistics", TRACES // 3),
        ({"EntitySelectorExpression": 'service("orders")'}, "ServiceSummaryStatistics", TRACES // 3),
    ],
)
def test_the_time_series(
    aws: Any, window: dict[str, datetime], request_: dict[str, Any], member: str, count: int
) -> None:
    """Every count of the columns is there; their sum is also what it computes its sampling with."""
    series = pages(
        aws,
        "get_time_series_service_statistics",
        "TimeSeriesServiceStatistics",
        **window,
        Period=60,
        **request_,
    )
    assert all(set(period[member]) >= STATISTICS for period in series)
    assert sum(period[member]["TotalCount"] for period in series) == count


def test_the_insights_of_all_groups(aws: Any, window: dict[str, datetime]) -> None:
    """With and without a state; there are none."""
    groups = pages(aws, "get_groups", "Groups")
    assert {group["GroupName"] for group in groups} == {"Default", "failed"}
    for group in groups:
        for states in ({}, {"States": ["ACTIVE"]}, {"States": ["CLOSED"]}):
            answer = aws.get_insight_summaries(**window, **states, GroupName=group["GroupName"])
            assert answer["InsightSummaries"] == []


def test_the_analytics_of_root_causes(aws: Any, window: dict[str, datetime]) -> None:
    """It asks for a quarter of the time each, of the time of arrival, by all pages, with a sampling rate."""
    quarter = (window["EndTime"] - window["StartTime"]) / 4
    found = []
    for number in range(4):
        start = window["StartTime"] + quarter * number
        request = {"StartTime": start, "EndTime": start + quarter, "TimeRangeType": "Event", "Sampling": True}
        strategy = {"Name": "FixedRate", "Value": 1.0}
        found += pages(aws, "get_trace_summaries", "TraceSummaries", **request, SamplingStrategy=strategy)
    assert sorted(summary["Id"] for summary in found) == sorted(trace_id(number) for number in range(1, TRACES + 1))
    causes = [cause for summary in found for cause in summary["FaultRootCauses"]]
    assert len(causes) == TRACES // 3
    for cause in causes + [cause for summary in found for cause in summary["ResponseTimeRootCauses"]]:
        assert all({"Name", "Type"} <= set(service) and service["EntityPath"] for service in cause["Services"])
    messages = {
        (failure["Name"], failure["Message"])
        for cause in causes
        for service in cause["Services"]
        for part in service["EntityPath"]
        for failure in part["Exceptions"]
    }
    assert messages == {("ValueError", "no stock")}
