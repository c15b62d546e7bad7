"""Reads trace and span ids out of X-Ray's texts."""

import re
from typing import Final

_TRACE_ID: Final = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})\Z", re.ASCII | re.IGNORECASE)
_ENTITY_ID: Final = re.compile(r"[0-9a-f]{16}\Z", re.ASCII | re.IGNORECASE)


def parse_trace_id(text: str) -> int | None:
    """Return the integer of X-Ray's trace id, or None if it is malformed or zero."""
    found = _TRACE_ID.match(text)
    return int(found[1] + found[2], 16) or None if found else None


def parse_entity_id(text: str) -> int | None:
    """Return the integer of a segment's id, or None if it is malformed or zero."""
    return int(text, 16) or None if _ENTITY_ID.match(text) else None
