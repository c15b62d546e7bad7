"""Spans of OTLP, Zipkin v2, Jaeger's JSON and the log group `aws/spans` as OTLP's ResourceSpans. Pure."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from xray_local.ingest.otlp_json import ERROR, KINDS, Spans, log_event, pairs, resource_spans, whole
from xray_local.traces.body import as_object

Object = Mapping[str, Any]


def read(item: Object) -> list[Spans] | None:
    """Return the spans of an object of one of these forms, None for any other."""
    match item:
        case {"resourceSpans": list(spans)}:
            return spans
        case {"data": list(traces)}:
            return [spans for trace in traces for spans in jaeger(trace)]
        case {"spans": list(), "processes": Mapping()}:
            return list(jaeger(item))
        case {"traceId": str(), "spanId": str()}:
            return [log_event(item)]
        case {"traceId": str(), "id": str()}:
            return [zipkin(item)]
    return None


def zipkin(span: Object) -> Spans:
    """Return a span of Zipkin v2; times are microseconds."""
    tags, start = as_object(span.get("tags")), whole(span.get("timestamp"))
    remote = as_object(span.get("remoteEndpoint")).get("serviceName")
    attributes = dict(tags) | ({"peer.service": remote} if remote else {})
    if "http.path" in tags and "http.url" not in tags:
        attributes["http.target"] = tags["http.path"]
    if str(tags.get("http.status_code", "")).isdecimal():
        attributes["http.status_code"] = int(tags["http.status_code"])
    shared = span.get("shared") is True
    converted = {
        "traceId": _trace_id(span["traceId"]),
        "spanId": _shared_id(span["id"]) if shared else _span_id(span["id"]),
        "parentSpanId": _span_id(span["id"] if shared else span.get("parentId") or ""),
        "name": str(span.get("name") or "unknown"),
        "kind": KINDS.get(str(span.get("kind")), 1),
        "startTimeUnixNano": start * 1000,
        "endTimeUnixNano": (start + max(1, whole(span.get("duration")))) * 1000,
        "attributes": pairs(attributes),
        "events": [
            {"timeUnixNano": whole(event.get("timestamp")) * 1000, "name": str(event.get("value"))}
            for event in span.get("annotations") or ()
        ],
        "status": {"code": ERROR, "message": str(tags["error"])} if "error" in tags else {},
    }
    service = as_object(span.get("localEndpoint")).get("serviceName")
    return resource_spans({"service.name": service} if service else {}, {}, converted)


def jaeger(trace: Object) -> Iterator[Spans]:
    """Yield the spans of a trace of Jaeger's JSON; times are microseconds."""
    processes = as_object(trace.get("processes"))
    for span in trace.get("spans") or ():
        process = as_object(processes.get(span.get("processID")) or span.get("process"))
        resource = _tags(process) | {"service.name": str(process.get("serviceName") or "unknown")}
        attributes, start = _tags(span), whole(span.get("startTime"))
        parent, links = _references(span)
        failed = attributes.get("error") is True or attributes.get("otel.status_code") == "ERROR"
        message = str(attributes.pop("otel.status_description", ""))
        converted = {
            "traceId": _trace_id(span["traceID"]),
            "spanId": _span_id(span["spanID"]),
            "parentSpanId": parent,
            "name": str(span.get("operationName") or "unknown"),
            "kind": KINDS.get(str(attributes.pop("span.kind", "")).upper(), 1),
            "startTimeUnixNano": start * 1000,
            "endTimeUnixNano": (start + whole(span.get("duration"))) * 1000,
            "attributes": pairs(attributes),
            "links": links,
            "events": [_log(log) for log in span.get("logs") or ()],
            "status": {"code": ERROR, "message": message} if failed else {},
        }
        yield resource_spans(resource, {}, converted)


def _trace_id(text: str) -> str:
    return str(text).lower().rjust(32, "0")


def _span_id(text: str) -> str:
    return str(text).lower().rjust(16, "0") if text else ""


def _shared_id(text: str) -> str:
    """Return an id for the server's half of a span that Zipkin's client and server share."""
    return sha256(str(text).encode()).hexdigest()[:16]


def _tags(owner: Object) -> Spans:
    return {
        str(tag.get("key")): int(tag["value"]) if tag.get("type") == "int64" else tag.get("value")
        for tag in owner.get("tags") or ()
    }


def _references(span: Object) -> tuple[str, list[Spans]]:
    """Return the id of the parent, and the other references as links."""
    references = list(span.get("references") or ())
    own = [reference for reference in references if reference.get("traceID") == span["traceID"]]
    parent = next((found for found in own if found.get("refType") == "CHILD_OF"), own[0] if own else None)
    others = [reference for reference in references if reference is not parent]
    links = [{"traceId": _trace_id(found["traceID"]), "spanId": _span_id(found["spanID"])} for found in others]
    return _span_id(parent["spanID"]) if parent else "", links


def _log(log: Object) -> Spans:
    fields = {str(field.get("key")): field.get("value") for field in log.get("fields") or ()}
    name = str(fields.pop("event", fields.pop("message", "log")))
    return {"timeUnixNano": whole(log.get("timestamp")) * 1000, "name": name, "attributes": pairs(fields)}
