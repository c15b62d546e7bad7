"""The entries of a trace as OpenTelemetry spans, in the form of the log group `aws/spans`. Pure.

A document that was made from a span is that span again; a segment or a subsegment becomes one with the attributes that
`ingest.translator` reads, so that X-Ray shows it as the same.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from xray_local.traces.body import Body, as_object, as_objects
from xray_local.traces.entries import Entry, flatten
from xray_local.traces.flags import Flag
from xray_model import to_w3c

Span = dict[str, Any]


def spans(trace_id: str, bodies: Iterable[Mapping[str, Any]]) -> Iterator[Span]:
    """Yield the spans of a trace's documents."""
    trace = flatten(bodies)
    for entry in trace.entries:
        end = entry.start if entry.end is None else entry.end
        otel = Body(as_object(entry.body.otel))
        yield {
            "traceId": to_w3c(trace_id),
            "spanId": _id(entry),
            **({"parentSpanId": _id(entry.parent)} if entry.parent else _missing_parent(entry)),
            "name": otel.text("name") or entry.name,
            "kind": otel.text("kind") or _kind(entry),
            "startTimeUnixNano": round(entry.start * 1e9),
            "endTimeUnixNano": round(end * 1e9),
            "durationNano": round(entry.duration * 1e9),
            "resource": {"attributes": dict(otel.object("resource")) or _resource(entry)},
            "scope": dict(otel.object("scope")),
            "attributes": {**_attributes(entry.body), **otel.object("attributes")},
            "events": [*as_objects(otel.raw.get("events"))] or list(_exceptions(entry)),
            "links": [*as_objects(entry.body.raw.get("links"))],
            "status": dict(otel.object("status")) or {"code": "ERROR" if _failed(entry) else "UNSET"},
        }
    trace.unlink()


def _id(entry: Entry) -> str:
    return entry.id or sha256(f"{entry.number} {entry.parent_id}".encode()).hexdigest()[:16]


def _missing_parent(entry: Entry) -> Span:
    return {} if entry.parent_id is None else {"parentSpanId": entry.parent_id}


def _kind(entry: Entry) -> str:
    if entry.is_segment:
        return "SERVER"
    return "CLIENT" if entry.is_remote else "INTERNAL"


def _resource(entry: Entry) -> Span:
    return {"service.name": entry.segment.name} if entry.segment else {}


def _failed(entry: Entry) -> bool:
    return Flag.FAULT in entry.body.flags or Flag.ERROR in entry.body.flags


def _attributes(body: Body) -> Span:
    http, is_aws = body.http, body.text("namespace") == "aws"
    known = {
        "http.request.method": http.method,
        "url.full": http.url,
        "user_agent.original": http.user_agent,
        "client.address": http.client_ip,
        "http.response.status_code": http.status,
        "enduser.id": body.text("user"),
        "aws.xray.origin": body.text("origin"),
        "db.query.text": body.text("sql", "sanitized_query"),
        "rpc.system": "aws-api" if is_aws else None,
        "rpc.method": body.text("aws", "operation") if is_aws else None,
    }
    attributes: Span = {key: value for key, value in known.items() if value is not None}
    attributes |= {f"aws.xray.{flag}": True for flag in body.flags} | body.own_annotations
    if body.own_annotations:
        attributes["aws.xray.annotations"] = list(body.own_annotations)
    spaces = {key: value for key, value in body.object("metadata").items() if key != "otel"}
    return attributes | {f"aws.xray.metadata.{key}": json.dumps(value) for key, value in spaces.items() if value}


def _exceptions(entry: Entry) -> Iterator[Span]:
    for found in entry.body.exceptions:
        attributes = {"exception.type": found.type, "exception.message": found.message}
        yield {"name": "exception", "timeUnixNano": round(entry.start * 1e9), "attributes": attributes}
