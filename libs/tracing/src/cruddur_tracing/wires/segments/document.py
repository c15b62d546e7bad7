"""Translates a span into the document of a segment or a subsegment, without its children. Pure.

Two references: what the X-Ray SDK sends for the same calls, and what the collector's awsxray exporter makes of the same
span. docs/span-to-segment.md says where they differ and which of them this follows.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanKind, StatusCode

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.values import CUT, safe_text
from cruddur_tracing.recording.xray import DEFAULT_NAMESPACE, XRayData
from cruddur_tracing.wires.segments import calls
from cruddur_tracing.wires.segments.causes import cause_block
from cruddur_tracing.wires.segments.fields import Fields, annotation_key, encoded, name_text, times_text
from cruddur_tracing.wires.segments.http import TRIGGERS, Http, http_block
from cruddur_tracing.wires.segments.requests import SPAN_NAME, plain_segment, server_request
from cruddur_tracing.wires.segments.resource import SegmentConstants

ANNOTATION_MAX: Final = 1_000  # characters, X-Ray's limit
EVENTS: Final = "otel.events"  # metadata: the events other than exceptions

_METADATA_PREFIX: Final = "aws.xray.metadata."
_INDEXED: Final = "aws.xray.annotations"
_USER: Final = "enduser.id"
_SPECIAL: Final = calls.AWS_TRIGGERS | calls.SQL_TRIGGERS | {_USER, _INDEXED}
_OUTGOING: Final = (SpanKind.CLIENT, SpanKind.PRODUCER)
_SCALARS: Final = (str, int, float, bool)
_NOTHING: Final = XRayData()
_NO_KEYS: Final[frozenset[str]] = frozenset()
_FIRST_ERROR: Final = 400
_NAMESPACES: Final = ("aws", "remote")  # the collector's receiver refuses a trace with any other


class Documents:
    """Translates the spans of one process. `origin` and `aws` are what X-Ray's plugins found out about its host."""

    __slots__ = ("_aws", "_constants", "_origin", "_resource")

    def __init__(self, origin: str | None = None, aws: Mapping[str, Any] | None = None) -> None:
        self._origin = origin
        self._aws = aws
        self._resource: Resource | None = None
        self._constants = SegmentConstants({})

    def document(self, span: Span) -> tuple[bytes, Sequence[str]]:
        """Return the document as JSON, and the names of the values that were cut. It may be larger than a datagram.

        That of a subsegment names neither its trace nor its parent.
        """
        segment = is_segment(span)
        if segment:
            plain = plain_segment(span, self._constants_of(span))
            if plain is not None:
                return encoded(plain), ()
        data = span.xray or _NOTHING
        request = None if data.http else server_request(span)
        fields = Fields()
        name = _add_head(fields, span, data, segment=segment)
        attributes, metadata = (request.attributes, request.metadata) if request else (span._attributes, "")
        consumed = _add_outcome(fields, span, data, request.http if request else _http(span, data))
        aws, consumed = _add_blocks(fields, span, data, attributes, consumed)
        if segment:
            self._add_constants(fields, span, aws, data.origin)
        elif aws:
            fields.add("aws", calls.checked_aws(aws))
        rest = {key: value for key, value in attributes.items() if key not in consumed}
        if segment:
            metadata = f"{metadata},{self._constants.metadata}" if metadata else self._constants.metadata
        _add_values(fields, span, data, rest, name, metadata)
        return fields.encoded(), fields.cuts

    def service_segment(self, span: Span, segment_id: int) -> bytes:
        """Return the segment of a local root that is a call: its own document is a subsegment of this one."""
        fields = Fields()
        fields.parts.append(_segment_head(span, segment_id))
        _add_flags(fields, span.xray or _NOTHING, _status(span), failed=span._status.status_code is StatusCode.ERROR)
        self._add_constants(fields, span, {}, None)
        fields.add_metadata({}, self._constants.metadata)
        return fields.encoded()

    def bare(self, span: Span) -> bytes:
        """Return a document that only says which span it is of."""
        fields = Fields()
        fields.parts.append(
            _segment_head(span, span.span_id) if is_segment(span) else _head(span, span.span_id, span._name, None)
        )
        fields.cuts.append(CUT)
        fields.add_metadata({}, "")
        return fields.encoded()

    def _add_constants(self, fields: Fields, span: Span, aws: Mapping[str, Any], origin: str | None) -> None:
        constants, rule = self._constants_of(span), span.recording.rule
        if not aws and not origin:
            fields.parts.append(constants.text(rule))
            return
        fields.add("aws", constants.aws_of(rule) | calls.checked_aws(aws))
        fields.parts.append(f'"service":{constants.service}')
        if origin or constants.origin:
            fields.add("origin", safe_text(origin or constants.origin))

    def _constants_of(self, span: Span) -> SegmentConstants:
        resource = span.recording.pipeline.resource
        if resource is not self._resource:
            self._constants = SegmentConstants(resource.attributes, self._origin, self._aws)
            self._resource = resource
        return self._constants


def is_segment(span: Span) -> bool:
    """Return whether its document is a segment: a local root, unless it is a call, which is a subsegment of one."""
    return span.local_parent is None and span._kind not in _OUTGOING


def _head(span: Span, span_id: int, name: str, namespace: str | None) -> str:
    times = times_text(span._start_time, span._end_time)
    head = f'"id":"{span_id:016x}","name":{name_text(name)},{times}'
    return f'{head},"namespace":"{namespace}"' if namespace in _NAMESPACES else head


def _segment_head(span: Span, segment_id: int) -> str:
    recording, parent_id = span.recording, span.parent_id
    head = f'"trace_id":"{recording.xray_id}",{_head(span, segment_id, recording.service, None)}'
    return f'{head},"parent_id":"{parent_id:016x}"' if parent_id else head


def _add_head(fields: Fields, span: Span, data: XRayData, *, segment: bool) -> str:
    """Add the ids, the times, name and namespace, and return the name."""
    if segment:
        fields.parts.append(_segment_head(span, span.span_id))
        return span.recording.service
    name, namespace = span._name, data.namespace
    if namespace is None:
        name, namespace = _call_name(span)
    fields.parts.append(_head(span, span.span_id, name, namespace))
    return name


def _call_name(span: Span) -> tuple[str, str | None]:
    kind, attributes = span._kind, span._attributes
    if kind is SpanKind.SERVER:
        return span.recording.service, None
    if kind in _OUTGOING or not calls.NAMING.isdisjoint(attributes):
        return calls.describe_call(attributes.get, kind, span._name)
    return span._name, None


def _http(span: Span, data: XRayData) -> Http | None:
    if data.http or not TRIGGERS.isdisjoint(span._attributes):
        return http_block(span._attributes, data.http, server=span._kind is SpanKind.SERVER)
    return None


def _add_outcome(fields: Fields, span: Span, data: XRayData, http: Http | None) -> frozenset[str]:
    """Add `http`, the flags and `cause`, and return the attributes that are in `http`."""
    consumed, status = _NO_KEYS, 0
    if http is not None:
        text, status, consumed = http
        fields.parts.append(f'"http":{text}')
    failed = span._status.status_code is StatusCode.ERROR
    if failed or status >= _FIRST_ERROR or data is not _NOTHING:
        _add_flags(fields, data, status, failed=failed)
    if failed or span._events or data.cause_id:
        cause = cause_block(span)
        if cause:
            fields.add("cause", cause)
    return consumed


def _status(span: Span) -> int:
    return http_block(span._attributes, {}, server=False)[1]


def _add_flags(fields: Fields, data: XRayData, status: int, *, failed: bool) -> None:
    """Add the flags of the status of the response, or else of the span, and those that X-Ray's API set."""
    error, throttle = 400 <= status <= 499, status == 429
    fault = 500 <= status <= 599 or (failed and not error)
    if data is not _NOTHING:
        error = error if data.error is None else data.error
        fault = fault if data.fault is None else data.fault
        throttle = throttle if data.throttle is None else data.throttle
    flags = (("error", error), ("fault", fault), ("throttle", throttle))
    fields.parts += [f'"{flag}":true' for flag, is_set in flags if is_set]


def _add_blocks(
    fields: Fields, span: Span, data: XRayData, attributes: Mapping[str, Any], consumed: frozenset[str]
) -> tuple[dict[str, Any], frozenset[str]]:
    """Add `sql`, `user` and relations; return `aws`, and the attributes that are in the document so far."""
    aws, sql, user = data.aws, data.sql, data.user
    if not _SPECIAL.isdisjoint(attributes):
        get = attributes.get
        aws, sql, user = calls.aws_block(get) | aws, calls.sql_block(get) | sql, user or get(_USER)
        consumed |= calls.AWS_API_CONSUMED if calls.is_aws_api(get) else calls.AWS_CONSUMED
        consumed |= (calls.SQL_CONSUMED if sql else _NO_KEYS) | {_USER, _INDEXED}
    if sql:
        fields.add("sql", calls.checked_sql(sql))
    if user:
        fields.add("user", safe_text(user))
    if data.precursor_ids:
        fields.add("precursor_ids", [safe_text(precursor) for precursor in data.precursor_ids])
    if span._links:
        _add_links(fields, span)
    return aws, consumed


def _add_links(fields: Fields, span: Span) -> None:
    links = [
        {"trace_id": xray_trace_id(link.context.trace_id), "id": f"{link.context.span_id:016x}"}
        | ({"attributes": dict(link.attributes)} if link.attributes else {})
        for link in span._links
        if link.context.is_valid
    ]
    if links:
        fields.add("links", links)


def _add_annotations(fields: Fields, written: Mapping[str, Any], rest: dict[str, Any], indexed: Any) -> None:
    """Add what X-Ray's API annotated, and the attributes that `aws.xray.annotations` lists; they leave `rest`."""
    if isinstance(indexed, (tuple, list)):
        listed = {key: rest.pop(key) for key in indexed if key in rest and type(rest[key]) in _SCALARS}
        written = listed | dict(written)
    annotations = {}
    for key, value in list(written.items()):
        name = annotation_key(key)
        shown = value if type(value) in _SCALARS else safe_text(value)
        if type(shown) is str and len(shown) > ANNOTATION_MAX:
            shown = shown[: ANNOTATION_MAX - 1] + CUT
            fields.cuts.append(f"annotations.{name}")
        annotations[name] = shown
    fields.add("annotations", annotations)


def _add_values(fields: Fields, span: Span, data: XRayData, rest: dict[str, Any], name: str, constants: str) -> None:
    """Add annotations and metadata. `rest` are the attributes that have no field, `name` is the document's."""
    indexed = span._attributes.get(_INDEXED)
    if indexed or data.annotations:
        _add_annotations(fields, data.annotations, rest, indexed)
    namespaces = _metadata(span, data, rest, name)
    if namespaces or constants or fields.cuts:
        fields.add_metadata(namespaces, constants)


def _metadata(span: Span, data: XRayData, rest: dict[str, Any], name: str) -> dict[str, Any]:
    """Return metadata by namespace: what X-Ray's API wrote, and what of the span has no field."""
    namespaces, default = {}, rest
    if data.metadata:
        namespaces = {key: value if type(value) is dict else {"value": value} for key, value in data.metadata.items()}
        default = rest | namespaces.pop(DEFAULT_NAMESPACE, {})
    if [key for key in rest if key.startswith(_METADATA_PREFIX)]:
        default, namespaces = _parsed(default, namespaces)
    events = [_event(event) for event in span._events if event.name != "exception"]
    if events:
        default[EVENTS] = events
    if name != span._name:
        default[SPAN_NAME] = span._name
    return {DEFAULT_NAMESPACE: default, **namespaces} if default else namespaces


def _event(event: Any) -> dict[str, Any]:
    return {"name": event.name, "time": (event.timestamp or 0) / 1e9, "attributes": dict(event.attributes or {})}


def _parsed(default: dict[str, Any], namespaces: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put the attributes `aws.xray.metadata.NAMESPACE`, JSON objects, where they belong."""
    kept: dict[str, Any] = {}
    for key, value in default.items():
        parsed = _json_object(value) if key.startswith(_METADATA_PREFIX) else None
        namespace = key.removeprefix(_METADATA_PREFIX)
        if parsed is None:
            kept[key] = value
        elif namespace.lower() == DEFAULT_NAMESPACE:
            kept |= parsed
        else:
            namespaces[namespace] = parsed | namespaces.get(namespace, {})
    return kept, namespaces


def _json_object(text: Any) -> dict[str, Any] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
