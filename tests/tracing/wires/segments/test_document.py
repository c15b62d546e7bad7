"""What one span becomes, where neither the stock SDK nor the collector's exporter is the measure."""

import json
import re
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Link, SpanContext, SpanKind

from cruddur_tracing.recording.span import Span
from cruddur_tracing.wires.segments.document import Documents
from cruddur_tracing.wires.segments.http import url_host
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.spans import Document, document_of, subsegment_of, traced

HTTP = {"http.method": "GET", "http.host": "shop", "http.target": "/cart"}


def root_of(name: str = "GET /", kind: SpanKind = SpanKind.SERVER, **more: Any) -> Document:
    """Return the document of a local root."""
    return document_of(traced().root(name, kind, **more))


def test_a_segment_has_the_services_name_and_keeps_the_spans() -> None:
    """X-Ray groups by the one, and the other says which route it was."""
    document = root_of("GET /cart/<id>", attributes=HTTP)
    assert document["name"] == "backend-flask"
    assert document["metadata"]["default"] == {"otel.span.name": "GET /cart/<id>"}
    assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", document["trace_id"])
    assert re.fullmatch("[0-9a-f]{16}", document["id"])
    assert "parent_id" not in document


def test_times_are_exact() -> None:
    """Nanoseconds, and times at the beginning of the epoch."""
    span = traced().root(start_time=1_764_403_285_123_456_789)
    span._end_time = 1_764_403_286_000_000_001
    text = Documents().document(span)[0]
    assert b'"start_time":1764403285.123456789,"end_time":1764403286.000000001,' in text
    span._end_time = 1_764_403_284_999_999_999  # by a clock that was set back
    assert b'"start_time":1764403285.123456789,"end_time":1764403284.999999999,' in Documents().document(span)[0]
    early = start_child(span, "early", start_time=5)
    early._end_time = 2_000_000_000
    assert (document_of(early)["start_time"], document_of(early)["end_time"]) == (5e-9, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "span"),
        ("<>", "span"),
        ("a\nb\t\x00c", "abc"),
        ("x" * 70_000, "x" * 200),
        ("naïve 数 ٣", "naïve 数 ٣"),
        ("\ud800", "span"),
        (7, "7"),
    ],
)
def test_names_are_those_that_xray_takes(name: Any, expected: str) -> None:
    """Other characters are dropped, and what is beyond 200."""
    assert subsegment_of(name)["name"] == expected


@pytest.mark.parametrize(
    ("attributes", "request_", "response"),
    [
        ({"http.method": ["GET"], "http.url": 7}, {"method": "['GET']", "url": "7"}, None),
        ({"http.scheme": {"a": 1}, "http.host": "h"}, {"url": "{'a': 1}://h/"}, None),
        ({"http.status_code": "404"}, {}, {"status": 404}),
        ({"http.status_code": "teapot"}, {}, None),
        ({"http.status_code": 2**70}, {}, None),
        ({"http.method": "GET", "http.status_code": [200]}, {"method": "GET"}, None),
        ({"http.method": "GET", "http.response_content_length": 7}, {"method": "GET"}, {"content_length": 7}),
        ({"http.request.method": "GET", "http.response.body.size": 7}, {"method": "GET"}, {"content_length": 7}),
        ({"http.method": "GET", "client.address": "unix:/run/x"}, {"method": "GET"}, None),
        ({"http.method": "GET", "client.address": "2001:db8::1"}, {"method": "GET", "client_ip": "2001:db8::1"}, None),
        ({"http.client_ip": "10.0.0.1", "net.peer.ip": "10.0.0.2"}, {"client_ip": "10.0.0.1"}, None),
        ({"url.scheme": "https", "server.address": "h", "server.port": 443}, {"url": "https://h/"}, None),
        ({"http.target": "/p?secret=1"}, {}, None),
        ({"url.path": "/p", "url.query": "secret=1", "server.address": "h"}, {"url": "http://h/p"}, None),
        ({"http.target": "/p?secret=1", "net.host.name": "h", "net.host.port": "80"}, {"url": "http://h/p"}, None),
    ],
)  # fmt: skip
def test_http(attributes: dict[str, Any], request_: dict[str, Any], response: dict[str, Any] | None) -> None:
    """Attributes of an unexpected type never cost the document."""
    span = traced().root()
    span._attributes.update(attributes)
    http = document_of(span)["http"]
    assert http["request"].items() >= request_.items()
    assert http.get("response") == response


def test_what_xrays_api_wrote_comes_first() -> None:
    """It is put into what the attributes say, field by field; odd values become text."""
    span = traced().root(attributes=HTTP | {"http.status_code": 200})
    span.xray_data().http = {
        "request": {"url": "http://other/", "odd": object},
        "response": {"status": 429, "content_length": 5},
    }
    document = document_of(span)
    assert document["http"] == {
        "request": {"method": "GET", "url": "http://other/", "odd": "<class 'object'>"},
        "response": {"status": 429, "content_length": 5},
    }
    assert (document["error"], document["throttle"]) == (True, True)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:secret@api.example.com:8443/v1?q#f", "api.example.com"),
        ("http://[2001:db8::1]:80/", "[2001:db8::1]"),
        ("http://api?q", "api"),
        ("/relative", ""),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_host_of_a_url(url: Any, host: str) -> None:
    assert url_host(url) == host


def test_flags_that_xrays_api_set_win() -> None:
    """Both ways: an app may say that a 500 is no fault."""
    span = traced().root(attributes=HTTP | {"http.status_code": 500})
    span.xray_data().fault = False
    span.xray_data().throttle = True
    assert {key for key in document_of(span) if key in ("fault", "error", "throttle")} == {"throttle"}


def test_annotations_have_keys_and_values_that_xray_takes() -> None:
    """Other characters of a key become underscores, a text has 1,000 characters, a number is one."""
    span = traced().root()
    span.xray_data().annotations = {
        "tier-1 ü.x": "gold",
        "long": "é" * 1_001,
        "nan": float("nan"),
        "big": 2**64,
        "list": [1],  # type: ignore[dict-item]
        7: True,  # type: ignore[dict-item]
    }
    document = document_of(span)
    assert document["annotations"] == {
        "tier_1__.x": "gold",
        "long": "é" * 999 + "…",
        "nan": "nan",
        "big": "18446744073709551616",
        "list": "[1]",
        "7": True,
    }
    assert document["metadata"]["cruddur_tracing"] == {"trimmed": ["annotations.long"]}


def test_annotations_of_both_apis() -> None:
    """X-Ray's wins where both have a key; what is no scalar stays metadata."""
    attributes = {"aws.xray.annotations": ["a", "b", "list"], "a": 1, "b": 2, "list": ["x"], "c": 3}
    span = traced().root(attributes=attributes)
    span.xray_data().annotations = {"a": "x", "d": 4}
    document = document_of(span)
    assert document["annotations"] == {"a": "x", "b": 2, "d": 4}
    assert document["metadata"]["default"] == {"list": ["x"], "c": 3, "otel.span.name": "GET /"}


def test_metadata_of_both_apis() -> None:
    """X-Ray's wins where both have a key; a namespace is always an object."""
    span = traced().root(attributes={"a": 1, "b": 2, "aws.xray.metadata.debug": '{"x": 1, "y": 2}'})
    span.xray_data().metadata = {"default": {"a": "x"}, "debug": {"y": 3}, "odd": 7}  # type: ignore[dict-item]
    assert document_of(span)["metadata"] == {
        "default": {"a": "x", "b": 2, "otel.span.name": "GET /"},
        "debug": {"x": 1, "y": 3},
        "odd": {"value": 7},
    }


def test_events_are_metadata() -> None:
    """X-Ray has no events; exceptions are in `cause`."""
    span = traced().root()
    span.add_event("cart.emptied", {"items": 3}, 1_764_403_285_500_000_000)
    events = document_of(span)["metadata"]["default"]["otel.events"]
    assert events == [{"name": "cart.emptied", "time": 1764403285.5, "attributes": {"items": 3}}]


def test_a_link_without_a_trace_is_left_out() -> None:
    """X-Ray takes no zero ids."""
    span = traced().root()
    span._links = [Link(SpanContext(0, 0, False), {"a": 1}), Link(SpanContext(1, 2, False))]
    assert document_of(span)["links"] == [{"trace_id": "1-00000000-000000000000000000000001", "id": "0000000000000002"}]


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"http.method": "GET", "http.url": "https://api.example.com/v1"}, "api.example.com"),
        ({"rpc.system": "aws-api", "rpc.service": "Secrets Manager"}, "secretsmanager"),
        ({"aws.service": "DynamoDB"}, "dynamodb"),
        ({"db.name": 7, "db.connection_string": ["x"]}, "7"),
        ({"peer.service": ["a"]}, "['a']"),
        ({}, "call"),
    ],
)
def test_names_of_calls(attributes: dict[str, Any], name: str) -> None:
    """A host where one is known; a value of an unexpected type is text."""
    document = subsegment_of("call", SpanKind.CLIENT, attributes=attributes)
    assert re.sub(r"[()',]", "", document["name"]) == re.sub(r"[\[\]']", "", name)
    assert document["namespace"] == ("aws" if {"aws.service", "rpc.system"} & attributes.keys() else "remote")


def test_sql_in_the_new_conventions() -> None:
    """A system that was renamed has the name that X-Ray knows, and odd types are no query."""
    attributes = {"db.system.name": "microsoft.sql_server", "db.namespace": "shop", "db.query.text": "SELECT 1"}
    assert subsegment_of("SELECT", SpanKind.CLIENT, attributes=attributes)["sql"] == {
        "database_type": "mssql",
        "sanitized_query": "SELECT 1",
    }
    assert "sql" not in subsegment_of(attributes={"db.system": ["mysql"]})


def test_constants_are_made_once_for_a_resource_and_a_rule() -> None:
    """A process that was forked has another resource."""
    trace = traced({"service.name": "first"}, rule="a")
    documents = Documents()
    assert sampled(documents, trace.root()) == ("a", "first")
    trace.recording.rule = "b"
    assert sampled(documents, trace.root()) == ("b", "first")
    trace.recording.pipeline.describe(Resource({"service.name": "second"}))
    trace.recording.rule = None
    assert sampled(documents, trace.root()) == (None, "second")


def sampled(documents: Documents, span: Span) -> tuple[str | None, str]:
    """Return the rule and the resource's service in a document."""
    document = document_of(span, documents)
    xray = document["aws"]["xray"]
    return xray.get("sampling_rule_name"), document["metadata"]["default"]["otel.resource.service.name"]


def test_rules_of_any_number() -> None:
    """The texts that are kept for them are bounded."""
    trace = traced()
    documents = Documents()
    for number in range(500):
        trace.recording.rule = f"rule {number}"
        assert document_of(trace.root(), documents)["aws"]["xray"]["sampling_rule_name"] == f"rule {number}"
    assert len(documents._constants._texts) <= 100


def test_aws_of_a_segment() -> None:
    """What an app set is beside what the plugins found."""
    span = traced(documents=None).root()
    span.xray_data().aws = {"operation": "x", "ec2": {"instance_id": "mine"}}
    document = document_of(span, Documents("AWS::EC2::Instance", {"ec2": {"instance_id": "i"}, "account_id": "1"}))
    assert document["aws"]["account_id"] == "1"
    assert document["aws"]["ec2"] == {"instance_id": "mine"}
    assert document["origin"] == "AWS::EC2::Instance"


def test_half_a_surrogate_costs_one_character() -> None:
    """The document is UTF-8; all other text is whole."""
    span = traced().root("grün", attributes={"k": "ü\ud800"})
    text, _ = Documents().document(span) if not span.is_recording() else Documents().document(ended(span))
    assert json.loads(text)["metadata"]["default"] == {"k": "ü?", "otel.span.name": "grün"}


def ended(span: Span) -> Span:
    """Return the span with an end."""
    span._end_time = span._start_time
    return span
