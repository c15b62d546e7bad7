"""Writes an ended span as the official exporter does, field by field, without its objects.

Source: opentelemetry/proto/trace/v1/trace.proto of opentelemetry-proto 1.x. What is equal for many spans, the resource
and the scope, is written once. Never raises for what is in a span: it always arrives.
"""

import struct
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, TraceState

from cruddur_tracing.recording.ids import hex_digits
from cruddur_tracing.recording.pipeline import SharedAttributes
from cruddur_tracing.recording.span import NO_STATE, UNSET, Span
from cruddur_tracing.wires.otlp.protobuf.values import Attributes, delimited, text, varint

_TIMES: Final = struct.Struct("<BQBQ").pack  # start_time_unix_nano = 7, end_time_unix_nano = 8
_TIME: Final = struct.Struct("<BQ").pack
_TIME_END: Final = 1 << 64

_KINDS: Final = {kind: bytes([0x30, kind.value + 1]) for kind in SpanKind}  # kind = 6
_FLAGS: Final = b"\x85\x01" + (0x100).to_bytes(4, "little")  # flags = 16: it is known whether the parent is remote
_FLAGS_REMOTE: Final = b"\x85\x01" + (0x300).to_bytes(4, "little")
_LINK_FLAGS: Final = b"\x35" + (0x100).to_bytes(4, "little")
_LINK_FLAGS_REMOTE: Final = b"\x35" + (0x300).to_bytes(4, "little")
_ENCODED: Final = "otlp"
_NAMED: Final = "otlp.named"
_SERVER: Final = SpanKind.SERVER
_UNSET: Final = b"\x7a\x00"  # status = 15, without fields

_span_attributes: Final = Attributes(b"\x4a")
_event_attributes: Final = Attributes(b"\x1a")
_link_attributes: Final = Attributes(b"\x22")


def encode_span(span: Span) -> bytes:
    """Return an ended span as a field of a ScopeSpans message."""
    recording, status = span.recording, span._status
    parts = [
        b"\x0a\x10",  # trace_id = 1
        bytes.fromhex(hex_digits(recording.xray_id)),
        b"\x12\x08",  # span_id = 2
        span.span_id.to_bytes(8, "big"),
        _parent(span) if span.parent_id else _FLAGS,
        _UNSET if status is UNSET else _status(status),
    ]
    try:
        parts.append(_TIMES(0x39, span._start_time, 0x41, span._end_time))
    except struct.error:
        parts += _time(0x39, span._start_time), _time(0x41, span._end_time)
    _describe(parts, span)
    if recording.trace_state is not NO_STATE:
        parts.append(_trace_state(recording.trace_state))
    if span._events:
        parts += [_event(event) for event in span._events]
    if span._links:
        parts += [_link(link) for link in span._links]
    if span._dropped_attributes or span._dropped_events or span._dropped_links:
        parts.append(_count(b"\x50", span._dropped_attributes))
        parts.append(_count(b"\x60", span._dropped_events))
        parts.append(_count(b"\x70", span._dropped_links))
    return delimited(b"\x12", b"".join(parts))


def _describe(parts: list[bytes], span: Span) -> None:
    """Add name, kind and attributes."""
    found = span.shared_attributes()
    if found is None:
        parts.append(_named(span._name, span._kind))
        _span_attributes.add(parts, span._attributes)
        return
    shared, own = found
    first, *others = shared
    if span._name is first.span_name and span._kind is _SERVER:
        parts.append(first.encoded.get(_NAMED) or _encode_named(first))
    else:
        parts += _named(span._name, span._kind), first.encoded.get(_ENCODED) or _encode(first)
    for attributes in others:
        parts.append(attributes.encoded.get(_ENCODED) or _encode(attributes))
    _span_attributes.add(parts, own)


def _named(name: str, kind: SpanKind) -> bytes:
    return delimited(b"\x2a", text(name)) + _KINDS.get(kind, b"")  # name = 5


def _encode_named(shared: SharedAttributes) -> bytes:
    """Return these attributes, with name and kind of the server spans that have one name with them."""
    shared.encoded[_NAMED] = encoded = _named(shared.span_name or "", _SERVER) + _encode(shared)
    return encoded


def _encode(shared: SharedAttributes) -> bytes:
    shared.encoded[_ENCODED] = encoded = _span_attributes.encoded(shared.values)
    return encoded


def encode_resource(resource: Resource) -> tuple[bytes, bytes]:
    """Return what a ResourceSpans message begins and ends with."""
    begin = delimited(b"\x0a", Attributes(b"\x0a").encoded(resource.attributes))
    return begin, _schema_url(resource.schema_url)


def encode_scope(scope: InstrumentationScope | None) -> tuple[bytes, bytes]:
    """Return what a ScopeSpans message begins and ends with."""
    if scope is None:
        return b"\x0a\x00", b""
    content = delimited(b"\x0a", text(scope.name or ""))
    if scope.version:
        content += delimited(b"\x12", text(scope.version))
    if scope.attributes:
        content += Attributes(b"\x1a").encoded(scope.attributes)
    return delimited(b"\x0a", content), _schema_url(scope.schema_url)


def _schema_url(url: str | None) -> bytes:
    return delimited(b"\x1a", text(url)) if url else b""


def _trace_state(state: TraceState | None) -> bytes:
    if not state:
        return b""
    return delimited(b"\x1a", text(",".join(f"{key}={value}" for key, value in state.items())))


def _parent(span: Span) -> bytes:
    """Return the parent's id and whether it is in another process."""
    if span.local_parent is not None:
        return b"\x22\x08" + span.local_parent.span_id.to_bytes(8, "big") + _FLAGS
    parent = span.parent_context
    if parent is None:
        return _FLAGS
    return b"\x22\x08" + parent.span_id.to_bytes(8, "big") + (_FLAGS_REMOTE if parent.is_remote else _FLAGS)


def _time(tag: int, time: Any) -> bytes:
    try:
        return _TIME(tag, time)
    except struct.error:  # no time, a fraction, or one that is out of range
        return _TIME(tag, int(time)) if isinstance(time, float) and 0 <= time < _TIME_END else b""


def _count(tag: bytes, count: int) -> bytes:
    return tag + varint(count) if count else b""


def _event(event: Event) -> bytes:
    parts = [_time(0x09, event.timestamp), delimited(b"\x12", text(event.name))]
    if event.attributes:
        _event_attributes.add(parts, event.attributes)
    parts.append(_count(b"\x20", event.dropped_attributes))
    return delimited(b"\x5a", b"".join(parts))


def _link(link: Link) -> bytes:
    context: SpanContext = link.context
    parts = [delimited(b"\x0a", _id(context.trace_id, 16)), delimited(b"\x12", _id(context.span_id, 8))]
    if link.attributes:
        _link_attributes.add(parts, link.attributes)
    parts.append(_count(b"\x28", link.dropped_attributes))
    parts.append(_LINK_FLAGS_REMOTE if context.is_remote else _LINK_FLAGS)
    return delimited(b"\x6a", b"".join(parts))


def _id(number: int, size: int) -> bytes:
    return (number & (1 << 8 * size) - 1).to_bytes(size, "big")


def _status(status: Status) -> bytes:
    code = status.status_code.value
    if not code and status.description is None:
        return _UNSET
    content = delimited(b"\x12", text(status.description)) if status.description else b""
    return delimited(b"\x7a", content + _count(b"\x18", code))
