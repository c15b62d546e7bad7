"""Converts OpenTelemetry spans to X-Ray documents, so that both SDKs' entries form one trace. Pure.

SERVER and CONSUMER spans and roots are segments with the name of the service; all others are subsegments with the name
of the span. Flags and `http` follow the mapping of the collector's X-Ray exporter: fault for 5xx or an error status,
error for 4xx, throttle for 429. Every attribute is in `metadata.otel`; the primitive ones are annotations too, as with
`index_all_attributes`.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from xray_local.ingest.otlp_request import SpanError, read
from xray_local.traces.documents import NAME_MAX, Document
from xray_local.traces.flags import Flag, flags_of_status
from xray_model import to_xray

ATTRIBUTES_MAX = 128  # of a span, an event or a link; metadata.otel counts those that were dropped
TEXT_MAX = 4096  # characters of an attribute's value
EVENTS_MAX = 128

__all__ = ["Decoded", "SpanError", "decode"]


class Decoded(NamedTuple):
    """The documents of a request, and a message for each span that was refused."""

    documents: list[Document]
    refused: list[str]


def decode(body: bytes, content_type: str) -> Decoded:
    """Return the spans of an OTLP trace request as documents; SpanError for a body that is not such a request."""
    decoded = Decoded([], [])
    for resource in read(body, content_type).resource_spans:
        shared = _attributes(resource.resource.attributes)
        for part in resource.scope_spans:
            scope = {"name": part.scope.name, "version": part.scope.version}
            for span in part.spans:
                try:
                    decoded.documents.append(_document(span, shared, scope))
                except SpanError as error:
                    decoded.refused.append(str(error))
    return decoded


def _document(span: Span, resource: Mapping[str, Any], scope: Mapping[str, str]) -> Document:
    trace_id, span_id, parent_id = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    if len(trace_id) != 32 or not int(trace_id, 16):
        raise SpanError(f"trace id of span {span.name!r}: {trace_id!r}: expected 16 bytes that are not all zero")
    if len(span_id) != 16 or not int(span_id, 16):
        raise SpanError(f"id of span {span.name!r}: {span_id!r}: expected 8 bytes that are not all zero")
    if parent_id and len(parent_id) != 16:
        raise SpanError(f"parent id of span {span.name!r}: {parent_id!r}: expected 8 bytes")
    is_segment = span.kind in {Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER} or not parent_id
    service = str(resource.get("service.name") or "unknown_service")
    body = _body(span, resource, scope)
    body |= {
        "trace_id": to_xray(trace_id),
        "id": span_id,
        "name": (service if is_segment else span.name)[:NAME_MAX] or "unnamed",
    }
    if parent_id:
        body["parent_id"] = parent_id
    if not is_segment:
        body["type"] = "subsegment"
    text = json.dumps(body, separators=(",", ":"))
    return Document(
        trace_id=body["trace_id"],
        id=span_id,
        parent_id=parent_id or None,
        name=body["name"],
        start_time=body["start_time"],
        end_time=body.get("end_time"),
        kind="span",
        body=body,
        size=len(text.encode()),
        text=text,
    )


def _body(span: Span, resource: Mapping[str, Any], scope: Mapping[str, str]) -> dict[str, Any]:
    attributes = _attributes(span.attributes)
    events = [_event(event) for event in span.events[:EVENTS_MAX]]
    body: dict[str, Any] = {"start_time": span.start_time_unix_nano / 1e9}
    body |= {"end_time": span.end_time_unix_nano / 1e9} if span.end_time_unix_nano else {"in_progress": True}
    http = _http(attributes)
    if http:
        body["http"] = http
    if span.kind == Span.SPAN_KIND_CLIENT:
        body["namespace"] = "aws" if attributes.get("rpc.system") == "aws-api" else "remote"
    body |= _flags(span, http.get("response", {}).get("status"))
    exceptions = _exceptions(span, events)
    if exceptions:
        body["cause"] = {"exceptions": exceptions}
    body["annotations"] = {
        key: value for key, value in attributes.items() if isinstance(value, bool | int | float | str)
    }
    user = attributes.get("enduser.id") or attributes.get("user.id")
    if isinstance(user, str):
        body["user"] = user
    language = resource.get("telemetry.sdk.language")
    body["aws"] = {"xray": {"sdk": f"opentelemetry {language}" if language else "opentelemetry"}}
    body["metadata"] = {"otel": _otel(span, attributes, events, resource, scope)}
    return body


def _otel(
    span: Span,
    attributes: Mapping[str, Any],
    events: list[dict[str, Any]],
    resource: Mapping[str, Any],
    scope: Mapping[str, str],
) -> dict[str, Any]:
    dropped = {
        "attributes": span.dropped_attributes_count + max(0, len(span.attributes) - ATTRIBUTES_MAX),
        "events": span.dropped_events_count + max(0, len(span.events) - EVENTS_MAX),
    }
    return {
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_") if span.kind in range(6) else str(span.kind),
        "scope": dict(scope),
        "attributes": dict(attributes),
        "resource": dict(resource),
        "events": events,
        "links": [
            {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex(), "attributes": _attributes(link.attributes)}
            for link in span.links[:EVENTS_MAX]
        ],
        "status": {"code": _status(span.status), "message": span.status.message[:TEXT_MAX]},
        "trace_state": span.trace_state,
        "dropped": {name: count for name, count in dropped.items() if count},
    }


def _status(status: Status) -> str:
    return {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}.get(status.code, "UNSET")


def _event(event: Span.Event) -> dict[str, Any]:
    return {"time": event.time_unix_nano / 1e9, "name": event.name, "attributes": _attributes(event.attributes)}


def _http(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return X-Ray's `http` from the stable semantic conventions, else from the older ones."""
    request = {
        "method": _first(attributes, "http.request.method", "http.method"),
        "url": _url(attributes),
        "user_agent": _first(attributes, "user_agent.original", "http.user_agent"),
        "client_ip": _first(attributes, "client.address", "http.client_ip", "net.peer.ip"),
    }
    if request["method"] is None:
        return {}
    http: dict[str, Any] = {"request": {name: value for name, value in request.items() if value is not None}}
    status = _first(attributes, "http.response.status_code", "http.status_code")
    return http | ({"response": {"status": status}} if isinstance(status, int) else {})


def _url(attributes: Mapping[str, Any]) -> object:
    full = _first(attributes, "url.full", "http.url")
    if full is not None:
        return full
    path = _first(attributes, "url.path", "http.target", "http.route")
    host = _first(attributes, "server.address", "http.host", "net.host.name", "http.server_name")
    if path is None or host is None:
        return path
    port = _first(attributes, "server.port", "net.host.port")
    scheme = _first(attributes, "url.scheme", "http.scheme") or "http"
    is_default = port is None or ":" in str(host) or (scheme, port) in {("http", 80), ("https", 443)}
    query = attributes.get("url.query")
    return f"{scheme}://{host}{'' if is_default else f':{port}'}{path}" + (f"?{query}" if query else "")


def _first(attributes: Mapping[str, Any], *names: str) -> Any:
    return next((attributes[name] for name in names if name in attributes), None)


def _flags(span: Span, status: int | None) -> dict[str, bool]:
    flags = flags_of_status(status)
    if not flags and span.status.code == Status.STATUS_CODE_ERROR:
        flags = (Flag.FAULT,)
    return {str(flag): True for flag in flags}


def _exceptions(span: Span, events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for number, event in enumerate(event for event in events if event["name"] == "exception"):
        attributes = event["attributes"]
        stack = str(attributes.get("exception.stacktrace", ""))
        exception = {
            "id": f"{(int.from_bytes(span.span_id) + number + 1) % 2**64:016x}",
            "type": str(attributes.get("exception.type", "")),
            "message": str(attributes.get("exception.message", "")),
        }
        found.append(exception | ({"stacktrace": stack} if stack else {}))
    return found


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in list(pairs)[:ATTRIBUTES_MAX]}


def _value(value: AnyValue, depth: int = 0) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or depth > 8:
        return None
    if kind == "string_value":
        return value.string_value[:TEXT_MAX]
    if kind == "bytes_value":
        return value.bytes_value[:TEXT_MAX].hex()
    if kind == "array_value":
        return [_value(item, depth + 1) for item in value.array_value.values[:ATTRIBUTES_MAX]]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value, depth + 1) for pair in value.kvlist_value.values[:ATTRIBUTES_MAX]}
    plain = getattr(value, kind)
    # JSON has no NaN or infinity: they are stored as text.
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain
