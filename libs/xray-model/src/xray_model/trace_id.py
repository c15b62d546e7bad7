"""Trace ids in X-Ray's and W3C's format, and the X-Amzn-Trace-Id header.

An X-Ray id `1-65a0b1c2-0123456789abcdef01234567` and a W3C id of 32 hex digits are the same 16 bytes; X-Ray's first
four are the epoch seconds of the trace's start.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xray_model.errors import ModelError

HEADER_MAX = 1024  # characters; our own limit against oversized headers

_XRAY = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})\Z", re.ASCII)
_W3C = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_PARENT = re.compile(r"[0-9a-f]{16}\Z", re.ASCII)
_SAMPLED = ("1", "0", "?")


def to_xray(trace_id: str) -> str:
    """Convert 32 hex digits to `1-8hex-24hex`."""
    if not _W3C.match(trace_id.lower()):
        raise ModelError("trace id", trace_id, "32 hex digits")
    return f"1-{trace_id[:8]}-{trace_id[8:]}".lower()


def to_w3c(trace_id: str) -> str:
    """Convert `1-8hex-24hex` to 32 hex digits."""
    found = _XRAY.match(trace_id.lower())
    if not found:
        raise ModelError("trace id", trace_id, "1-, 8 hex digits, -, 24 hex digits")
    return found[1] + found[2]


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """X-Amzn-Trace-Id: root in X-Ray's format, parent of 16 hex digits, sampled `1`, `0`, `?` or None, other pairs."""

    root: str | None = None
    parent: str | None = None
    sampled: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))

    def to_text(self) -> str:
        """Return the header's value."""
        known = {"Root": self.root, "Parent": self.parent, "Sampled": self.sampled}
        pairs = {name: value for name, value in known.items() if value is not None} | dict(self.extra)
        return ";".join(f"{name}={value}" for name, value in pairs.items())


def parse_header(text: str) -> TraceHeader:
    """Parse a header's value. Raise ModelError for a malformed part."""
    if len(text) > HEADER_MAX:
        raise ModelError("X-Amzn-Trace-Id", f"{len(text)} characters", f"at most {HEADER_MAX} characters")
    parts: dict[str, str] = {}
    for pair in filter(None, (piece.strip() for piece in text.split(";"))):
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ModelError("X-Amzn-Trace-Id", pair, "name=value pairs between semicolons")
        parts[name.strip()] = value.strip()
    root, parent, sampled = (parts.pop(name, None) for name in ("Root", "Parent", "Sampled"))
    if root is not None and not _XRAY.match(root.lower()):
        raise ModelError("Root", root, "1-, 8 hex digits, -, 24 hex digits")
    if parent is not None and not _PARENT.match(parent.lower()):
        raise ModelError("Parent", parent, "16 hex digits")
    if sampled is not None and sampled not in _SAMPLED:
        raise ModelError("Sampled", sampled, "1, 0 or ?")
    return TraceHeader(root and root.lower(), parent and parent.lower(), sampled, parts)
