"""Spans as OpenTelemetry's API writes them, and all scenarios, with the resources of their hosts."""

import traceback

from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from cruddur_tracing.recording.span import Span
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.otel_calls import (
    aws_fields,
    consumer_root,
    database_new,
    database_url,
    dynamodb,
    grpc,
    messaging,
    postgres,
    redis,
    sqs,
)
from tests.tracing.wires.segments.otel_requests import (
    OLD_SERVER,
    Scenario,
    child,
    client_by_parts,
    client_new,
    client_old,
    peer_service,
    remote_service,
    server,
    server_behind_a_proxy,
    server_in_both_conventions,
    server_new,
    server_old,
    server_with_a_remote_parent,
    server_without_http,
    statuses,
)
from tests.tracing.wires.segments.spans import Traced


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
    return server(
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
    return child(trace, "é" * 90 + "!", SpanKind.INTERNAL, {})


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
