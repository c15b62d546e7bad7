"""What X-Ray's API wrote is in a span's attributes, under the names that AWS's exporters read.

tests/tracing/segments/test_collector.py shows that the collector's exporter makes the same documents of them.
"""

import json
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from cruddur_tracing.recording.attributes import complete
from cruddur_tracing.recording.limits import Limits
from cruddur_tracing.recording.span import Span
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.spans import traced


def child(name: str = "call", attributes: dict[str, Any] | None = None, **data: Any) -> Span:
    """Return a completed child with the given X-Ray data."""
    span = start_child(traced().root(), name, attributes=attributes)
    for field, value in data.items():
        setattr(span.xray_data(), field, value)
    complete(span)
    return span


def others(span: Span) -> dict[str, Any]:
    """Return the attributes without the list of annotations, of which there are none."""
    attributes = dict(span._attributes)
    assert attributes.pop("aws.xray.annotations") == ()
    return attributes


def test_annotations_are_attributes_and_listed() -> None:
    """The list goes on with the annotations of the app's own; what OTLP does not take is text."""
    written = {"tier": "gold", "n": 7, "nan": float("nan"), "big": 2**64}
    span = child(attributes={"aws.xray.annotations": ["a"], "a": 1}, annotations=written)
    assert span._attributes == {
        "aws.xray.annotations": ("a", "tier", "n", "nan", "big"),
        "a": 1,
        "tier": "gold",
        "n": 7,
        "nan": "nan",
        "big": "18446744073709551616",
    }


def test_a_list_of_annotations_that_is_none() -> None:
    """Another value under its name is replaced."""
    span = child(attributes={"aws.xray.annotations": "a"}, annotations={"b": 1})
    assert span._attributes["aws.xray.annotations"] == ("b",)


def test_metadata_is_json_by_namespace() -> None:
    """Objects of any type; a namespace is always an object."""
    span = child(metadata={"default": {"when": {1, 2}}, "odd": 7})
    assert json.loads(span._attributes["aws.xray.metadata.default"]) == {"when": [1, 2]}
    assert json.loads(span._attributes["aws.xray.metadata.odd"]) == {"value": 7}


def test_metadata_stays_json_whatever_the_limit_is() -> None:
    """A text that is cut in the middle could not be read: the longest values in it are cut."""
    span = start_child(traced().root(), "call")
    span.recording.pipeline.limits = Limits(span_text=200)
    span.xray_data().metadata["default"] = {"long": "x" * 1_000, "short": "y"}
    complete(span)
    text = span._attributes["aws.xray.metadata.default"]
    assert len(text) <= 200
    assert json.loads(text)["short"] == "y"


HTTP: dict[str, dict[str, Any]] = {
    "request": {"method": "GET", "url": "http://h/", "user_agent": "curl", "client_ip": "10.0.0.1"},
    "response": {"status": 404, "content_length": 7},
}


def test_http_in_the_old_conventions() -> None:
    """They are the default."""
    assert others(child(http=HTTP)) == {
        "http.method": "GET",
        "http.url": "http://h/",
        "http.user_agent": "curl",
        "net.peer.ip": "10.0.0.1",
        "http.status_code": 404,
        "http.response_content_length": 7,
    }


def test_http_in_the_new_conventions() -> None:
    """Where the span follows them; what it has already stays."""
    http: dict[str, Any] = {**HTTP, "request": {**dict(HTTP["request"]), "x_forwarded_for": True}}
    assert others(child(attributes={"http.request.method": "POST", "url.path": "/"}, http=http)) == {
        "http.request.method": "POST",
        "url.path": "/",
        "user_agent.original": "curl",
        "client.address": "10.0.0.1",
        "http.response.status_code": 404,
        "http.response.body.size": 7,
    }


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ("remote", {"peer.service": "call"}),
        ("aws", {"rpc.system": "aws-api", "aws.service": "call"}),
        ("local", {}),
        (None, {}),
    ],
)
def test_namespaces(namespace: str | None, expected: dict[str, str]) -> None:
    """Remote calls are client spans that are named after the subsegment."""
    span = child(namespace=namespace)
    assert others(span) == expected
    assert span._kind is (SpanKind.CLIENT if expected else SpanKind.INTERNAL)


def test_aws() -> None:
    """What AWS's exporters know has their name; the rest is under `aws.`, of any type."""
    aws = {
        "operation": "PutItem",
        "region": "us-east-1",
        "table_names": ["a", "b"],
        "counts": {"a": 1},
        "id_2": None,
        "xray": {"sdk": "x"},
    }
    assert others(child(aws=aws)) == {
        "aws.operation": "PutItem",
        "rpc.method": "PutItem",
        "aws.region": "us-east-1",
        "aws.dynamodb.table_names": ("a", "b"),
        "aws.counts": '{"a":1}',
    }


@pytest.mark.parametrize(
    ("database", "system"),
    [
        ("PostgreSQL", "postgresql"),
        ("postgresql+psycopg2", "postgresql"),
        ("MySQL", "mysql"),
        ("sqlite3", "sqlite"),
        ("unknown", "other_sql"),
        (None, "other_sql"),
    ],
)
def test_sql(database: str | None, system: str) -> None:
    """The database's type has OpenTelemetry's name."""
    sql = {"database_type": database, "sanitized_query": "SELECT 1", "driver_version": "2"}
    assert others(child(sql=sql)) == {
        "db.system": system,
        "db.statement": "SELECT 1",
        "aws.xray.sql.driver_version": "2",
    }


def test_flags() -> None:
    """A fault is an error of the span; so is an error that no status of a response tells of."""
    assert child(fault=True)._status.status_code is StatusCode.ERROR
    span = child(error=True, throttle=True)
    assert span._status.status_code is StatusCode.ERROR
    assert others(span) == {"aws.xray.error": True, "aws.xray.throttle": True}
    assert child(error=True, http=HTTP)._status.status_code is StatusCode.UNSET
    assert child(fault=True, http=HTTP)._attributes["aws.xray.fault"] is True
    assert "aws.xray.fault" not in child(fault=True, http={"response": {"status": 500}})._attributes
    assert child(fault=False)._status.status_code is StatusCode.UNSET


def test_texts() -> None:
    """What has no place in OpenTelemetry is there to be read."""
    span = child(user="ada", origin="AWS::EC2::Instance", cause_id="0" * 16, precursor_ids=["1" * 16])
    assert others(span) == {
        "enduser.id": "ada",
        "aws.xray.origin": "AWS::EC2::Instance",
        "aws.xray.cause": "0" * 16,
        "aws.xray.precursor_ids": ("1" * 16,),
    }


@pytest.mark.parametrize(
    ("kind", "service", "expected"),
    [
        (SpanKind.SERVER, "shop", {}),
        (SpanKind.SERVER, "www.example.com", {"aws.local.service": "www.example.com"}),
        (SpanKind.INTERNAL, "shop", {"aws.span.kind": "LOCAL_ROOT", "aws.local.service": "shop"}),
        (SpanKind.CLIENT, "shop", {"aws.span.kind": "LOCAL_ROOT", "aws.local.service": "shop"}),
        (SpanKind.CONSUMER, "shop", {}),
        (SpanKind.CONSUMER, "worker", {"aws.local.service": "worker"}),
    ],
)
def test_local_roots(kind: SpanKind, service: str, expected: dict[str, str]) -> None:
    """AWS's exporters name a segment after the service, and recognise one that they would take for a subsegment."""
    root = traced({"service.name": "shop"}, service=service).root(kind=kind)
    complete(root)
    assert root._attributes == expected


def test_nothing_is_added_to_a_span_of_opentelemetry() -> None:
    assert start_child(traced().root(), "call", attributes={"a": 1})._attributes == {"a": 1}
