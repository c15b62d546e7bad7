"""Parses and checks a segment document as the X-Ray SDKs send it. Pure.

Spans become the same `Document` in `ingest.spans`. The checks are those of the "Segment documents" page of the X-Ray
developer guide: of what places a document in a trace, and of the names, also those of nested subsegments. Codes and the
form of messages are those that PutTraceSegments answers.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from xray_local.traces.body import TIME_MAX, Body, Wire, epoch_seconds, is_annotation_key
from xray_model import limits
from xray_model.segments import names

NAME_MAX = names.NAME_MAX
ANNOTATIONS_MAX = 50  # of a trace; a document with more cannot have all of them indexed

_NAME_EXPECTED = f"1 to {NAME_MAX} letters, digits, spaces or any of _ . : / % & # = + \\ - @"
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}\Z", re.ASCII)
_ID = re.compile(r"[0-9a-f]{16}\Z", re.ASCII)


class SegmentError(ValueError):
    """A document that cannot be stored; `code` is what PutTraceSegments answers as ErrorCode."""

    def __init__(self, code: str, message: str, segment_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.segment_id = segment_id


class Document(NamedTuple):
    """A segment, a subsegment that was sent separately, or a span in the form of one.

    `trace_id` is in X-Ray's form, times are epoch seconds, `end_time` is None while in progress, `size` counts the
    bytes that were sent (of a segment those of `text`), and `body` is `text` parsed.
    """

    trace_id: str
    id: str
    parent_id: str | None
    name: str
    start_time: float
    end_time: float | None
    wire: Wire
    body: dict[str, Any]
    size: int
    text: str


def parse_segment(data: str | bytes) -> Document:
    """Parse a segment document, or raise SegmentError."""
    text, size = _text(data)
    if size > limits.SEGMENT_BYTES:
        raise SegmentError("SegmentTooLarge", f"the segment has {size} bytes: expected at most {limits.SEGMENT_BYTES}")
    document = _parsed(text, size)
    for part in _parts(document.body):
        _check_name(part, document.body)
    return document


def oddities(document: Document) -> list[str]:
    """Return what of a segment document X-Ray drops without a word: annotations."""
    odd: dict[str, None] = {}
    for part in _parts(document.body):
        annotations = part.get("annotations")
        pairs = annotations.items() if isinstance(annotations, dict) else ()
        for key, value in pairs:
            if not is_annotation_key(key):
                odd[f"annotation {key!r} is dropped: expected letters, digits, _ and . in its key"] = None
            elif not isinstance(value, bool | int | float | str):
                odd[f"annotation {key!r} is dropped: expected a string, a number or a boolean"] = None
        if len(pairs) > ANNOTATIONS_MAX:
            odd[f"{len(pairs)} annotations: expected at most {ANNOTATIONS_MAX} in a trace; others are dropped"] = None
    return list(odd)


def parse_stored(text: str) -> Document:
    """Parse the text of a document that was accepted before; one of a span may be larger than a segment."""
    return _parsed(*_text(text))


def _parsed(text: str, size: int) -> Document:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SegmentError("ParseError", f"the segment is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise _invalid({}, "Id", None, f"an object with an id, not a JSON {type(body).__name__}")
    return _document(body, text, size)


def _text(data: str | bytes) -> tuple[str, int]:
    try:
        if isinstance(data, bytes):
            return data.decode(), len(data)
        return data, utf8_size(data)
    except UnicodeError as error:
        raise SegmentError("ParseError", f"the segment is not UTF-8: {error}") from error


def utf8_size(text: str) -> int:
    """Return the bytes of a text."""
    return len(text) if text.isascii() else len(text.encode())


def _document(body: dict[str, Any], text: str, size: int) -> Document:
    segment_id = body.get("id")
    if not isinstance(segment_id, str) or not _ID.match(segment_id):
        raise _invalid(body, "Id", segment_id, "16 hex digits")
    trace_id, parent_id = body.get("trace_id"), body.get("parent_id")
    if not isinstance(trace_id, str) or not _TRACE_ID.match(trace_id):
        raise _invalid(body, "TraceId", trace_id, "1-, 8 hex digits, -, 24 hex digits")
    if parent_id is not None and (not isinstance(parent_id, str) or not _ID.match(parent_id)):
        raise _invalid(body, "ParentId", parent_id, "16 hex digits")
    if parent_id is None and body.get("type") == "subsegment":
        raise _invalid(body, "ParentId", None, "it in a subsegment that is sent separately")
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise _invalid(body, "Name", name or None, _NAME_EXPECTED)
    start, end = _times(body)
    return Document(trace_id, segment_id, parent_id, name, start, end, Body(body).wire, body, size, text)


def _times(body: dict[str, Any]) -> tuple[float, float | None]:
    start, end = body.get("start_time"), body.get("end_time")
    if type(start) is float and type(end) is float and 0 <= start < TIME_MAX and 0 <= end < TIME_MAX:
        return start, end  # the usual case, which is worth a shortcut at ingest
    started, ended = epoch_seconds(start), epoch_seconds(end)
    if started is None:
        raise _invalid(body, "StartTime", start, "epoch seconds")
    if end is None and body.get("in_progress") is not True:
        raise _invalid(body, "EndTime", None, "it, or in_progress: true")
    if end is not None and ended is None:
        raise _invalid(body, "EndTime", end, "epoch seconds")
    return started, ended


def _parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a document and all subsegments that are nested in it."""
    waiting: list[Mapping[str, Any]] = [body]
    while waiting:
        part = waiting.pop()
        yield part
        nested = part.get("subsegments")
        if isinstance(nested, list):
            waiting.extend(inner for inner in nested if isinstance(inner, Mapping))


def is_name(text: str) -> bool:
    """Return whether X-Ray takes a text as a name: Unicode letters, digits and spaces, and what the guide lists."""
    return names.is_name(text)


def _check_name(part: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    name = part.get("name")
    if isinstance(name, str) and is_name(name):
        return
    is_missing = name is None or not isinstance(name, str) or not name
    raise _invalid(part, "Name", None if is_missing else name, _NAME_EXPECTED, nested=part is not body)


def _invalid(
    part: Mapping[str, Any], field: str, value: object, expected: str, *, nested: bool = False
) -> SegmentError:
    """Return the refusal of a (sub)segment whose field is missing (None) or not valid."""
    kind = "subsegment" if nested or part.get("type") == "subsegment" else "segment"
    key = re.sub(r"(?<!^)(?=[A-Z])", "_", field).lower()
    code = f"{'Missing' if value is None else 'Invalid'}{field}"
    cause = f"{key} is missing: expected {expected}" if value is None else f"{key}: {value!r}: expected {expected}"
    id_ = part.get("id")
    segment_id = id_ if isinstance(id_, str) and _ID.match(id_) else None
    return SegmentError(code, f"Invalid {kind}. ErrorCode: {code}, Cause: {cause}", segment_id)
