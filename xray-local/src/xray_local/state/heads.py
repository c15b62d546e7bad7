"""The few members of a segment document that decide whether it is accepted, read without the rest of it.

This is the fast way for calls in which every document is valid and X-Ray would index all of it. For the others
`traces.documents.parse_segment` decides and words the refusal, so there is one set of rules and messages. The parser
here checks all of a document's JSON, but does not read the numbers of the members that it skips: one that no double
holds is found when the document is indexed.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from xray_local.traces.body import ANNOTATION_KEY_PATTERN, TIME_MAX
from xray_local.traces.documents import ANNOTATIONS_MAX, NAME_PATTERN, utf8_size
from xray_model import limits

_HEX = b"0123456789abcdef"
_TRACE_ID_LENGTH = 35
_Id = Annotated[str, msgspec.Meta(min_length=16, max_length=16)]
_Name = Annotated[str, msgspec.Meta(pattern=rf"\A{NAME_PATTERN}")]
_Time = Annotated[float, msgspec.Meta(ge=0, lt=TIME_MAX)]
_Key = Annotated[str, msgspec.Meta(pattern=rf"\A{ANNOTATION_KEY_PATTERN}")]
_Annotations = Annotated[dict[_Key, bool | int | float | str], msgspec.Meta(max_length=ANNOTATIONS_MAX)]


class _Part(msgspec.Struct, gc=False):
    name: _Name
    annotations: _Annotations = {}
    subsegments: list["_Part"] = []


class _Head(msgspec.Struct, gc=False):
    trace_id: Annotated[str, msgspec.Meta(min_length=_TRACE_ID_LENGTH, max_length=_TRACE_ID_LENGTH)]
    id: _Id
    name: _Name
    start_time: _Time
    end_time: _Time | None = None
    in_progress: bool = False
    parent_id: _Id | None = None
    type: str | None = None
    annotations: _Annotations = {}
    subsegments: list[_Part] = []


_decode = msgspec.json.Decoder(_Head).decode


def trace_ids(texts: Sequence[str]) -> list[str] | None:
    """Return the trace id of each document if all are valid, or None if one has to be parsed to know."""
    try:
        heads = [_decode(text) for text in texts]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not all(map(_is_complete, heads)) or max(map(utf8_size, texts), default=0) > limits.SEGMENT_BYTES:
        return None
    found = [head.trace_id for head in heads]
    ids = [head.id for head in heads] + [head.parent_id for head in heads if head.parent_id is not None]
    return found if _are_ids(found, ids) else None


def _is_complete(head: _Head) -> bool:
    is_ended = head.end_time is not None or head.in_progress
    return is_ended and (head.type != "subsegment" or head.parent_id is not None)


def _are_ids(found: Sequence[str], ids: Sequence[str]) -> bool:
    """Return whether all are ids, at the cost of a few passes over their joined text."""
    joined = "".join(found)
    count = len(found)
    dashes = "-" * count
    is_placed = joined[0::_TRACE_ID_LENGTH] == "1" * count and joined[1::_TRACE_ID_LENGTH] == dashes
    if not is_placed or joined[10::_TRACE_ID_LENGTH] != dashes:
        return False
    return (joined + "".join(ids)).encode().translate(None, _HEX) == b"-" * (2 * count)
