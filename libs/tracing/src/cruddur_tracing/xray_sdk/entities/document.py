"""What a segment or subsegment holds so far, in the shape of a segment document, for the app to read.

What is sent is translated by the wires, which also know the children.
"""

import os
from typing import Any, Final

from cruddur_tracing.recording.exceptions import ExceptionEvent
from cruddur_tracing.recording.span import Span

_MEMBERS: Final = (
    "id",
    "name",
    "start_time",
    "end_time",
    "parent_id",
    "trace_id",
    "type",
    "namespace",
    "in_progress",
    "http",
    "annotations",
    "metadata",
    "aws",
    "sql",
    "cause",
    "user",
    "origin",
    "service",
    "precursor_ids",
    "fault",
    "error",
    "throttle",
)


def of(entity: Any) -> dict[str, Any]:
    """Return the members that have a value."""
    members = {member: getattr(entity, member, None) for member in _MEMBERS}
    return {member: value for member, value in members.items() if value or value is False}


def cause(span: Span) -> dict[str, Any] | str:
    """Return the exceptions of a span, or the id of one that another subsegment describes."""
    exceptions = [_exception(event) for event in span._events if isinstance(event, ExceptionEvent)]
    if exceptions:
        return {"working_directory": os.getcwd(), "exceptions": exceptions}  # noqa: PTH109 - a text
    return (span.xray and span.xray.cause_id) or {}


def _exception(event: ExceptionEvent) -> dict[str, Any]:
    return {
        "id": event.cause_id,
        "type": event.type_name,
        "message": (event.attributes or {}).get("exception.message"),
        "remote": event.remote,
        "stack": [{"path": os.path.basename(path), "line": line, "label": label} for path, line, label in event.frames],  # noqa: PTH119
    }
