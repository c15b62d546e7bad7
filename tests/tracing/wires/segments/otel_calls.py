"""Spans of calls of AWS, databases and queues as OpenTelemetry's instrumentations write them."""

from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from cruddur_tracing.recording.span import Span
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.otel_requests import OLD_SERVER, child
from tests.tracing.wires.segments.spans import Traced

BOTOCORE = {
    "rpc.system": "aws-api",
    "rpc.service": "DynamoDB",
    "rpc.method": "PutItem",
    "aws.region": "us-east-1",
    "aws.request_id": "3AIENM5J4ELQ3SPODHKBIRVIC3",
    "aws.dynamodb.table_names": ["carts"],
    "retry_attempts": 0,
    "http.status_code": 200,
}
POSTGRES = {
    "db.system": "postgresql",
    "db.name": "shop",
    "db.user": "ada",
    "db.statement": "SELECT * FROM carts WHERE id = %s",
    "net.peer.name": "db.example.com",
    "net.peer.port": 5432,
}


def dynamodb(trace: Traced) -> list[Span]:
    return child(trace, "DynamoDB.PutItem", SpanKind.CLIENT, BOTOCORE)


def sqs(trace: Traced) -> list[Span]:
    return child(
        trace,
        "orders send",
        SpanKind.PRODUCER,
        {
            "rpc.system": "aws-api",
            "rpc.service": "SQS",
            "rpc.method": "SendMessage",
            "messaging.system": "aws.sqs",
            "messaging.url": "https://sqs.us-east-1.amazonaws.com/1/orders",
            "messaging.destination": "orders",
            "aws.region": "us-east-1",
        },
    )


def aws_fields(trace: Traced) -> list[Span]:
    return child(
        trace,
        "call",
        SpanKind.CLIENT,
        {
            "rpc.system": "aws-api",
            "aws.service": "kinesis",
            "aws.operation": "PutRecord",
            "aws.account_id": "123456789012",
            "aws.queue_url": "https://sqs/q",
            "aws.table_name": "t",
            "aws.requestId": "r",
            "aws.dynamodb.table_names": ["a", "b"],
        },
    )


def grpc(trace: Traced) -> list[Span]:
    attributes = {"rpc.system": "grpc", "rpc.service": "shop.Carts", "rpc.method": "Get", "rpc.grpc.status_code": 0}
    return child(trace, "shop.Carts/Get", SpanKind.CLIENT, attributes)


def postgres(trace: Traced) -> list[Span]:
    return child(trace, "SELECT shop", SpanKind.CLIENT, POSTGRES)


def database_url(trace: Traced) -> list[Span]:
    connection = {"db.connection_string": "jdbc:mysql://db.example.com:3306/shop", "db.system": "mysql"}
    return child(trace, "SELECT", SpanKind.CLIENT, {**POSTGRES, **connection})


def database_new(trace: Traced) -> list[Span]:
    return child(
        trace,
        "SELECT carts",
        SpanKind.CLIENT,
        {
            "db.system.name": "postgresql",
            "db.namespace": "shop",
            "db.query.text": "SELECT 1",
            "server.address": "db.example.com",
            "server.port": 5432,
        },
    )


def redis(trace: Traced) -> list[Span]:
    attributes = {"db.system": "redis", "db.statement": "GET ?", "net.peer.name": "cache", "net.peer.port": 6379}
    return child(trace, "GET", SpanKind.CLIENT, attributes)


def messaging(trace: Traced) -> list[Span]:
    root = trace.root(attributes=OLD_SERVER)
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
    sent = start_child(root, "orders publish", kind=SpanKind.PRODUCER, attributes=attributes)
    received = start_child(root, "orders process", kind=SpanKind.CONSUMER, attributes=attributes)
    return [root, sent, received]


def consumer_root(trace: Traced) -> list[Span]:
    """What a worker does with a message, in the trace of who sent it."""
    parent = SpanContext(trace.recording.trace_id, 0x53995C3F42CD8AD8, True, TraceFlags(1))
    root = trace.root("orders process", SpanKind.CONSUMER, parent_id=parent.span_id, parent_context=parent)
    return [root, start_child(root, "step")]
