"""The stand-in's models and helpers for trace headers, as the SDK's, for apps that carry the header themselves."""

import re
import secrets
import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from cruddur_tracing.recording.ids import xray_trace_id
from xray_model.matching import matches_pattern

HEADER: Final = "X-Amzn-Trace-Id"
WSGI_HEADER: Final = "HTTP_X_AMZN_TRACE_ID"


class TraceId:
    """A new trace id."""

    VERSION = "1"
    DELIMITER = "-"

    def __init__(self) -> None:
        self.start_time = int(time.time())
        self._random = secrets.randbits(96)

    def to_id(self) -> str:
        """Return it in X-Ray's format."""
        return xray_trace_id(self.start_time << 96 | self._random)


class NoOpTraceId:
    """The trace id of nothing."""

    def to_id(self) -> str:
        """Return it in X-Ray's format."""
        return xray_trace_id(0)


class TraceHeader:
    """The X-Amzn-Trace-Id header; `sampled` is 1, 0, `?` or None, `data` has the fields of others."""

    def __init__(
        self,
        root: str | None = None,
        parent: str | None = None,
        sampled: Any = None,
        data: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.parent = parent
        self.sampled = _SAMPLED.get(str(sampled))
        self.data = data

    @classmethod
    def from_header_str(cls, header: str | None) -> "TraceHeader":
        """Read a header; what is no name=value pair is left out."""
        fields = [field.partition("=") for field in (header or "").split(";")]
        pairs = {name.strip(): value.strip() for name, equals, value in fields if equals}
        pairs.pop("Self", None)
        root, parent, sampled = (pairs.pop(name, None) for name in ("Root", "Parent", "Sampled"))
        return cls(root, parent, sampled, pairs)

    def to_header_str(self) -> str:
        """Return the header's value."""
        known = {"Root": self.root, "Parent": self.parent, "Sampled": self.sampled} | (self.data or {})
        return ";".join(f"{name}={value}" for name, value in known.items() if value is not None and value != "")


_SAMPLED: Final = {"1": 1, "True": 1, "0": 0, "False": 0, "?": "?"}


def inject_trace_header(headers: MutableMapping[str, Any], entity: Any) -> None:
    """Put the header that names an entity into the headers of an outgoing request."""
    if not entity:
        return
    segment = entity.parent_segment if getattr(entity, "type", None) == "subsegment" else entity
    origin = segment.get_origin_trace_header()
    header = TraceHeader(entity.trace_id, entity.id, entity.sampled, origin.data if origin else None)
    headers[HEADER] = header.to_header_str()


def construct_xray_header(headers: Any) -> TraceHeader:
    """Read the header of an incoming request."""
    return TraceHeader.from_header_str(headers.get(HEADER) or headers.get(WSGI_HEADER))


def calculate_sampling_decision(trace_header: TraceHeader, recorder: Any, sampling_req: dict[str, Any]) -> Any:
    """Return the decision that came with a request, or else that of the rules: 0, 1 or a rule's name."""
    if trace_header.sampled is not None and trace_header.sampled != "?":
        return trace_header.sampled
    return (recorder.sampler.should_trace(sampling_req) or 0) if recorder.sampling else 1


def calculate_segment_name(host_name: str, recorder: Any) -> str | None:
    """Return the name of the segment of a request to a host."""
    named: str | None = recorder.dynamic_naming.get_name(host_name) if recorder.dynamic_naming else recorder.service
    return named


def prepare_response_header(origin_header: TraceHeader | None, segment: Any) -> str:
    """Return the header of a response; with the decision if the caller has left it to this service."""
    asked = origin_header is not None and origin_header.sampled == "?"
    return TraceHeader(segment.trace_id, None, segment.sampled if asked else None).to_header_str()


def strip_url(url: str | None) -> str | None:
    """Return a URL without its query."""
    return url.partition("?")[0] if url else url


def get_hostname(url: str | None) -> str:
    """Return the host of a URL."""
    return (urlsplit(url).hostname if url else None) or "UNKNOWN HOST"


def to_snake_case(name: str) -> str:
    """Return a name of an AWS parameter with underscores."""
    spaced = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", spaced).lower()


def wildcard_match(pattern: str | None, text: str | None, case_insensitive: bool = True) -> bool:
    """Return whether a pattern of `*` and `?` matches a text."""
    if pattern is None or text is None:
        return False
    if case_insensitive:
        return matches_pattern(pattern, text)
    parts = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(parts, text, re.DOTALL) is not None


def get_stacktrace(limit: int | None = None) -> list[traceback.FrameSummary]:
    """Return the last `limit` frames of the caller, and of the exception that is being handled."""
    stack = [*traceback.extract_stack()[:-1], *traceback.extract_tb(sys.exc_info()[2])]
    return stack[-limit:] if limit else [] if limit == 0 else stack
