"""OTLP requests in JSON that the tests of xray-local share."""

import base64
import json
from typing import Any

from tests.xray_local.samples import NOW, trace_id
from xray_local.ingest.otlp_request import read
from xray_local.ingest.spans import decode
from xray_local.traces.documents import Document, parse_stored

W3C = trace_id(1)[2:].replace("-", "")
JSON = "application/json; charset=utf-8"
RESOURCE = {"service.name": "shop", "telemetry.sdk.language": "python"}


def typed(value: Any) -> dict[str, Any]:
    """Return a value in OTLP's JSON."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [typed(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes in OTLP's JSON."""
    return [{"key": key, "value": typed(value)} for key, value in attributes.items()]


def span(**more: Any) -> dict[str, Any]:
    """Return a span of one second in the first trace; its kind is CLIENT by default, `attributes` are plain values."""
    whole: dict[str, Any] = {"traceId": W3C, "spanId": f"{1:016x}", "parentSpanId": f"{2:016x}", "name": "work"}
    whole |= {"kind": 3, "startTimeUnixNano": str(int(NOW * 1e9)), "endTimeUnixNano": str(int((NOW + 1) * 1e9)), **more}
    return whole | {"attributes": pairs(whole.get("attributes", {}))}


def request(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a request with spans of one resource and scope."""
    scopes = [{"scope": {"name": "lib", "version": "1"}, "spans": list(spans)}]
    attributes = pairs(RESOURCE if resource is None else resource)
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": scopes}]}


def otlp_text(*spans: dict[str, Any], prefix: str = "T1S", **more: Any) -> str:
    """Return a request as ADOT and the collector send it in the place of a document."""
    message = read(json.dumps(request(*spans, **more)).encode(), JSON)
    return prefix + base64.b64encode(message.SerializeToString()).decode()


def decoded(resource: dict[str, Any] | None = None, **more: Any) -> Document:
    """Decode one span; what is stored of it reads the same."""
    [document] = decode(json.dumps(request(span(**more), resource=resource)).encode(), JSON).documents
    assert parse_stored(document.text)._replace(size=document.size) == document
    return document
