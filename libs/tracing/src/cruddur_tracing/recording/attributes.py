"""X-Ray's data of a span as OpenTelemetry attributes, in the names that AWS's own exporters read.

The collector's awsxray exporter makes of them what the wire of segments makes of the data itself: the same names,
nesting, namespaces, annotations and metadata. docs/span-to-segment.md lists the differences.
"""

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind, Status, StatusCode

from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.values import Writer, safe_text, scalar_text
from cruddur_tracing.recording.xray import XRayData, valid_name

Attributes = dict[str, Any]

INDEXED: Final = "aws.xray.annotations"
METADATA: Final = "aws.xray.metadata."

# More would make a document that X-Ray refuses of the span.
_METADATA_ROOM: Final = 48_000
_NEW_CONVENTIONS: Final = frozenset(
    {"http.request.method", "http.response.status_code", "server.address", "url.full", "url.path", "url.scheme"}
)
# X-Ray's field, and the attribute of the old and of the new conventions.
_HTTP: Final = {
    "method": ("http.method", "http.request.method"),
    "url": ("http.url", "url.full"),
    "user_agent": ("http.user_agent", "user_agent.original"),
    "client_ip": ("net.peer.ip", "network.peer.address"),
    "x_forwarded_for": ("http.client_ip", "client.address"),
    "status": ("http.status_code", "http.response.status_code"),
    "content_length": ("http.response_content_length", "http.response.body.size"),
}
_URL_PATHS: Final = ("http.target", "url.path")  # a server span has them and the host, in place of the URL
_SQL: Final = {"url": "db.connection_string", "user": "db.user", "sanitized_query": "db.statement"}
_SYSTEMS: Final = {"sqlite3": "sqlite"}
_KNOWN_SYSTEMS: Final = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")
_CALLS: Final = ("remote", "aws")
_SEGMENTS: Final = (SpanKind.SERVER, SpanKind.CONSUMER)  # of a local root, for every exporter


def complete(span: Span) -> None:
    """Add what X-Ray's API wrote to the span, and what tells AWS's exporters that a span is a local root."""
    data = span.xray
    if data is not None:
        _add_annotations(span._attributes, data.annotations)
        if data.metadata:
            _add_metadata(span, data.metadata)
        if data.http or data.namespace or data.sql or data.aws:
            _add_blocks(span, data)
        if data.fault or data.error or data.throttle:
            _add_flags(span, data)
        if data.user or data.origin or data.cause_id or data.precursor_ids:
            _add_texts(span._attributes, data)
    if span.local_parent is None:
        recording = span.recording
        if span._kind not in _SEGMENTS or recording.service != recording.pipeline.service_name:
            _add_root(span)


def _add_blocks(span: Span, data: XRayData) -> None:
    attributes = span._attributes
    if data.http:
        _add_http(attributes, data.http)
    if data.namespace in _CALLS:
        _add_call(span, data.namespace)
    if data.sql:
        _add_sql(attributes, data.sql)
    if data.aws:
        _add_aws(attributes, data.aws)


def _add_annotations(attributes: Attributes, annotations: Mapping[str, Any]) -> None:
    """Add them, and the list of their keys: without a list a backend may index every attribute."""
    listed = attributes.get(INDEXED, ())
    for key, value in annotations.items():
        attributes[key] = value if type(value) is str or scalar_text(value) is not None else safe_text(value)
    attributes[INDEXED] = (*listed, *annotations) if type(listed) is tuple else tuple(annotations)


def _add_metadata(span: Span, metadata: Mapping[str, Any]) -> None:
    longest = span.recording.pipeline.limits.span_text
    room = _METADATA_ROOM // len(metadata)
    if longest is not None:
        room = min(room, longest * 9 // 10 - 16)  # a text that is cut anywhere is not JSON any more
    for namespace, values in metadata.items():
        inside = values if isinstance(values, dict) else {"value": values}
        span._attributes[f"{METADATA}{namespace}"] = Writer().text(inside, max(room, 1), namespace)


def _add_http(attributes: Attributes, http: Mapping[str, Any]) -> None:
    """Add request and response in the conventions of the span; what it has already is left."""
    values = {**http.get("request", {}), **http.get("response", {})}
    if values.pop("x_forwarded_for", False):
        values["x_forwarded_for"] = values.pop("client_ip", None)
    new = 0 if _NEW_CONVENTIONS.isdisjoint(attributes) else 1
    if any(path in attributes for path in _URL_PATHS):
        values.pop("url", None)
    for field, value in values.items():
        names = _HTTP.get(field)
        if value is not None and names is not None and names[0] not in attributes and names[1] not in attributes:
            attributes[names[new]] = value if type(value) in (str, int) else safe_text(value)


def _add_call(span: Span, namespace: str) -> None:
    attributes = span._attributes
    if namespace == "aws":
        attributes["rpc.system"] = "aws-api"
        attributes["aws.service"] = valid_name(span._name)
    else:
        attributes["peer.service"] = valid_name(span._name)
    if span._kind is SpanKind.INTERNAL and span.local_parent is not None:
        span._kind = SpanKind.CLIENT


def _add_sql(attributes: Attributes, sql: Mapping[str, Any]) -> None:
    system = safe_text(sql.get("database_type", "")).lower().partition("+")[0]
    system = _SYSTEMS.get(system, system)
    attributes["db.system"] = system if system in _KNOWN_SYSTEMS else "other_sql"
    for field, value in sql.items():
        if field != "database_type":
            attributes[_SQL.get(field) or f"aws.xray.sql.{field}"] = safe_text(value)


def _add_aws(attributes: Attributes, aws: Mapping[str, Any]) -> None:
    for field, value in aws.items():
        if field == "table_names":
            attributes["aws.dynamodb.table_names"] = tuple(map(safe_text, value)) if value else ()
        elif field != "xray" and value is not None:
            plain = type(value) is str or scalar_text(value) is not None
            attributes[f"aws.{field}"] = value if plain else Writer().text(value, _METADATA_ROOM, field)
    if "operation" in aws:
        attributes["rpc.method"] = attributes["aws.operation"]


def _add_flags(span: Span, data: XRayData) -> None:
    """Make the span an error, unless the status of its response says what its flags say."""
    attributes = span._attributes
    answered = attributes.get("http.status_code") or attributes.get("http.response.status_code")
    if (data.fault or not answered) and span._status.status_code is StatusCode.UNSET:
        span._status = Status(StatusCode.ERROR)
    if not answered:
        for flag, is_set in (("error", data.error), ("throttle", data.throttle)):
            if is_set:
                attributes[f"aws.xray.{flag}"] = True
    elif data.fault and type(answered) is int and 400 <= answered <= 499:  # which says error, and no more
        attributes["aws.xray.fault"] = True


def _add_texts(attributes: Attributes, data: XRayData) -> None:
    if data.user:
        attributes["enduser.id"] = safe_text(data.user)
    if data.origin:
        attributes["aws.xray.origin"] = data.origin
    if data.cause_id:
        attributes["aws.xray.cause"] = data.cause_id
    if data.precursor_ids:
        attributes["aws.xray.precursor_ids"] = tuple(map(safe_text, data.precursor_ids))


def _add_root(span: Span) -> None:
    """Name the segment after the service, and make one of a root that the exporter takes for a subsegment."""
    if span._kind not in _SEGMENTS:
        span._attributes["aws.span.kind"] = "LOCAL_ROOT"
    span._attributes["aws.local.service"] = valid_name(span.recording.service)
