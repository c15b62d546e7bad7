"""Spans as OpenTelemetry's instrumentations write them: what the collector's exporter and our wire both translate."""

import traceback
from collections.abc import Callable

from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from cruddur_tracing.recording.span import Span
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.spans import Traced

SDK = {
    "service.name": "backend-flask",
    "service.instance.id": "627cc493-f310-47de-96bd-71410b7dec09",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.version": "1.45.1",
}
OLD_SERVER = {
    "http.method": "GET",
    "http.target": "/api/activities/home",
    "http.server_name": "0.0.0.0",
    "http.scheme": "http",
    "net.host.name": "127.0.0.1:4567",
    "http.host": "127.0.0.1:4567",
    "net.peer.ip": "127.0.0.1",
    "http.user_agent": "curl/8",
    "net.host.port": 4567,
    "net.peer.port": 54321,
    "http.flavor": "1.1",
    "http.route": "/api/activities/<name>",
    "http.status_code": 200,
}
NEW_SERVER = {
    "http.request.method": "POST",
    "url.scheme": "https",
    "url.path": "/cart",
    "server.address": "shop.example.com",
    "server.port": 8443,
    "client.address": "203.0.113.9",
    "network.peer.address": "10.0.0.1",
    "network.peer.port": 54321,
    "user_agent.original": "curl/8",
    "network.protocol.version": "1.1",
    "http.route": "/cart",
    "http.response.status_code": 503,
}
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

Scenario = Callable[[Traced], list[Span]]


def _server(trace: Traced, attributes: dict[str, object]) -> list[Span]:
    return [trace.root("GET /cart", attributes=attributes)]


def _child(trace: Traced, name: str, kind: SpanKind, attributes: dict[str, object]) -> list[Span]:
    root = trace.root(attributes=OLD_SERVER)
    return [root, start_child(root, name, kind=kind, attributes=attributes)]


def server_old(trace: Traced) -> list[Span]:
    return _server(trace, OLD_SERVER)


def server_new(trace: Traced) -> list[Span]:
    return _server(trace, NEW_SERVER)


def server_behind_a_proxy(trace: Traced) -> list[Span]:
    return _server(trace, {"http.method": "GET", "http.url": "http://shop/x", "http.client_ip": "203.0.113.9"})


def server_in_both_conventions(trace: Traced) -> list[Span]:
    return _server(trace, {**NEW_SERVER, **OLD_SERVER, "http.response.status_code": 200, "http.request.method": "GET"})


def server_with_a_remote_parent(trace: Traced) -> list[Span]:
    parent = SpanContext(trace.recording.trace_id, 0x53995C3F42CD8AD8, True, TraceFlags(1))
    return [trace.root(attributes=OLD_SERVER, parent_id=parent.span_id, parent_context=parent)]


def server_without_http(trace: Traced) -> list[Span]:
    return _server(trace, {"enduser.id": "alice", "custom": "x", "list": ["a", "b"], "float": 0.25, "yes": True})


def statuses(trace: Traced) -> list[Span]:
    root = trace.root(attributes=OLD_SERVER)
    spans = [root]
    for status in (200, 302, 400, 404, 429, 500, 503, 599, 600):
        spans.append(start_child(root, "GET", kind=SpanKind.CLIENT))
        spans[-1].set_attributes({"http.method": "GET", "http.host": "api", "http.status_code": status})
    for status in (200, 404):
        spans.append(start_child(root, "GET", kind=SpanKind.CLIENT))
        spans[-1].set_attributes({"http.method": "GET", "http.host": "api", "http.status_code": status})
        spans[-1].set_status(StatusCode.ERROR)
    return spans


def client_old(trace: Traced) -> list[Span]:
    return _child(
        trace,
        "GET",
        SpanKind.CLIENT,
        {
            "http.method": "GET",
            "http.url": "https://api.example.com/v1",
            "net.peer.name": "api.example.com",
            "http.status_code": 200,
        },
    )


def client_by_parts(trace: Traced) -> list[Span]:
    return _child(
        trace,
        "GET",
        SpanKind.CLIENT,
        {
            "http.method": "GET",
            "http.scheme": "https",
            "net.peer.name": "api",
            "net.peer.port": 8443,
            "http.target": "/v1",
        },
    )


def client_new(trace: Traced) -> list[Span]:
    return _child(
        trace,
        "GET",
        SpanKind.CLIENT,
        {
            "http.request.method": "GET",
            "url.full": "https://api.example.com/v1",
            "server.address": "api.example.com",
            "server.port": 443,
            "http.response.status_code": 200,
        },
    )


def peer_service(trace: Traced) -> list[Span]:
    return _child(trace, "charge", SpanKind.CLIENT, {"peer.service": "payments", "http.method": "POST"})


def remote_service(trace: Traced) -> list[Span]:
    return _child(trace, "charge", SpanKind.CLIENT, {"aws.remote.service": "payments", "peer.service": "other"})


def dynamodb(trace: Traced) -> list[Span]:
    return _child(trace, "DynamoDB.PutItem", SpanKind.CLIENT, BOTOCORE)


def sqs(trace: Traced) -> list[Span]:
    return _child(
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
    return _child(
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
    return _child(trace, "shop.Carts/Get", SpanKind.CLIENT, attributes)


def postgres(trace: Traced) -> list[Span]:
    return _child(trace, "SELECT shop", SpanKind.CLIENT, POSTGRES)


def database_url(trace: Traced) -> list[Span]:
    connection = {"db.connection_string": "jdbc:mysql://db.example.com:3306/shop", "db.system": "mysql"}
    return _child(trace, "SELECT", SpanKind.CLIENT, {**POSTGRES, **connection})


def database_new(trace: Traced) -> list[Span]:
    return _child(
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
    return _child(trace, "GET", SpanKind.CLIENT, attributes)


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


def internal(trace: Traced) -> list[Span]:
    root = trace.root(attributes=OLD_SERVER)
    outer = start_child(root, "render; <page>", attributes={"template": "home.html"})
    return [root, outer, start_child(outer, "ünïcode")]


def error_status(trace: Traced) -> list[Span]:
    root = trace.root(attributes={"enduser.id": "bob"})
    root.set_status(StatusCode.ERROR, "out of stock")
    child = start_child(root, "check")
    child.set_status(StatusCode.ERROR)
    return [root, child]


def exception_event(trace: Traced) -> list[Span]:
    """An exception in a step, and one in a call."""
    root = trace.root(attributes={"http.method": "GET", "http.host": "shop", "http.status_code": 500})
    spans = [root]
    for kind in (SpanKind.INTERNAL, SpanKind.CLIENT):
        spans.append(start_child(root, "check", kind=kind))
        try:
            _raise()
        except ValueError as error:
            spans[-1].record_exception(error)
    return spans


def exception_chain(trace: Traced) -> list[Span]:
    """An exception while another one is handled."""
    root = trace.root(attributes=OLD_SERVER)
    try:
        try:
            _raise()
        except ValueError:
            int("x")
    except ValueError as error:
        root.record_exception(error)
    return [root]


def exception_text(trace: Traced) -> list[Span]:
    """An exception of which only the text of its traceback is known."""
    root = trace.root(attributes=OLD_SERVER)
    try:
        _raise()
    except ValueError:
        attributes = {"exception.type": "shop.Error", "exception.message": "m"}
        root.add_event("exception", attributes | {"exception.stacktrace": traceback.format_exc()})
    root.add_event("cart.emptied", {"items": 3})
    return [root]


def _raise() -> None:
    raise ValueError("no such cart: 7")


def links(trace: Traced) -> list[Span]:
    root = trace.root(attributes=OLD_SERVER)
    other = SpanContext(trace.recording.trace_id ^ 1, 0x1122334455667788, True, TraceFlags(1))
    root.add_link(other, {"why": "batch", "n": 1})
    root.add_link(SpanContext(trace.recording.trace_id ^ 2, 0x1122334455667789, True, TraceFlags(1)))
    return [root, start_child(root, "s", links=[Link(other)])]


def annotations(trace: Traced) -> list[Span]:
    """What an app of ADOT's writes: the attributes to index, and metadata as JSON."""
    return _server(
        trace,
        {
            "aws.xray.annotations": ["tier", "load.avg", "odd-key", "missing", "http.method"],
            "tier": "gold",
            "load.avg": 0.5,
            "odd-key": True,
            "other": 1,
            "aws.xray.metadata.debug": '{"cart": {"items": [1, 2]}}',
            "aws.xray.metadata.default": '{"k": "v"}',
            "aws.xray.metadata.broken": "{",
        },
    )


def long_name(trace: Traced) -> list[Span]:
    return _child(trace, "é" * 90 + "!", SpanKind.INTERNAL, {})


SCENARIOS: tuple[Scenario, ...] = (
    server_old,
    server_new,
    server_behind_a_proxy,
    server_in_both_conventions,
    server_with_a_remote_parent,
    server_without_http,
    statuses,
    client_old,
    client_by_parts,
    client_new,
    peer_service,
    remote_service,
    dynamodb,
    sqs,
    aws_fields,
    grpc,
    postgres,
    database_url,
    database_new,
    redis,
    messaging,
    consumer_root,
    internal,
    error_status,
    exception_event,
    exception_chain,
    exception_text,
    links,
    annotations,
    long_name,
)

RESOURCES: dict[str, dict[str, object]] = {
    "ec2": {
        "cloud.provider": "aws",
        "cloud.platform": "aws_ec2",
        "cloud.account.id": "123456789012",
        "cloud.region": "us-west-2",
        "cloud.availability_zone": "us-west-2c",
        "host.id": "i-0b22a22eec53b9321",
        "host.type": "t3.micro",
        "host.image.id": "ami-1",
        "host.name": "ip-10-0-0-1",
    },
    "ecs fargate": {
        "cloud.provider": "aws",
        "cloud.platform": "aws_ecs",
        "cloud.availability_zone": "us-west-2c",
        "container.name": "app",
        "container.id": "c0ffee",
        "aws.ecs.container.arn": "arn:aws:ecs:us-west-2:1:container/c",
        "aws.ecs.cluster.arn": "arn:aws:ecs:us-west-2:1:cluster/c",
        "aws.ecs.task.arn": "arn:aws:ecs:us-west-2:1:task/t",
        "aws.ecs.task.family": "shop",
        "aws.ecs.launchtype": "fargate",
        "aws.log.group.arns": ["arn:aws:logs:us-west-2:1:log-group:/ecs/shop"],
    },
    "ecs": {"cloud.platform": "aws_ecs", "aws.log.group.names": "a&b"},
    "eks": {
        "cloud.provider": "aws",
        "cloud.platform": "aws_eks",
        "k8s.cluster.name": "main",
        "k8s.pod.name": "shop-1",
        "container.id": "c0ffee",
        "service.version": "1.2.3",
    },
    "beanstalk": {
        "cloud.provider": "aws",
        "cloud.platform": "aws_elastic_beanstalk",
        "service.namespace": "shop-env",
        "service.instance.id": "32",
        "service.version": "app-5a56-170119_190650",
    },
    "app runner": {"cloud.provider": "aws", "cloud.platform": "aws_app_runner"},
    "another cloud": {"cloud.provider": "gcp", "cloud.platform": "gcp_kubernetes_engine", "k8s.cluster.name": "main"},
    "image tag": {"container.image.tags": ["1.4", "latest"]},
    "instrumented": {"telemetry.distro.version": "0.66b1"},
}
