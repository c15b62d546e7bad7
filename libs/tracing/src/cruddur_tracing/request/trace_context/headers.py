"""The trace context in a request's headers: `traceparent` and `X-Amzn-Trace-Id`, read.

Pure; nothing here raises for what a client sent.
"""

import re
from typing import Final, NamedTuple

TRACEPARENT: Final = "HTTP_TRACEPARENT"
TRACESTATE: Final = "HTTP_TRACESTATE"
XRAY: Final = "HTTP_X_AMZN_TRACE_ID"

HEADER_MAX: Final = 2048  # characters; vendors add up to 512 to X-Ray's fields; a longer header is ignored

_TRACEPARENT = re.compile(r"[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*", re.ASCII)
_ROOT = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})", re.ASCII)
_PARENT = re.compile(r"[0-9a-fA-F]{16}", re.ASCII)
_READ: Final = ("Root", "Parent", "Sampled")
_DECISIONS: Final = {"0": False, "1": True}


class Upstream(NamedTuple):
    """The context a request came with.

    `trace_id` is 128 bits (None: a new trace starts), `parent_id` 64 bits (None: no caller is recorded), `sampled` None
    means not decided yet. `asked` is true for `Sampled=?`: the caller requests the decision.
    """

    trace_id: int | None = None
    parent_id: int | None = None
    sampled: bool | None = None
    asked: bool = False


NOTHING: Final = Upstream()


def parse_traceparent(text: str) -> Upstream | None:
    """Read a W3C header (https://www.w3.org/TR/trace-context/); None when it is malformed."""
    match = _TRACEPARENT.fullmatch(text) if len(text) <= HEADER_MAX else None
    if match is None:
        return None
    version, trace_id, parent_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    context = Upstream(int(trace_id, 16), int(parent_id, 16), bool(int(flags, 16) & 1))
    return context if context.trace_id and context.parent_id else None


def parse_xray(text: str) -> Upstream | None:
    """Read an X-Ray header; None when it has no Root or is malformed.

    Fields besides Root, Parent and Sampled are for others, and change nothing. A Root of zeros is what an X-Ray SDK
    sends that did not sample: the decision counts, the id does not.
    """
    fields = _fields(text)
    root = _ROOT.fullmatch(fields.get("Root", ""))
    if root is None:
        return None
    trace_id = int(root[1] + root[2], 16) or None
    parent = fields.get("Parent", "")
    return Upstream(
        trace_id,
        (int(parent, 16) or None) if trace_id and _PARENT.fullmatch(parent) else None,
        _DECISIONS.get(fields.get("Sampled", "")),
        asked=fields.get("Sampled") == "?",
    )


def _fields(text: str) -> dict[str, str]:
    """Split `Key=value;Key=value`; empty when it is too long or one of the fields that are read occurs twice."""
    fields: dict[str, str] = {}
    for part in text.split(";") if len(text) <= HEADER_MAX else ():
        key, _, value = part.partition("=")
        key = key.strip()
        if key in _READ:
            if key in fields:
                return {}
            fields[key] = value.strip()
    return fields
