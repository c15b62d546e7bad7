from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from xray_local.ingest.translator.calls import aws_block, describe_call, sql_block

INTERNAL, CLIENT, PRODUCER = Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER


@pytest.mark.parametrize(
    ("kind", "attributes", "name", "namespace"),
    [
        (INTERNAL, {}, "work", None),
        (CLIENT, {}, "work", "remote"),
        (PRODUCER, {"net.peer.name": "queue.example"}, "queue.example", "remote"),
        (INTERNAL, {"peer.service": "users", "aws.remote.service": "other"}, "users", None),
        (CLIENT, {"peer.service": "users", "aws.remote.service": "other"}, "other", "remote"),
        (CLIENT, {"rpc.system": "aws-api", "rpc.service": "DynamoDB", "server.address": "a"}, "dynamodb", "aws"),
        (CLIENT, {"rpc.system": "aws-api", "rpc.service": "CloudWatch Logs"}, "logs", "aws"),
        (CLIENT, {"rpc.system": "aws-api", "aws.remote.service": "AWS::SQS"}, "SQS", "aws"),
        (CLIENT, {"rpc.system": "aws-api", "aws.remote.service": "AWS.SDK.S3"}, "S3", "aws"),
        (INTERNAL, {"aws.service": "S3"}, "s3", "aws"),
        (CLIENT, {"aws.service": "Work", "rpc.system": "aws-api"}, "work", "aws"),
        (CLIENT, {"rpc.system": "grpc", "rpc.service": "shop.Orders"}, "shop.Orders", "remote"),
        (
            CLIENT,
            {"db.name": "orders", "db.connection_string": "jdbc:mysql://db.example:3306"},
            "orders@db.example",
            "remote",
        ),
        (CLIENT, {"db.name": "orders", "net.peer.name": "db.example"}, "orders", "remote"),
        (CLIENT, {"db.namespace": "orders", "server.address": "db.example"}, "orders@db.example", "remote"),
        (CLIENT, {"http.host": "a.example:81", "net.peer.name": "b"}, "a.example:81", "remote"),
        (CLIENT, {"server.address": "a.example", "url.full": "http://b.example/"}, "a.example", "remote"),
        (CLIENT, {"http.url": "http://b.example:81/c"}, "b.example", "remote"),
        (INTERNAL, {"server.address": "a.example"}, "work", None),
        (CLIENT, {"peer.service": ["a"], "db.name": 5}, "work", "remote"),
    ],
)
def test_a_call_has_the_name_of_what_is_called(
    kind: Span.SpanKind.ValueType, attributes: dict[str, Any], name: str, namespace: str | None
) -> None:
    """By AWS's attributes, peer.service, the database, the RPC service or the host; else the span's."""
    assert describe_call(Span(name="work", kind=kind), attributes) == (name, namespace)


def test_a_call_that_the_sdk_recorded_keeps_its_name() -> None:
    """The name of the span is that of the service already."""
    assert describe_call(Span(name="MyTable"), {"aws.service": "MyTable"}) == ("MyTable", "aws")


@pytest.mark.parametrize(
    ("attributes", "aws"),
    [
        ({"rpc.system": "grpc", "rpc.method": "Get", "cloud.region": "eu-west-1"}, {}),
        (
            {"rpc.system": "aws-api", "rpc.method": "GetItem", "cloud.region": "eu-west-1", "aws.request_id": "r"},
            {"operation": "GetItem", "region": "eu-west-1", "request_id": "r"},
        ),
        (
            {
                "aws.operation": "Send",
                "aws.account_id": "1",
                "aws.requestId": "r",
                "aws.queue.url": "q",
                "aws.region": "x",
            },
            {"account_id": "1", "operation": "Send", "region": "x", "request_id": "r", "queue_url": "q"},
        ),
        ({"rpc.system": "aws-api", "messaging.url": "m", "aws.queue_url": "q"}, {"queue_url": "m"}),
        ({"aws.table.name": "t"}, {"table_name": "t"}),
        ({"aws.dynamodb.table_names": ["t"], "aws.table_name": "u"}, {"table_name": "t"}),
        ({"aws.dynamodb.table_names": ["t", "u"], "aws.table_name": "t"}, {"table_names": ["t", "u"]}),
        ({"aws.dynamodb.table_names": []}, {}),
        (
            {"aws.bucket_name": "b", "aws.id_2": "x", "aws.service": "S3", "aws.local.service": "s", "aws.key": ""},
            {"bucket_name": "b", "id_2": "x"},
        ),
    ],
)
def test_a_call_to_aws_is_described(attributes: dict[str, Any], aws: dict[str, Any]) -> None:
    """Other calls have no such block."""
    assert aws_block(attributes) == aws


@pytest.mark.parametrize(
    ("attributes", "sql"),
    [
        ({"db.system": "redis", "db.statement": "GET a"}, {}),
        (
            {"db.system": "postgresql", "db.name": "orders", "db.user": "shop", "db.statement": "SELECT 1"},
            {
                "url": "work",
                "connection_string": "localhost/orders",
                "database_type": "postgresql",
                "user": "shop",
                "sanitized_query": "SELECT 1",
            },
        ),
        (
            {
                "db.system.name": "microsoft.sql_server",
                "db.namespace": "orders",
                "db.query.text": "SELECT 1",
                "server.address": "db.example",
                "server.port": 1433,
            },
            {
                "url": "work",
                "connection_string": "db.example:1433/orders",
                "database_type": "mssql",
                "sanitized_query": "SELECT 1",
            },
        ),
        (
            {"db.system": "mysql", "db.connection_string": "mysql://a", "aws.xray.sql.driver_version": "1"},
            {"url": "work", "connection_string": "mysql://a/", "database_type": "mysql", "driver_version": "1"},
        ),
    ],
)
def test_a_query_is_described_in_either_convention(attributes: dict[str, Any], sql: dict[str, Any]) -> None:
    """Only of SQL databases."""
    assert sql_block(Span(name="work"), attributes) == sql
