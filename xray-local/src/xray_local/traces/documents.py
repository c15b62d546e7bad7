"""Parses and checks a segment document as the X-Ray SDKs send it. Pure.

Spans become the same `Document` in `ingest.spans`. The checks are those of the "Segment documents" page of the X-Ray
developer guide that decide whether a document can be placed in a trace at all.
"""

import re
from typing import Any, NamedTuple

import orjson

from xray_local.traces.body import TIME_MAX, Body, Wire, epoch_seconds
from xray_model import limits

NAME_MAX = 200

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
    bytes of `text`, and `body` is `text` parsed.
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
    return _parsed(text, size)


def parse_stored(text: str) -> Document:
    """Parse the text of a document that was accepted before; one of a span may be larger than a segment."""
    return _parsed(*_text(text))


def _parsed(text: str, size: int) -> Document:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SegmentError("ParseError", f"the segment is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise SegmentError("ParseError", f"the segment is a JSON {type(body).__name__}: expected an object")
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
        raise SegmentError("InvalidId", f"id: {segment_id!r}: expected 16 hex digits")
    trace_id, parent_id = body.get("trace_id"), body.get("parent_id")
    if not isinstance(trace_id, str) or not _TRACE_ID.match(trace_id):
        problem = f"trace_id: {trace_id!r}: expected 1-, 8 hex digits, -, 24 hex digits"
        raise SegmentError("InvalidTraceId", problem, segment_id)
    if parent_id is not None and (not isinstance(parent_id, str) or not _ID.match(parent_id)):
        raise SegmentError("InvalidParentId", f"parent_id: {parent_id!r}: expected 16 hex digits", segment_id)
    if parent_id is None and body.get("type") == "subsegment":
        raise SegmentError(
            "MissingParentId", "parent_id is missing: expected it in a subsegment that is sent separately", segment_id
        )
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_MAX:
        raise SegmentError("InvalidName", f"name: {name!r}: expected 1 to {NAME_MAX} characters", segment_id)
    start, end = _times(body, segment_id)
    return Document(trace_id, segment_id, parent_id, name, start, end, _wire(body), body, size, text)


def _times(body: dict[str, Any], segment_id: str) -> tuple[float, float | None]:
    start, end = body.get("start_time"), body.get("end_time")
    if type(start) is float and type(end) is float and 0 <= start < TIME_MAX and 0 <= end < TIME_MAX:
        return start, end  # the usual case, which is worth a shortcut at ingest
    started, ended = epoch_seconds(start), epoch_seconds(end)
    if started is None:
        raise SegmentError("InvalidStartTime", f"start_time: {start!r}: expected epoch seconds", segment_id)
    if end is None and body.get("in_progress") is not True:
        raise SegmentError("MissingEndTime", "end_time is missing: expected it, or in_progress: true", segment_id)
    if end is not None and ended is None:
        raise SegmentError("InvalidEndTime", f"end_time: {end!r}: expected epoch seconds", segment_id)
    return started, ended


def _wire(body: dict[str, Any]) -> Wire:
    return Body(body).wire if "metadata" in body else "segments"  # the short way is for ingest
