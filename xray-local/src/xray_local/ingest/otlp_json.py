"""Spans with plain attributes, as in the log group `aws/spans`, in OTLP's JSON. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from xray_local.traces.body import as_object, as_objects

Object = Mapping[str, Any]
Spans = dict[str, Any]
KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
ERROR = 2
_STATUS = {"OK": 1, "ERROR": ERROR}
_COPIED = ("traceId", "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano")


def log_event(span: Object) -> Spans:
    """Return a span of the log group `aws/spans`: OTLP's names with plain attributes."""
    status = as_object(span.get("status"))
    resource = as_object(as_object(span.get("resource")).get("attributes"))
    converted = {key: span[key] for key in _COPIED if key in span}
    converted |= {
        "name": str(span.get("name") or "unknown"),
        "kind": KINDS.get(str(span.get("kind")), 1),
        "attributes": pairs(as_object(span.get("attributes"))),
        "events": [_event(as_object(event)) for event in span.get("events") or ()],
        "links": [_link(link) for link in as_objects(span.get("links"))],
        "status": {"code": _STATUS.get(str(status.get("code")), 0), "message": str(status.get("message") or "")},
    }
    return resource_spans(resource, as_object(span.get("scope")), converted)


def resource_spans(resource: Object, scope: Object, span: Spans) -> Spans:
    """Return a span in OTLP's ResourceSpans, with the attributes of its resource and the name of its scope."""
    scoped = {"scope": {key: str(value) for key, value in scope.items() if key in {"name", "version"}}, "spans": [span]}
    return {"resource": {"attributes": pairs(resource)}, "scopeSpans": [scoped]}


def _event(event: Object) -> Spans:
    seconds = event.get("time")
    time = round(seconds * 1e9) if isinstance(seconds, int | float) else 0
    attributes = pairs(as_object(event.get("attributes")))
    return {
        "timeUnixNano": event.get("timeUnixNano", time),
        "name": str(event.get("name") or "event"),
        "attributes": attributes,
    }


def _link(link: Object) -> Spans:
    """Return a link to a span; X-Ray's form of the ids is read as well."""
    trace_id = str(link.get("traceId") or link.get("trace_id") or "")
    return {
        "traceId": trace_id.removeprefix("1-").replace("-", ""),
        "spanId": str(link.get("spanId") or link.get("id") or ""),
        "attributes": pairs(as_object(link.get("attributes"))),
    }


def pairs(attributes: Object) -> list[Spans]:
    """Return attributes in OTLP's form."""
    return [{"key": str(key), "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> Spans:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case str():
            return {"stringValue": value}
    return {"stringValue": json.dumps(value)}


def whole(value: Any) -> int:
    """Return a number as an integer, 0 for any other value."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
