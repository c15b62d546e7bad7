"""Converts OpenTelemetry spans to X-Ray documents, so that what came by either wire forms one trace. Pure.

SERVER and CONSUMER spans and local roots (without a parent, or with one in another process) are segments with the name
of the service; all others are subsegments with the name of what they call, or else of the span. A call with AWS's mark
of a local root is both. `ingest.translator` has the rules. What X-Ray has no place for is in `metadata.otel`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status

from xray_local.ingest.otlp_request import SpanError, read
from xray_local.ingest.translator import values
from xray_local.ingest.translator.calls import OUTGOING, aws_block, describe_call, sql_block
from xray_local.ingest.translator.causes import cause_of, flags_of
from xray_local.ingest.translator.http import http_block
from xray_local.ingest.translator.indexed import indexed
from xray_local.ingest.translator.resource import segment_fields, service_name
from xray_local.traces.documents import Document
from xray_local.traces.flags import Flag
from xray_model import to_xray
from xray_model.segments.names import valid_name

EVENTS_MAX = 128  # of a span, and its links; metadata.otel counts those that were dropped
# The limits of X-Ray's OTLP endpoint: for a request unpacked, for a resource with its scope, and for a span.
REQUEST_BYTES = 5 * 1024 * 1024
REQUEST_SPANS = 10_000
SOURCE_BYTES = 16 * 1024
SPAN_BYTES = 200 * 1024

__all__ = ["Decoded", "SpanError", "decode"]

_REMOTE = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
_STATUS = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}


class Decoded(NamedTuple):
    """The documents of a request, and a message for each span that was refused."""

    documents: list[Document]
    refused: list[str]


class Source(NamedTuple):
    """What spans have in common: the attributes of their resource, the fields of its segments, and the scope."""

    resource: Mapping[str, Any]
    segment: Mapping[str, Any]
    scope: Mapping[str, str]


def decode(body: bytes, content_type: str) -> Decoded:
    """Return the spans of an OTLP trace request as documents; SpanError for a body that is not such a request."""
    if len(body) > REQUEST_BYTES:
        raise SpanError(f"the request has {len(body)} bytes: expected at most {REQUEST_BYTES}")
    parts = read(body, content_type).resource_spans
    spans = sum(len(scoped.spans) for part in parts for scoped in part.scope_spans)
    if spans > REQUEST_SPANS:
        raise SpanError(f"the request has {spans} spans: expected at most {REQUEST_SPANS}")
    decoded = Decoded([], [])
    for part in parts:
        resource = values.bounded(values.attributes(part.resource.attributes))
        segment = segment_fields(resource)
        for scoped in part.scope_spans:
            source = Source(resource, segment, {"name": scoped.scope.name, "version": scoped.scope.version})
            size = part.resource.ByteSize() + scoped.scope.ByteSize()
            if size > SOURCE_BYTES:
                problem = f"the resource and the scope have {size} bytes: expected at most {SOURCE_BYTES}"
                decoded.refused.extend([problem] * len(scoped.spans))
            else:
                _add_spans(decoded, scoped.spans, source)
    return decoded


def _add_spans(decoded: Decoded, spans: Iterable[Span], source: Source) -> None:
    for span in spans:
        if span.ByteSize() > SPAN_BYTES:
            decoded.refused.append(f"the span is too large: expected at most {SPAN_BYTES} bytes")
            continue
        try:
            decoded.documents.extend(_documents(span, source))
        except SpanError as error:
            decoded.refused.append(str(error))


def _documents(span: Span, source: Source) -> list[Document]:
    """Return the document of a span, after its segment if it is a subsegment of a segment of its own."""
    attributes = values.attributes(span.attributes)
    body = _ids(span) | _fields(span, attributes, source)
    if not _is_pair(span, attributes):
        return [_document(body, span)]
    segment = _service_segment(body, attributes, source)
    return [_document(segment, span), _document(body | {"parent_id": segment["id"]}, span)]


def _ids(span: Span) -> dict[str, Any]:
    trace_id, span_id, parent_id = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    if len(trace_id) != 32 or not int(trace_id, 16):
        raise SpanError(f"trace id of span {span.name!r}: {trace_id!r}: expected 16 bytes that are not all zero")
    if len(span_id) != 16 or not int(span_id, 16):
        raise SpanError(f"id of span {span.name!r}: {span_id!r}: expected 8 bytes that are not all zero")
    if parent_id and len(parent_id) != 16:
        raise SpanError(f"parent id of span {span.name!r}: {parent_id!r}: expected 8 bytes")
    ids = {"trace_id": to_xray(trace_id), "id": span_id}
    return ids | ({"parent_id": parent_id} if any(span.parent_span_id) else {})


def _document(body: dict[str, Any], span: Span) -> Document:
    return Document(
        trace_id=body["trace_id"],
        id=body["id"],
        parent_id=body.get("parent_id"),
        name=body["name"],
        start_time=body["start_time"],
        end_time=body.get("end_time"),
        wire="otlp",
        body=body,
        size=span.ByteSize(),  # X-Ray's limits are for the span that was sent
        text=json.dumps(body, separators=(",", ":")),
    )


def _fields(span: Span, attributes: Mapping[str, Any], source: Source) -> dict[str, Any]:
    events = [_event(event) for event in span.events[:EVENTS_MAX]]
    body = _place(span, attributes, source) | _times(span, attributes)
    http = http_block(attributes, is_server=span.kind == Span.SPAN_KIND_SERVER)
    body |= {str(flag): True for flag in flags_of(span, attributes, http.get("response", {}).get("status"))}
    language = values.text(source.resource, "telemetry.sdk.language")
    parts = {
        "http": http,
        "aws": body.get("aws", {}) | aws_block(attributes),
        "sql": sql_block(span, attributes),
        "user": values.text(attributes, "enduser.id", "user.id"),
        "origin": values.text(attributes, "aws.xray.origin") or body.get("origin"),
        "cause": cause_of(span, attributes, events, language),
        "precursor_ids": attributes.get("aws.xray.precursor_ids"),
        "links": [_link(link) for link in span.links[:EVENTS_MAX]],
    }
    body |= {name: value for name, value in parts.items() if value}
    annotations, metadata, rest = indexed(attributes, source.resource)
    shown = [event | {"attributes": values.bounded(event["attributes"])} for event in events]
    otel = _otel(span, source) | {"attributes": rest, "events": shown}
    return body | {"annotations": annotations, "metadata": metadata | {"otel": otel}}


def _place(span: Span, attributes: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """Return what makes it a segment or a subsegment."""
    name, namespace = describe_call(span, attributes)
    place = {"namespace": namespace} if namespace else {}
    if not _is_segment(span, attributes):
        return place | {"name": valid_name(name), "type": "subsegment"}
    return place | {"name": _local_service(attributes, source), **source.segment}


def _local_service(attributes: Mapping[str, Any], source: Source) -> str:
    return valid_name(values.text(attributes, "aws.local.service") or service_name(source.resource))


def _service_segment(call: Mapping[str, Any], attributes: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """Return the segment around a call: the service, its host and the result. Its id depends on that of the call."""
    segment_id = hashlib.sha256(f"{call['trace_id']} {call['id']}".encode()).hexdigest()[:16]
    kept = ("trace_id", "parent_id", "start_time", "end_time", "in_progress", *map(str, Flag), "user", "annotations")
    fields = {key: call[key] for key in kept if key in call}
    otel = {"service_of": call["id"], "resource": dict(source.resource)}
    place = {"id": segment_id, "name": _local_service(attributes, source), **source.segment}
    return fields | place | {"metadata": {"otel": otel}}


def _is_pair(span: Span, attributes: Mapping[str, Any]) -> bool:
    """Return whether a span is a call and a local root, as AWS's attribute says."""
    return span.kind in OUTGOING and attributes.get("aws.span.kind") == "LOCAL_ROOT"


def _is_segment(span: Span, attributes: Mapping[str, Any]) -> bool:
    return not _is_pair(span, attributes) and (
        span.kind in {Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER}
        or not any(span.parent_span_id)
        or span.flags & _REMOTE == _REMOTE
        or attributes.get("aws.span.kind") == "LOCAL_ROOT"
    )


def _times(span: Span, attributes: Mapping[str, Any]) -> dict[str, Any]:
    start = {"start_time": span.start_time_unix_nano / 1e9}
    if not span.end_time_unix_nano or attributes.get("aws.xray.inprogress") is True:
        return start | {"in_progress": True}
    return start | {"end_time": span.end_time_unix_nano / 1e9}


def _otel(span: Span, source: Source) -> dict[str, Any]:
    dropped = {
        "attributes": span.dropped_attributes_count + max(0, len(span.attributes) - values.ATTRIBUTES_MAX),
        "events": span.dropped_events_count + max(0, len(span.events) - EVENTS_MAX),
    }
    return {
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_") if span.kind in range(6) else str(span.kind),
        "scope": dict(source.scope),
        "resource": dict(source.resource),
        "status": {
            "code": _STATUS.get(span.status.code, "UNSET"),
            "message": span.status.message[: values.TEXT_MAX],
        },
        "trace_state": span.trace_state,
        "dropped": {name: count for name, count in dropped.items() if count},
    }


def _event(event: Span.Event) -> dict[str, Any]:
    return {"time": event.time_unix_nano / 1e9, "name": event.name, "attributes": values.attributes(event.attributes)}


def _link(link: Span.Link) -> dict[str, Any]:
    trace_id = link.trace_id.hex()
    ids = {"trace_id": to_xray(trace_id) if len(trace_id) == 32 else trace_id, "id": link.span_id.hex()}
    attributes = values.bounded(values.attributes(link.attributes))
    return ids | ({"attributes": attributes} if attributes else {})
