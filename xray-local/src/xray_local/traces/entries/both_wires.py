"""Merges what came of one entry by both wires: its segment document and its span. Pure.

Both were made from one recording, so they differ in form and in what one of them left out. The rule, whatever arrived
first:

- The segment decides the place: whether it is a segment, its parent and its namespace, also if it has none.
- Of `http`, `sql`, `aws`, `service`, `metadata` and the annotations, each member is the segment's, or else the span's.
  A span's attribute that is an annotation only because all of them are is none here.
- Metadata that is a copy of the span's attributes, resource, name or events stays with the span only.
- A flag is set if one of them sets it.
- `cause` is the segment's, or else the span's, so that each exception counts once.
- Links are those of both, each once.
- It has ended if one of them has; the times are the segment's, or else the span's.
- Any other field is the segment's, or else the span's.
"""

from collections.abc import Mapping
from typing import Any

from xray_local.traces.body import Body, as_object, as_objects

_PLACE = ("type", "parent_id", "namespace", "subsegments")
_BLOCKS = ("http", "sql", "aws", "service", "metadata")
_LEVELS = 3  # aws.ec2.instance_id: deeper objects are values


def merged(segment: Body, span: Body) -> Body:
    """Return one body for an entry's segment (or subsegment) and its span."""
    raw = dict(span.raw) | {key: value for key, value in segment.raw.items() if value is not None}
    for key in _PLACE:
        if segment.raw.get(key) is None:
            raw.pop(key, None)
    for key in _BLOCKS:
        if block := _joined(segment.object(key), span.object(key), _LEVELS):
            raw[key] = block
    raw |= {str(flag): True for flag in {*segment.flags, *span.flags}}
    whole = {
        "annotations": {**span.own_annotations, **segment.object("annotations")},
        "links": _links(segment, span),
        "cause": _cause(segment, span),
    }
    raw |= {key: value for key, value in whole.items() if value or key in raw}
    _set_times(raw, segment, span)
    _drop_copies(raw)
    return Body(raw)


def _joined(first: Mapping[str, Any], second: Mapping[str, Any], levels: int) -> dict[str, Any]:
    """Return the members of both objects; one that both have is the first's, or an object joined in the same way."""
    result = dict(second)
    for key, value in first.items():
        other = second.get(key)
        if levels > 1 and isinstance(value, Mapping) and isinstance(other, Mapping):
            result[key] = _joined(value, other, levels - 1)
        elif value is not None or key not in second:
            result[key] = value
    return result


def _cause(segment: Body, span: Body) -> object:
    """Return the cause that names an exception, or refers to one."""
    return next((body.raw["cause"] for body in (segment, span) if body.text("cause") or body.exceptions), None)


def _links(segment: Body, span: Body) -> list[Mapping[str, Any]]:
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for link in (*as_objects(segment.raw.get("links")), *as_objects(span.raw.get("links"))):
        found.setdefault((str(link.get("trace_id")), str(link.get("id"))), link)
    return list(found.values())


def _set_times(raw: dict[str, Any], segment: Body, span: Body) -> None:
    start = span.start if segment.start is None else segment.start
    end = span.end if segment.end is None else segment.end
    for key, time in (("start_time", start), ("end_time", end)):
        raw.pop(key, None)
        if time is not None:
            raw[key] = time
    if end is not None:
        raw.pop("in_progress", None)


def _drop_copies(raw: dict[str, Any]) -> None:
    metadata = dict(as_object(raw.get("metadata")))
    default = metadata.pop("default", None)
    if isinstance(default, Mapping):
        copied = _as_metadata(Body(as_object(metadata.get("otel"))))
        default = {key: value for key, value in default.items() if key not in copied or copied[key] != value}
    if default:
        metadata["default"] = default
    raw["metadata"] = metadata


def _as_metadata(otel: Body) -> dict[str, Any]:
    """Return what of a span has no field in a segment document, as it is in the metadata there."""
    events = [event for event in as_objects(otel.raw.get("events")) if event.get("name") != "exception"]
    return {
        **otel.object("attributes"),
        **{f"otel.resource.{key}": value for key, value in otel.object("resource").items()},
        "otel.span.name": otel.text("name"),
        "otel.events": events,
    }
