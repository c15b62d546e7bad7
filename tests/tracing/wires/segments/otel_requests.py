"""Spans of requests as OpenTelemetry's instrumentations write them, in the old and the new conventions."""

from collections.abc import Callable

from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

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
Scenario = Callable[[Traced], list[Span]]


def server(trace: Traced, attributes: dict[str, object]) -> list[Span]:
    return [trace.root("GET /cart", attributes=attributes)]


def child(trace: Traced, name: str, kind: SpanKind, attributes: dict[str, object]) -> list[Span]:
    root = trace.root(attributes=OLD_SERVER)
    return [root, start_child(root, name, kind=kind, attributes=attributes)]


def server_old(trace: Traced) -> list[Span]:
    return server(trace, OLD_SERVER)


def server_new(trace: Traced) -> list[Span]:
    return server(trace, NEW_SERVER)


def server_behind_a_proxy(trace: Traced) -> list[Span]:
    return server(trace, {"http.method": "GET", "http.url": "http://shop/x", "http.client_ip": "203.0.113.9"})


def server_in_both_conventions(trace: Traced) -> list[Span]:
    return server(trace, {**NEW_SERVER, **OLD_SERVER, "http.response.status_code": 200, "http.request.method": "GET"})


def server_with_a_remote_parent(trace: Traced) -> list[Span]:
    parent = SpanContext(trace.recording.trace_id, 0x53995C3F42CD8AD8, True, TraceFlags(1))
    return [trace.root(attributes=OLD_SERVER, parent_id=parent.span_id, parent_context=parent)]


def server_without_http(trace: Traced) -> list[Span]:
    return server(trace, {"enduser.id": "alice", "custom": "x", "list": ["a", "b"], "float": 0.25, "yes": True})


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
    return child(
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
    return child(
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
    return child(
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
    return child(trace, "charge", SpanKind.CLIENT, {"peer.service": "payments", "http.method": "POST"})


def remote_service(trace: Traced) -> list[Span]:
    return child(trace, "charge", SpanKind.CLIENT, {"aws.remote.service": "payments", "peer.service": "other"})
