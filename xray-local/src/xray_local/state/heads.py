"""The few members of a segment document that decide whether it is accepted, read without the rest of it.

This is the fast way for calls in which every document is valid and X-Ray would index all of it. For the others
`traces.documents.parse_segment` decides and words the refusal, so there is one set of rules and messages. The parser
here checks all of a document's JSON, but does not read the numbers of the members that it skips: one that no double
holds is found when the document is indexed.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec

from xray_local.traces.body import TIME_MAX, is_annotation_key
from xray_local.traces.documents import ANNOTATIONS_MAX, is_name, utf8_size
from xray_model import limits

KNOWN_TEXTS = 1000
_HEX = b"0123456789abcdef"
_TRACE_ID_LENGTH = 35
_Id = Annotated[str, msgspec.Meta(min_length=16, max_length=16)]
_Time = Annotated[float, msgspec.Meta(ge=0, lt=TIME_MAX)]
_Annotations = Annotated[dict[str, bool | int | float | str], msgspec.Meta(max_length=ANNOTATIONS_MAX)]


class _Part(msgspec.Struct, gc=False):
    name: str
    annotations: _Annotations | None = None
    subsegments: tuple["_Part", ...] = ()  # most have none, and need no list of their own


class _Head(_Part, gc=False, kw_only=True):
    trace_id: Annotated[str, msgspec.Meta(min_length=_TRACE_ID_LENGTH, max_length=_TRACE_ID_LENGTH)]
    id: _Id
    start_time: _Time
    end_time: _Time | None = None
    in_progress: bool = False
    parent_id: _Id | None = None
    type: str | None = None


_decode = msgspec.json.Decoder(_Head).decode
_is_name = lru_cache(KNOWN_TEXTS)(is_name)  # few names and keys recur in all documents
_is_key = lru_cache(KNOWN_TEXTS)(is_annotation_key)


class Heads(NamedTuple):
    """Of each document of a call the trace id, and the bytes."""

    trace_ids: list[str]
    sizes: list[int]


def read(texts: Sequence[str]) -> Heads | None:
    """Return the heads of documents that are all valid, or None if one has to be parsed to know."""
    try:
        heads = [_decode(text) for text in texts]
        names, keys = _names_and_keys(heads)
        sizes = list(map(len, texts)) if all(map(str.isascii, texts)) else list(map(utf8_size, texts))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not (all(map(_is_name, names)) and all(map(_is_key, keys))):
        return None
    if max(sizes, default=0) > limits.SEGMENT_BYTES or not _are_complete(heads):
        return None
    trace_ids = [head.trace_id for head in heads]
    ids = [head.id for head in heads] + [head.parent_id for head in heads if head.parent_id is not None]
    return Heads(trace_ids, sizes) if _are_ids(trace_ids, ids) else None


def _names_and_keys(heads: Sequence[_Part]) -> tuple[set[str], set[str]]:
    """Return the names of (sub)segments at all depths, and the keys of their annotations."""
    names: set[str] = set()
    keys: set[str] = set()
    parts = heads
    while parts:
        names.update([part.name for part in parts])
        keys.update(*[part.annotations for part in parts if part.annotations])
        parts = [nested for part in parts for nested in part.subsegments]
    return names, keys


def _are_complete(heads: Sequence[_Head]) -> bool:
    if any([head.end_time is None and not head.in_progress for head in heads]):  # noqa: C419 (a list is faster)
        return False
    return not any([head.type == "subsegment" and head.parent_id is None for head in heads])  # noqa: C419


def _are_ids(found: Sequence[str], ids: Sequence[str]) -> bool:
    """Return whether all are ids, at the cost of a few passes over their joined text."""
    joined = "".join(found)
    count = len(found)
    dashes = "-" * count
    is_placed = joined[0::_TRACE_ID_LENGTH] == "1" * count and joined[1::_TRACE_ID_LENGTH] == dashes
    if not is_placed or joined[10::_TRACE_ID_LENGTH] != dashes:
        return False
    return (joined + "".join(ids)).encode().translate(None, _HEX) == b"-" * (2 * count)
