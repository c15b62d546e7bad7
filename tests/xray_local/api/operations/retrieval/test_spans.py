import json
from typing import Any

from tests.xray_local import otlp
from tests.xray_local.samples import NOW, body, trace_id
from xray_local.api.operations.retrieval.spans import spans

RICH: dict[str, Any] = {
    "http": {"request": {"method": "GET", "url": "http://a/b"}, "response": {"status": 503}},
    "annotations": {"plan": "gold"},
    "metadata": {"default": {"rows": 3}},
    "user": "bob",
    "origin": "AWS::EC2::Instance",
    "fault": True,
    "cause": {"exceptions": [{"id": f"{9:016x}", "type": "ValueError", "message": "no"}]},
}


def test_a_segment_becomes_a_server_span_with_the_attributes_of_the_translator() -> None:
    """So that X-Ray would show the span as the segment again."""
    [span] = spans(trace_id(1), [body(1, **RICH)])
    assert span["attributes"] == {
        "http.request.method": "GET",
        "url.full": "http://a/b",
        "http.response.status_code": 503,
        "enduser.id": "bob",
        "aws.xray.origin": "AWS::EC2::Instance",
        "aws.xray.fault": True,
        "plan": "gold",
        "aws.xray.annotations": ["plan"],
        "aws.xray.metadata.default": '{"rows": 3}',
    }
    assert (span["kind"], span["status"]) == ("SERVER", {"code": "ERROR"})
    assert span["resource"] == {"attributes": {"service.name": "backend"}}
    assert (span["startTimeUnixNano"], span["durationNano"]) == (int(NOW * 1e9), 10**9)
    [event] = span["events"]
    assert event["attributes"] == {"exception.type": "ValueError", "exception.message": "no"}


def test_a_document_of_a_span_is_that_span_again() -> None:
    """With its name, kind, scope, attributes and resource."""
    document = otlp.decoded(attributes={"http.request.method": "GET", "custom": 5}, name="GET /b", kind=3)
    [span] = spans(trace_id(1), [json.loads(document.text)])
    assert (span["name"], span["kind"], span["scope"]) == ("GET /b", "CLIENT", {"name": "lib", "version": "1"})
    assert (span["attributes"]["custom"], span["attributes"]["http.request.method"]) == (5, "GET")
    assert span["resource"]["attributes"]["service.name"] == "shop"
    assert span["parentSpanId"] == f"{2:016x}"


def test_a_subsegment_of_aws_is_a_client_span_of_its_sdk() -> None:
    """An entry without an id gets one of its own."""
    call = {"name": "dynamodb", "namespace": "aws", "start_time": NOW, "aws": {"operation": "GetItem"}}
    _, span = spans(trace_id(1), [body(1, subsegments=[call])])
    assert (len(span["spanId"]), span["parentSpanId"], span["kind"]) == (16, f"{1:016x}", "CLIENT")
    assert span["spanId"] != span["parentSpanId"]
    assert span["attributes"] == {"rpc.system": "aws-api", "rpc.method": "GetItem"}
