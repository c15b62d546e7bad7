import gzip
import json
import re
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.xray_local import otlp as otlp_spans
from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, document, trace_id
from xray_local.state.region import Region
from xray_local.state.store import Selection

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def request(*spans: dict[str, Any]) -> ExportTraceServiceRequest:
    """Build a request out of spans; ids are bytes."""
    whole = ExportTraceServiceRequest()
    scope = whole.resource_spans.add().scope_spans.add()
    for number, span in enumerate(spans, start=1):
        default = {
            "trace_id": bytes.fromhex(trace_id(1)[2:].replace("-", "")),
            "span_id": number.to_bytes(8),
            "name": "work",
        }
        times = {"start_time_unix_nano": int(NOW * 1e9), "end_time_unix_nano": int(NOW * 1e9) + 10**9}
        scope.spans.add(**default | times | span)
    return whole


async def test_spans_and_segments_of_one_id_are_one_trace(otlp: Client, region: Region) -> None:
    """By both wires."""
    region.put([document(1, 9)])
    answer = await otlp.post("/v1/traces", data=request({}).SerializeToString(), headers=PROTOBUF)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-protobuf")
    assert await answer.read() == b""
    assert region.store.counts() == {"traces": 1, "segments": 1, "spans": 1}


async def test_the_api_listener_accepts_spans(api: Client, region: Region) -> None:
    """X-Ray's OTLP endpoint has the API's host; the log has the name of the permission."""
    for status, data in ((200, request({}).SerializeToString()), (400, b"no protobuf")):
        assert (await api.post("/v1/traces", data=data, headers=PROTOBUF)).status == status
    assert region.store.counts()["spans"] == 1
    calls = await (await api.get("/_local/requests")).json()
    assert [(call["operation"], call["status"]) for call in calls] == [("PutSpans", 200), ("PutSpans", 400)]


async def test_protobuf_may_be_compressed(otlp: Client, region: Region) -> None:
    """With gzip, as by exporters."""
    data = gzip.compress(request({}).SerializeToString())
    assert (await otlp.post("/v1/traces", data=data, headers=PROTOBUF | {"Content-Encoding": "gzip"})).status == 200
    assert region.store.counts()["spans"] == 1


async def test_a_json_request_has_a_json_response(otlp: Client, region: Region) -> None:
    """Ids are hex in OTLP's JSON."""
    span = {"traceId": trace_id(1)[2:].replace("-", ""), "spanId": f"{1:016x}", "name": "work"}
    span |= {"startTimeUnixNano": str(int(NOW * 1e9)), "endTimeUnixNano": str(int(NOW * 1e9))}
    answer = await otlp.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert (answer.status, await answer.json()) == (200, {})
    assert [document.name for document in region.store.parsed(trace_id(1))] == ["unknown_service"]


async def test_a_span_without_a_name_is_stored(otlp: Client, region: Region) -> None:
    """OpenTelemetry does not require a name."""
    spans = [{}, {"name": "", "parent_span_id": (1).to_bytes(8)}]
    await otlp.post("/v1/traces", data=request(*spans).SerializeToString(), headers=PROTOBUF)
    [row] = region.store.find(Selection(0, NOW + 1)).rows
    assert row.summary.id == trace_id(1)


@pytest.mark.parametrize("kind", ["json", "protobuf"])
async def test_a_span_that_is_too_large_is_a_partial_success(otlp: Client, region: Region, kind: str) -> None:
    """The other spans are stored."""
    large = request({}, {})
    for number in range(55):
        large.resource_spans[0].scope_spans[0].spans[1].attributes.add(key=f"key-{number}").value.string_value = (
            "x" * 4000
        )
    message = "the span is too large: expected at most 204800 bytes"
    if kind == "protobuf":
        answer = await otlp.post("/v1/traces", data=large.SerializeToString(), headers=PROTOBUF)
        partial = ExportTraceServiceResponse.FromString(await answer.read()).partial_success
        assert (partial.rejected_spans, partial.error_message) == (1, message)
    else:
        ids = {"traceId": trace_id(1)[2:].replace("-", ""), "spanId": f"{1:016x}"}
        attributes = [{"key": f"key-{number}", "value": {"stringValue": "x" * 4000}} for number in range(55)]
        spans = [ids | {"name": "work"}, ids | {"name": "work", "attributes": attributes}]
        sent = await otlp.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
        assert await sent.json() == {"partialSuccess": {"rejectedSpans": "1", "errorMessage": message}}
    assert (region.store.counts()["spans"], region.health()["rejected"]) == (1, 1)


async def test_a_span_without_an_id_is_a_partial_success(otlp: Client, region: Region) -> None:
    """The other spans of the batch are stored."""
    sent = request({}, {"span_id": b""}, {"trace_id": bytes(16)}).SerializeToString()
    answer = await otlp.post("/v1/traces", data=sent, headers=PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(await answer.read()).partial_success
    assert partial.rejected_spans == 2
    assert partial.error_message == "id of span 'work': '': expected 8 bytes that are not all zero"
    assert (region.store.counts()["spans"], region.health()["rejected"]) == (1, 2)


async def test_spans_have_no_limit_for_a_trace(otlp: Client, region: Region) -> None:
    """All are stored, and the trace is marked as beyond the limit for segments."""
    spans = [
        otlp_spans.span(spanId=f"{number:016x}", attributes={"a": "x" * 300, "b": "x" * 300, "c": number})
        for number in range(1, 1_001)
    ]
    answer = await otlp.post("/v1/traces", json=otlp_spans.request(*spans))
    assert await answer.json() == {}
    assert region.store.counts()["spans"] == 1_000
    assert region.store.trace(trace_id(1)) == (1.0, True)


async def test_a_trace_of_many_small_spans_is_not_marked(otlp: Client, region: Region) -> None:
    """The spans are counted as they were sent."""
    spans = [
        otlp_spans.span(spanId=f"{number:016x}", attributes={"a": 1, "b": 2, "c": 3}) for number in range(1, 1_001)
    ]
    await otlp.post("/v1/traces", json=otlp_spans.request(*spans))
    assert region.store.trace(trace_id(1)) == (1.0, False)


async def test_a_resource_that_is_too_large_refuses_its_spans(otlp: Client, region: Region) -> None:
    """Those of another one are stored."""
    wide = otlp_spans.request(otlp_spans.span(), otlp_spans.span(), resource={"a": "x" * 17_000})
    wide["resourceSpans"] += otlp_spans.request(otlp_spans.span())["resourceSpans"]
    answer = await (await otlp.post("/v1/traces", json=wide)).json()
    assert answer["partialSuccess"]["rejectedSpans"] == "2"
    assert re.fullmatch(
        "the resource and the scope have 17... bytes: expected at most 16384", answer["partialSuccess"]["errorMessage"]
    )
    assert region.store.counts()["spans"] == 1


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([{}] * 10_001, "the request has 10001 spans: expected at most 10000"),
        ([{"trace_state": "x" * 6_000_000}], "the request has 60000.. bytes: expected at most 5242880"),
    ],
)
async def test_a_request_beyond_the_limits_of_xray_is_refused(
    otlp: Client, region: Region, spans: list[dict[str, Any]], message: str
) -> None:
    """As a whole; the bytes are those after decompression."""
    data = gzip.compress(request(*spans).SerializeToString())
    answer = await otlp.post("/v1/traces", data=data, headers=PROTOBUF | {"Content-Encoding": "gzip"})
    assert answer.status == 400
    assert re.fullmatch(message, (await answer.json())["message"])
    assert region.store.counts()["spans"] == 0


@pytest.mark.parametrize(
    ("data", "headers", "part"),
    [
        (b"\xff\xff", PROTOBUF, "the body is not a protobuf ExportTraceServiceRequest"),
        (b"{", {"Content-Type": "application/json"}, "the body is not a JSON ExportTraceServiceRequest"),
        (b"[" * 100_000, {"Content-Type": "application/json"}, "the JSON is nested too deep"),
        (json.dumps({"resourceSpans": 1}).encode(), {"Content-Type": "application/json"}, "the body is not a JSON"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":-Infinity}]}]}]}', JSON, "the body is not a JSON"),
        (b'{"resourceSpans":[{"resource":{"attributes":[{"key":"\\ud800"}]}}]}', JSON, "the body is not a JSON"),
        (b"", {"Content-Type": "text/plain"}, "Content-Type: 'text/plain': expected application/x-protobuf or"),
        (b"no gzip", PROTOBUF | {"Content-Encoding": "gzip"}, "the body cannot be read or decompressed"),
    ],
)
async def test_a_body_that_is_not_a_request_is_refused(
    otlp: Client, data: bytes, headers: dict[str, str], part: str
) -> None:
    """With 400, so that an exporter does not retry."""
    answer = await otlp.post("/v1/traces", data=data, headers=headers)
    assert answer.status == 400
    assert part in (await answer.json())["message"]


@pytest.mark.parametrize("signal", ["metrics", "logs"])
async def test_other_signals_are_not_supported(otlp: Client, signal: str) -> None:
    """404 names the path that is."""
    answer = await otlp.post(f"/v1/{signal}", data=b"", headers=PROTOBUF)
    message = f"/v1/{signal} is not supported: expected /v1/traces"
    assert (answer.status, (await answer.json())["message"]) == (404, message)
