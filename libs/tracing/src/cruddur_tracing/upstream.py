"""What a request brings along: its trace id, parent and decision, out of `traceparent` and `X-Amzn-Trace-Id`.

The WSGI entrance calls `read`, once for each request. Pure; it never raises for what a client sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TRACEPARENT: Final = "HTTP_TRACEPARENT"
TRACESTATE: Final = "HTTP_TRACESTATE"
XRAY: Final = "HTTP_X_AMZN_TRACE_ID"

HEADER_MAX: Final = 512  # characters; a real header has fewer than 200, and what is longer is no trace context

_TRACEPARENT = re.compile(r"[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*", re.ASCII)
_ROOT = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})", re.ASCII)
_PARENT = re.compile(r"[0-9a-fA-F]{16}", re.ASCII)
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=([!-+\--:<>-~]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upstream:
    """The context a request came with.

    `trace_id` is 128 bits (None: a new trace starts), `parent_id` 64 bits (None: no caller is recorded),
    `sampled` None means that nobody has decided yet. `asked` is true for `Sampled=?`: the caller wants to be told.
    """

    trace_id: int | None = None
    parent_id: int | None = None
    sampled: bool | None = None
    asked: bool = False
    from_traceparent: bool = False


NOTHING: Final = Upstream()


def read(environ: Mapping[str, str]) -> Upstream:
    """Return the context of a WSGI request; `traceparent` goes before `X-Amzn-Trace-Id`."""
    w3c = environ.get(TRACEPARENT)
    if w3c is not None:
        upstream = parse_traceparent(w3c)
        if upstream is not None:
            return upstream
    xray = environ.get(XRAY)
    return NOTHING if xray is None else parse_xray(xray) or NOTHING


def parse_traceparent(text: str) -> Upstream | None:
    """Read a W3C header (https://www.w3.org/TR/trace-context/); None when it is malformed."""
    match = _TRACEPARENT.fullmatch(text) if len(text) <= HEADER_MAX else None
    if match is None:
        return None
    version, trace_id, parent_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    context = Upstream(int(trace_id, 16), int(parent_id, 16), bool(int(flags, 16) & 1), from_traceparent=True)
    return context if context.trace_id and context.parent_id else None


def parse_xray(text: str) -> Upstream | None:
    """Read an X-Ray header; None when it is malformed.

    A Root of zeros is what an X-Ray SDK sends that did not sample: the decision counts, the id does not.
    """
    fields = _fields(text)
    root = _ROOT.fullmatch(fields.get("Root", ""))
    sampled = fields.get("Sampled", "?")
    parent = fields.get("Parent")
    if root is None or sampled not in {"0", "1", "?"} or (parent is not None and not _PARENT.fullmatch(parent)):
        return None
    trace_id = int(root[1] + root[2], 16) or None
    return Upstream(
        trace_id,
        (int(parent, 16) or None) if parent and trace_id else None,
        None if sampled == "?" else sampled == "1",
        asked=fields.get("Sampled") == "?",
    )


def _fields(text: str) -> dict[str, str]:
    """Split `Key=value;Key=value`; empty when any part is malformed or a key occurs twice."""
    fields: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";") if len(text) <= HEADER_MAX else ():
        match = _FIELD.fullmatch(part.strip())
        if match is None or match[1] in fields:
            return {}
        fields[match[1]] = match[2]
    return fields


def to_xray(trace_id: int, parent_id: int | None, sampled: bool | None) -> str:
    """Write the X-Ray header of a context; what is None is left out."""
    text = f"Root={xray_id(trace_id)}"
    if parent_id is not None:
        text += f";Parent={parent_id:016x}"
    return text if sampled is None else f"{text};Sampled={int(sampled)}"


def xray_id(trace_id: int) -> str:
    """Write a 128-bit trace id as X-Ray does: `1-8hex-24hex`."""
    digits = f"{trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"
