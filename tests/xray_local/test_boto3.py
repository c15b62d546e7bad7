"""Every built operation by boto3 against a real process: what is sent is taken, what is answered is parsed whole."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_xray_local import XRayLocal
from tests.xray_local.samples import CLIENT, NOW, rule, text, trace_id
from xray_local.api import shapes
from xray_local.api.operations import OPERATIONS
from xray_local.api.shapes import Shape

pytestmark = pytest.mark.process
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
INSIGHT = "12345678-1234-4234-8234-123456789012"
WHOLE = {"StartTime": datetime.fromtimestamp(NOW - 10, UTC), "EndTime": datetime.fromtimestamp(NOW + 10, UTC)}


@pytest.fixture
def aws(xray_local: XRayLocal) -> Iterator[Any]:
    """A client without retries, and a region with a group, a rule, a policy and a trace."""
    client = boto3.client(
        "xray",
        endpoint_url=xray_local.api,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.create_group(GroupName="one", FilterExpression="fault", Tags=[{"Key": "a", "Value": "b"}])
    client.create_sampling_rule(SamplingRule=rule("one"), Tags=[{"Key": "a", "Value": "b"}])
    client.put_resource_policy(PolicyName="one", PolicyDocument=POLICY)
    http = {"request": {"method": "GET", "url": "http://a/"}, "response": {"status": 500}}
    cause = {"exceptions": [{"id": f"{7:016x}", "type": "ValueError", "message": "no", "stack": []}]}
    call = {"id": f"{2:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 1, "namespace": "remote"}
    more: dict[str, Any] = {
        "annotations": {"a": "b", "n": 1, "t": True},
        "user": "bob",
        "origin": "AWS::EC2::Instance",
        "fault": True,
    }
    document = text(1, http=http, cause=cause, subsegments=[call], aws={"ec2": {"instance_id": "i-1"}}, **more)
    client.put_trace_segments(TraceSegmentDocuments=[document])
    yield client
    client.close()


def rule_arn(aws: Any) -> str:
    return str(aws.get_sampling_rules()["SamplingRuleRecords"][0]["SamplingRule"]["RuleARN"])


def statistics(now: datetime) -> list[dict[str, Any]]:
    counts = {"RequestCount": 3, "SampledCount": 2, "BorrowCount": 1}
    return [{"RuleName": name, "ClientID": CLIENT, "Timestamp": now, **counts} for name in ("one", "gone")]


def token(aws: Any) -> str:
    return str(aws.start_trace_retrieval(TraceIds=[trace_id(1)], **WHOLE)["RetrievalToken"])


REFUSED = {"GetInsight", "GetInsightEvents", "GetInsightImpactGraph"}  # there are no insights
CALLS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "CancelTraceRetrieval": lambda aws: {"RetrievalToken": token(aws)},
    "GetIndexingRules": lambda aws: {},
    "GetInsight": lambda aws: {"InsightId": INSIGHT},
    "GetInsightEvents": lambda aws: {"InsightId": INSIGHT},
    "GetInsightImpactGraph": lambda aws: {"InsightId": INSIGHT, **WHOLE},
    "GetInsightSummaries": lambda aws: {"GroupName": "one", "States": ["ACTIVE"], **WHOLE},
    "GetRetrievedTracesGraph": lambda aws: {"RetrievalToken": token(aws)},
    "GetTimeSeriesServiceStatistics": lambda aws: WHOLE | {"EntitySelectorExpression": 'service("backend")'},
    "GetTraceSegmentDestination": lambda aws: {},
    "ListRetrievedTraces": lambda aws: {"RetrievalToken": token(aws), "TraceFormat": "OTEL"},
    "StartTraceRetrieval": lambda aws: {"TraceIds": [trace_id(1)], **WHOLE},
    "UpdateIndexingRule": lambda aws: {
        "Name": "Default",
        "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 5}},
    },
    "UpdateTraceSegmentDestination": lambda aws: {"Destination": "CloudWatchLogs"},
    "BatchGetTraces": lambda aws: {"TraceIds": [trace_id(1), trace_id(2)]},
    "CreateGroup": lambda aws: {"GroupName": "two", "InsightsConfiguration": {"InsightsEnabled": True}},
    "CreateSamplingRule": lambda aws: {"SamplingRule": rule("two", Attributes={"a": "b"})},
    "DeleteGroup": lambda aws: {"GroupName": "one"},
    "DeleteResourcePolicy": lambda aws: {"PolicyName": "one"},
    "DeleteSamplingRule": lambda aws: {"RuleName": "one"},
    "GetEncryptionConfig": lambda aws: {},
    "GetGroup": lambda aws: {"GroupName": "one"},
    "GetGroups": lambda aws: {},
    "GetSamplingRules": lambda aws: {},
    "GetSamplingStatisticSummaries": lambda aws: {},
    "GetSamplingTargets": lambda aws: {"SamplingStatisticsDocuments": statistics(datetime.now(UTC))},
    "GetServiceGraph": lambda aws: WHOLE | {"GroupName": "one"},
    "GetTraceGraph": lambda aws: {"TraceIds": [trace_id(1)]},
    "GetTraceSummaries": lambda aws: WHOLE | {"FilterExpression": "fault", "TimeRangeType": "TraceId"},
    "ListResourcePolicies": lambda aws: {},
    "ListTagsForResource": lambda aws: {"ResourceARN": rule_arn(aws)},
    "PutEncryptionConfig": lambda aws: {"Type": "KMS", "KeyId": "alias/one"},
    "PutResourcePolicy": lambda aws: {"PolicyName": "two", "PolicyDocument": POLICY},
    "PutTelemetryRecords": lambda aws: {"TelemetryRecords": [{"Timestamp": NOW, "SegmentsSentCount": 1}]},
    "PutTraceSegments": lambda aws: {"TraceSegmentDocuments": [text(3), "{"]},
    "TagResource": lambda aws: {"ResourceARN": rule_arn(aws), "Tags": [{"Key": "c", "Value": "d"}]},
    "UntagResource": lambda aws: {"ResourceARN": rule_arn(aws), "TagKeys": ["a"]},
    "UpdateGroup": lambda aws: {"GroupName": "one", "FilterExpression": "error"},
    "UpdateSamplingRule": lambda aws: {"SamplingRuleUpdate": {"RuleName": "one", "FixedRate": 0.7}},
}


def unknown(shape: Shape, value: Any, path: str = "") -> list[str]:
    """Return the members of a response that its shape does not have: a client would never see them."""
    if shape.type_name == "structure":
        strange = [f"{path}.{name}" for name in value if name not in shape.members]
        known = [(name, member) for name, member in value.items() if name in shape.members]
        return strange + [
            item for name, member in known for item in unknown(shape.members[name], member, f"{path}.{name}")
        ]
    if shape.type_name == "list":
        return [item for member in value for item in unknown(shape.member, member, f"{path}[]")]
    return []


def test_every_operation_has_a_request() -> None:
    """A new operation needs one here."""
    assert set(CALLS) == set(OPERATIONS)


@pytest.mark.parametrize("operation", sorted(CALLS.keys() - REFUSED))
def test_a_response_has_the_shape_of_the_model(aws: Any, operation: str) -> None:
    """boto3 would drop unknown members."""
    request = CALLS[operation](aws)
    raw: list[dict[str, Any]] = []
    aws.meta.events.register(
        "before-parse.xray.*", lambda response_dict, **_: raw.append(json.loads(response_dict["body"]))
    )
    parsed = aws._make_api_call(operation, request)
    shape = shapes.route(operation).output_shape
    assert unknown(shape, raw[-1]) == []
    if operation == "GetSamplingRules":
        assert raw[-1]["SamplingRuleRecords"].pop()["SamplingRule"]["Priority"] == 10_000  # beyond AWS's own maximum
    shapes.check(shape, raw[-1])
    assert set(parsed) - {"ResponseMetadata"} == set(raw[-1])


@pytest.mark.parametrize(
    ("operation", "request_", "code", "status", "message"),
    [
        ("GetGroup", {"GroupName": "none"}, "InvalidRequestException", 400, "Group not found"),
        ("DeleteSamplingRule", {"RuleName": "none"}, "InvalidRequestException", 400, "Sampling rule does not exist"),
        ("CreateGroup", {"GroupName": "one"}, "InvalidRequestException", 400, "Group one already exists"),
        (
            "TagResource",
            {"ResourceARN": "arn", "Tags": []},
            "ResourceNotFoundException",
            404,
            "Resource arn does not exist",
        ),
        (
            "GetInsight",
            {"InsightId": INSIGHT},
            "InvalidRequestException",
            400,
            f"Insight {INSIGHT} does not exist",
        ),
    ],
)
def test_an_error_reaches_boto3_with_code_status_and_message(
    aws: Any, operation: str, request_: dict[str, Any], code: str, status: int, message: str
) -> None:
    """As AWS's own errors do."""
    with pytest.raises(ClientError) as caught:
        aws._make_api_call(operation, request_)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert (response["Error"]["Code"], response["Error"]["Message"]) == (code, message)


def test_an_error_of_the_model_is_a_typed_exception(aws: Any) -> None:
    """client.exceptions.RuleLimitExceededException."""
    for number in range(24):
        aws.create_sampling_rule(SamplingRule=rule(f"rule-{number}"))
    with pytest.raises(aws.exceptions.RuleLimitExceededException):
        aws.create_sampling_rule(SamplingRule=rule("one-more"))


def test_times_are_aware_datetimes(aws: Any) -> None:
    """From epoch seconds."""
    summaries = aws.get_trace_summaries(**WHOLE)
    assert summaries["TraceSummaries"][0]["StartTime"] == datetime.fromtimestamp(NOW, UTC)
    record = aws.get_sampling_rules()["SamplingRuleRecords"][0]
    assert abs((record["CreatedAt"] - datetime.now(UTC)).total_seconds()) < 60


def test_the_revision_of_a_summary_grows_when_a_segment_is_sent_again(aws: Any) -> None:
    """So that a client sees that a trace which it knows has changed."""
    revisions = [aws.get_trace_summaries(**WHOLE)["TraceSummaries"][0]["Revision"]]
    aws.put_trace_segments(TraceSegmentDocuments=[text(1, name="again")])
    revisions.append(aws.get_trace_summaries(**WHOLE)["TraceSummaries"][0]["Revision"])
    assert revisions == [1, 2]


def test_the_paginator_of_boto3_follows_the_tokens(aws: Any) -> None:
    """Over several pages."""
    for start in range(0, 250, 50):
        aws.put_trace_segments(TraceSegmentDocuments=[text(number) for number in range(10 + start, 60 + start)])
    pages = aws.get_paginator("get_trace_summaries").paginate(**WHOLE)
    assert len({summary["Id"] for page in pages for summary in page["TraceSummaries"]}) == 251
