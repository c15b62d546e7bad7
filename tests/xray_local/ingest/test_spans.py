import json
from typing import Any

import pytest

from tests.xray_local.samples import NOW, trace_id
from xray_local.ingest.spans import SpanError, decode
from xray_local.traces.documents import Document, parse_segment

W3C = trace_id(1)[2:].replace("-", "")
JSON = "application/json; charset=utf-8"


def typed(value: Any) -> dict[str, Any]:
    """Return a value in OTLP's JSON."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [typed(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": typed(value)} for key, value in attributes.items()]


def decoded(resource: dict[str, Any] | None = None, **span: Any) -> Document:
    """Decode one span of one second; its kind is CLIENT by default."""
    whole: dict[str, Any] = {
        "traceId": W3C,
        "spanId": f"{1:016x}",
        "parentSpanId": f"{2:016x}",
        "name": "work",
        "kind": 3,
    }
    whole |= {"startTimeUnixNano": str(int(NOW * 1e9)), "endTimeUnixNano": str(int((NOW + 1) * 1e9)), **span}
    whole["attributes"] = pairs(whole.get("attributes", {}))
    scopes = [{"scope": {"name": "lib", "version": "1"}, "spans": [whole]}]
    attributes = pairs({"service.name": "shop", "telemetry.sdk.language": "python"} if resource is None else resource)
    request = {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": scopes}]}
    [document] = decode(json.dumps(request).encode(), JSON).documents
    assert parse_segment(document.text)._replace(kind="span") == document
    return document


def test_a_server_span_is_a_segment() -> None:
    """With the name of the service; metadata has that of the span."""
    document = decoded(kind=2)
    assert (document.trace_id, document.id, document.parent_id) == (trace_id(1), f"{1:016x}", f"{2:016x}")
    assert (document.name, document.kind, document.start_time, document.end_time) == ("shop", "span", NOW, NOW + 1)
    assert "type" not in document.body
    assert document.body["metadata"]["otel"]["name"] == "work"
    assert document.body["aws"]["xray"]["sdk"] == "opentelemetry python"


@pytest.mark.parametrize(
    ("kind", "parent", "segment"), [(1, "", True), (5, "2", True), (1, "2", False), (3, "2", False)]
)
def test_roots_and_consumers_are_segments_and_the_rest_subsegments(kind: int, parent: str, *, segment: bool) -> None:
    """By kind and parent."""
    document = decoded(kind=kind, parentSpanId=parent.zfill(16) if parent else "")
    assert (document.name, document.body.get("type")) == (("shop", None) if segment else ("work", "subsegment"))


@pytest.mark.parametrize(
    ("attributes", "http"),
    [
        (
            {"http.request.method": "GET", "url.full": "http://a/b", "http.response.status_code": 200},
            {"request": {"method": "GET", "url": "http://a/b"}, "response": {"status": 200}},
        ),
        (
            {"http.method": "GET", "http.url": "http://a/b", "http.status_code": 200, "http.user_agent": "curl"},
            {"request": {"method": "GET", "url": "http://a/b", "user_agent": "curl"}, "response": {"status": 200}},
        ),
        (
            {
                "http.request.method": "GET",
                "url.scheme": "http",
                "server.address": "a",
                "server.port": 4567,
                "url.path": "/b",
                "url.query": "c=d",
                "client.address": "10.0.0.1",
            },
            {"request": {"method": "GET", "url": "http://a:4567/b?c=d", "client_ip": "10.0.0.1"}},
        ),
        (
            {
                "http.method": "GET",
                "http.scheme": "https",
                "http.host": "a:443",
                "http.target": "/b",
                "net.host.port": 443,
            },
            {"request": {"method": "GET", "url": "https://a:443/b"}},
        ),
        ({"url.full": "http://a/b"}, None),
    ],
)
def test_http_is_read_from_both_conventions(attributes: dict[str, Any], http: dict[str, Any] | None) -> None:
    """The stable names first, then the older ones; without a method there is no request."""
    assert decoded(attributes=attributes).body.get("http") == http


@pytest.mark.parametrize(
    ("status", "code", "flags"),
    [
        (200, 0, {}),
        (404, 0, {"error": True}),
        (404, 2, {"error": True}),
        (429, 0, {"throttle": True, "error": True}),
        (500, 0, {"fault": True}),
        (None, 2, {"fault": True}),
        (None, 1, {}),
    ],
)
def test_flags_follow_the_status_of_http_and_span(status: int | None, code: int, flags: dict[str, bool]) -> None:
    """4xx is an error, also with an error status of the span."""
    attributes = {"http.request.method": "GET"} | ({"http.response.status_code": status} if status else {})
    body = decoded(attributes=attributes, status={"code": code}).body
    assert {name: body[name] for name in ("error", "fault", "throttle") if name in body} == flags


def test_an_exception_event_is_a_cause() -> None:
    """It is still an event."""
    attributes = {"exception.type": "ValueError", "exception.message": "no", "exception.stacktrace": "Traceback"}
    event = {"timeUnixNano": str(int(NOW * 1e9)), "name": "exception", "attributes": pairs(attributes)}
    body = decoded(events=[event, {"name": "other"}]).body
    [exception] = body["cause"]["exceptions"]
    assert exception == {"id": f"{2:016x}", "type": "ValueError", "message": "no", "stacktrace": "Traceback"}
    assert body["metadata"]["otel"]["events"][0] == {"time": NOW, "name": "exception", "attributes": attributes}


def test_simple_attributes_are_annotations_and_all_are_metadata() -> None:
    """Keys keep their dots."""
    attributes = {"app.text": "a", "app.number": 1.5, "app.flag": True, "app.list": [1, "b"], "app.map": {"c": 2}}
    body = decoded(attributes=attributes).body
    assert body["annotations"] == {"app.text": "a", "app.number": 1.5, "app.flag": True}
    assert body["metadata"]["otel"]["attributes"] == attributes


def test_nan_and_infinity_are_text() -> None:
    """JSON has no numbers for them."""
    attributes = [{"key": "n", "value": {"doubleValue": "NaN"}}, {"key": "i", "value": {"doubleValue": "-Infinity"}}]
    request = {"traceId": W3C, "spanId": f"{1:016x}", "name": "work", "attributes": attributes}
    [document] = decode(
        json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [request]}]}]}).encode(), JSON
    ).documents
    assert document.body["annotations"] == {"n": "nan", "i": "-inf"}


def test_the_number_and_length_of_attributes_are_limited() -> None:
    """128 attributes of 4,096 characters; dropped ones are counted."""
    otel = decoded(attributes={f"key-{number}": "x" for number in range(130)}).body["metadata"]["otel"]
    assert (len(otel["attributes"]), otel["dropped"]) == (128, {"attributes": 2})
    assert decoded(attributes={"key": "x" * 5000}).body["annotations"] == {"key": "x" * 4096}


def test_a_span_that_has_not_ended_is_in_progress() -> None:
    """Exporters of live views send such spans."""
    document = decoded(endTimeUnixNano="0")
    assert (document.end_time, document.body["in_progress"]) == (None, True)


def test_a_service_without_a_name_is_unknown() -> None:
    """As in OpenTelemetry."""
    assert decoded(resource={}, kind=2).name == "unknown_service"
    assert decoded(resource={}).body["aws"] == {"xray": {"sdk": "opentelemetry"}}


def test_a_client_span_is_a_remote_call() -> None:
    """To AWS, if the attributes name it."""
    assert decoded().body["namespace"] == "remote"
    assert decoded(attributes={"rpc.system": "aws-api"}).body["namespace"] == "aws"
    assert "namespace" not in decoded(kind=1).body


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        ({"traceId": "00" * 16}, "trace id of span 'work': '0000"),
        ({"traceId": "ab"}, "trace id of span 'work': 'ab': expected 16 bytes"),
        ({"spanId": ""}, "id of span 'work': '': expected 8 bytes"),
        ({"parentSpanId": "ab"}, "parent id of span 'work': 'ab': expected 8 bytes"),
    ],
)
def test_only_the_span_with_a_wrong_id_is_refused(span: dict[str, str], reason: str) -> None:
    """The next span is decoded."""
    good = {"traceId": W3C, "spanId": f"{1:016x}", "name": "work"}
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [good | span, good]}]}]}
    found = decode(json.dumps(request).encode(), JSON)
    assert len(found.documents) == 1
    assert found.refused[0].startswith(reason)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"\xff\xff\xff", "application/x-protobuf", "the body is not a protobuf ExportTraceServiceRequest"),
        (b"[]", JSON, "the body is not a JSON ExportTraceServiceRequest"),
        (
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "xyz"}]}]}]}',
            JSON,
            "spanId: 'xyz': expected hex",
        ),
        (b"[" * 100_000, JSON, "the JSON is nested too deep"),
        (b"{}", "text/plain", "Content-Type: 'text/plain': expected application/x-protobuf or application/json"),
    ],
)
def test_a_body_that_is_not_a_request_is_refused(body: bytes, kind: str, reason: str) -> None:
    """With what is expected."""
    with pytest.raises(SpanError) as caught:
        decode(body, kind)
    assert str(caught.value).startswith(reason)
