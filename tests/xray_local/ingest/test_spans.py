import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.xray_local.otlp import JSON, W3C, decoded, pairs, request, span
from tests.xray_local.samples import NOW, trace_id
from xray_local.ingest.spans import SpanError, decode


def test_a_server_span_is_a_segment() -> None:
    """With the name of the service; metadata has that of the span."""
    document = decoded(kind=2)
    assert (document.trace_id, document.id, document.parent_id) == (trace_id(1), f"{1:016x}", f"{2:016x}")
    assert (document.name, document.wire, document.start_time, document.end_time) == ("shop", "otlp", NOW, NOW + 1)
    assert "type" not in document.body
    assert document.body["metadata"]["otel"]["name"] == "work"
    assert document.body["aws"]["xray"] == {"auto_instrumentation": False}


LOCAL, REMOTE = 0x100, 0x300


@pytest.mark.parametrize(
    ("span", "segment"),
    [
        ({"kind": 1, "parentSpanId": ""}, True),
        ({"kind": 1, "parentSpanId": "0" * 16}, True),
        ({"kind": 2, "flags": LOCAL}, True),
        ({"kind": 5}, True),
        ({"kind": 1}, False),
        ({"kind": 3}, False),
        ({"kind": 1, "flags": LOCAL | 1}, False),
        ({"kind": 1, "flags": REMOTE | 1}, True),
        ({"kind": 1, "attributes": {"aws.span.kind": "LOCAL_ROOT"}}, True),
    ],
)
def test_local_roots_servers_and_consumers_are_segments_and_the_rest_subsegments(
    span: dict[str, Any], *, segment: bool
) -> None:
    """A parent in another process makes a local root."""
    document = decoded(**span)
    assert (document.name, document.body.get("type")) == (("shop", None) if segment else ("work", "subsegment"))
    assert document.parent_id == (f"{2:016x}" if span.get("parentSpanId") is None else None)


def test_a_segment_may_name_another_service_than_its_resource() -> None:
    """As with the X-Ray SDK's dynamic naming; characters that X-Ray refuses are left out of any name."""
    assert decoded(kind=2, attributes={"aws.local.service": "shop.example.com"}).name == "shop.example.com"
    assert decoded(name="GET /<id>?").name == "GET /id"
    assert decoded(name="<>").name == "span"
    assert decoded(name="x" * 300).name == "x" * 200


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
    body = decoded(kind=1, events=[event, {"name": "other"}]).body
    [exception] = body["cause"]["exceptions"]
    assert exception == {"id": f"{2:016x}", "type": "ValueError", "message": "no"}
    assert body["metadata"]["otel"]["events"][0] == {"time": NOW, "name": "exception", "attributes": attributes}


def test_links_have_xrays_form() -> None:
    """With their attributes, if they have any."""
    link = {"traceId": W3C, "spanId": f"{7:016x}"}
    links = decoded(links=[link, link | {"attributes": pairs({"why": "batch"})}]).body["links"]
    known = {"trace_id": trace_id(1), "id": f"{7:016x}"}
    assert links == [known, known | {"attributes": {"why": "batch"}}]


@pytest.mark.parametrize("key", ["enduser.id", "user.id"])
def test_a_user_is_the_user(key: str) -> None:
    """In either convention."""
    assert decoded(attributes={key: "ann"}).body["user"] == "ann"
    assert "user" not in decoded(attributes={key: 5}).body


def test_simple_attributes_are_annotations_and_all_are_metadata() -> None:
    """Keys keep their dots."""
    attributes = {"app.text": "a", "app.number": 1.5, "app.flag": True, "app.list": [1, "b"], "app.map": {"c": 2}}
    body = decoded(attributes=attributes).body
    assert body["annotations"] == {"app.text": "a", "app.number": 1.5, "app.flag": True}
    assert body["metadata"]["otel"]["attributes"] == attributes


def test_what_the_tracing_library_adds_is_read() -> None:
    """Fields of X-Ray that OpenTelemetry has no attributes for."""
    added = {"aws.xray.origin": "AWS::ECS::Container", "aws.xray.precursor_ids": ["ab12"], "aws.xray.cause": "cd34"}
    body = decoded(attributes=added).body
    assert (body["origin"], body["precursor_ids"], body["cause"]) == ("AWS::ECS::Container", ["ab12"], "cd34")


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
    for running in ({"endTimeUnixNano": "0"}, {"attributes": {"aws.xray.inprogress": True}}):
        document = decoded(**running)
        assert (document.end_time, document.body["in_progress"]) == (None, True)


def test_a_call_that_is_a_local_root_is_a_subsegment_of_a_segment() -> None:
    """As the exporter makes two documents of it: the service with the result, and the call."""
    attributes: dict[str, Any] = {
        "aws.span.kind": "LOCAL_ROOT",
        "aws.local.service": "job",
        "server.address": "a.example",
    }
    attributes |= {"http.request.method": "GET", "http.response.status_code": 503, "enduser.id": "ann"}
    body = json.dumps(request(span(parentSpanId=f"{9:016x}", attributes=attributes))).encode()
    segment, call = (document.body for document in decode(body, JSON).documents)
    assert (segment["name"], segment["parent_id"], segment["fault"], segment["user"]) == (
        "job",
        f"{9:016x}",
        True,
        "ann",
    )
    assert not {"http", "namespace", "type"} & segment.keys()
    assert (call["name"], call["type"], call["namespace"]) == ("a.example", "subsegment", "remote")
    assert (call["id"], call["parent_id"]) == (f"{1:016x}", segment["id"])
    assert [document.id for document in decode(body, JSON).documents] == [segment["id"], call["id"]]


@pytest.mark.parametrize(("kind", "namespace"), [(1, None), (2, None), (3, "remote"), (4, "remote"), (5, None)])
def test_a_root_that_is_a_call_has_its_namespace(kind: int, namespace: str | None) -> None:
    """As the exporter has it; it is a segment nevertheless."""
    body = decoded(kind=kind, parentSpanId="").body
    assert (body.get("type"), body.get("namespace")) == (None, namespace)


def test_a_service_without_a_name_is_unknown() -> None:
    """As in OpenTelemetry."""
    assert decoded(resource={}, kind=2).name == "unknown_service"


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


KNOWN = (
    "aws.dynamodb.table_names aws.local.service aws.operation aws.remote.service aws.service aws.span.kind "
    "aws.xray.annotations aws.xray.inprogress aws.xray.metadata.a client.address cloud.platform cloud.provider "
    "db.connection_string db.name db.namespace db.system db.system.name enduser.id exception.message "
    "exception.stacktrace exception.type host.id http.client_ip http.host http.method http.response.body.size "
    "http.status_code http.target http.url net.peer.ip net.peer.name net.peer.port peer.service rpc.service rpc.system "
    "server.address server.port service.instance.id service.name service.version telemetry.sdk.language url.full"
)
TEXTS = some.sampled_from(
    [
        "",
        "aws",
        "aws-api",
        "aws_ecs",
        "python",
        "postgresql",
        "http://[",
        "{}",
        "::1",
        "a\nb",
        '  File "a", line 1, in b',
    ]
)
VALUES = some.recursive(
    some.booleans() | some.integers(-(2**63), 2**63 - 1) | some.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda values: (
        some.lists(values, max_size=2) | some.dictionaries(some.sampled_from(KNOWN.split()), values, max_size=2)
    ),
    max_leaves=4,
)
ATTRIBUTES = some.dictionaries(some.sampled_from(KNOWN.split()), VALUES)


@settings(max_examples=50)
@given(ATTRIBUTES, ATTRIBUTES, ATTRIBUTES, some.integers(0, 6), some.integers(0, 2))
def test_an_attribute_may_have_any_value(
    attributes: dict[str, Any], resource: dict[str, Any], event: dict[str, Any], kind: int, status: int
) -> None:
    """What is stored reads the same, and has a name."""
    events = [{"name": "exception", "attributes": pairs(event)}]
    document = decoded(resource, attributes=attributes, kind=kind, status={"code": status}, events=events)
    assert document.name
