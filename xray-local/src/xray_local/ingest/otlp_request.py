"""Reads an OTLP/HTTP trace request, protobuf or JSON, into the protobuf message. Pure.

OTLP's JSON is protobuf's, but for ids, which are hex instead of base64 (OTLP specification, "JSON Protobuf
Encoding"). protobuf is imported for the first request: it takes three megabytes, which a process that gets no OTLP does
not need.
"""

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_IDS = ("traceId", "spanId", "parentSpanId")


class SpanError(ValueError):
    """A request that is not a valid OTLP trace request; the message is the reason."""


def kind(content_type: str) -> str:
    """Return a content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def read(body: bytes, content_type: str) -> "ExportTraceServiceRequest":
    """Return a request parsed by its content type, or raise SpanError."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    if kind(content_type) == PROTOBUF:
        try:
            return ExportTraceServiceRequest.FromString(body)
        except DecodeError as error:
            raise SpanError("the body is not a protobuf ExportTraceServiceRequest") from error
    if kind(content_type) == JSON:
        return _read_json(body)
    raise SpanError(f"Content-Type: {content_type!r}: expected {PROTOBUF} or {JSON}")


def _read_json(body: bytes) -> "ExportTraceServiceRequest":
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = json.loads(body)
        for span in _spans(request):
            _ids_to_base64(span)
            for link in span.get("links") or ():
                _ids_to_base64(link)
        return json_format.ParseDict(request, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except SpanError:
        raise
    except RecursionError as error:
        raise SpanError("the JSON is nested too deeply") from error
    except (json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise SpanError(f"the body is not a JSON ExportTraceServiceRequest: {error}") from error


def _spans(request: Any) -> list[dict[str, Any]]:
    return [
        span
        for resource in request.get("resourceSpans") or ()
        for scope in resource.get("scopeSpans") or ()
        for span in scope.get("spans") or ()
    ]


def _ids_to_base64(message: dict[str, Any]) -> None:
    for name in _IDS:
        if message.get(name):
            try:
                raw = binascii.unhexlify(message[name])
            except (binascii.Error, TypeError, ValueError) as error:
                raise SpanError(f"{name}: {message[name]!r}: expected hex digits") from error
            message[name] = base64.b64encode(raw).decode()
