"""Cuts a document that is too large for a datagram: the longest values in it, and metadata value by value."""

import json
from typing import Any, Final

from cruddur_tracing.recording.values import CUT, NAMED_MAX, Writer
from cruddur_tracing.wires.segments.fields import TRIMMED

_ATTEMPTS: Final = 8
_SLACK: Final = 64
_IDENTITY: Final = ("trace_id", "id", "parent_id", "name", "start_time", "end_time", "namespace", "fault", "error")


def fit(document: bytes, limit: int) -> tuple[bytes, list[str]]:
    """Return the document in at most `limit` bytes, and the names of the values that were cut.

    Under `trimmed` of the namespace TRIMMED of metadata it names them too.
    """
    body = json.loads(document)
    metadata = body.pop("metadata", {})
    named = metadata.pop(TRIMMED, {}).get("trimmed", [])
    room = limit
    for _ in range(_ATTEMPTS):
        text, cuts = _written(body, metadata, named, room)
        encoded = text.encode("utf-8", "replace")
        if len(encoded) <= limit:
            return encoded, cuts
        room = room * limit // len(encoded) - _SLACK
    identity = {key: body[key] for key in _IDENTITY if key in body}
    return _written(identity, {}, [CUT], limit)[0].encode(), [CUT]


def _written(body: dict[str, Any], metadata: dict[str, Any], named: list[str], room: int) -> tuple[str, list[str]]:
    """Write in about `room` characters. Metadata has what the other fields leave, but at least half."""
    inside, others = Writer(marks=True), Writer(marks=False)
    values = inside.text(metadata, room, "metadata")
    text = others.text(body, max(room - len(values), room // 2), "")
    if len(text) + len(values) > room and len(values) > room // 2:
        inside = Writer(marks=True)
        values = inside.text(metadata, max(room - len(text), _SLACK), "metadata")
    cuts = [*dict.fromkeys([*named, *(name.removeprefix(".") for name in others.cuts), *inside.cuts])][:NAMED_MAX]
    mark = json.dumps({TRIMMED: {"trimmed": cuts}}, ensure_ascii=False)
    values = mark if values == "{}" else f"{mark[:-1]},{values[1:]}"
    return f'{text[:-1]},"metadata":{values}}}', cuts
