"""Exceptions on a span: each exception object is described once in a trace, and named by its id above that."""

import logging
import sys
import traceback
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from opentelemetry.trace import Status, StatusCode

from cruddur_tracing.recording.span import Span

log = logging.getLogger("aws_xray_sdk.core.models.throwable")

_NOT_THE_APP: Final = ("aws_xray_sdk/", f"{Path(__file__).parents[1]}/")

Frame = tuple[str, int | None, str]


def add_exception(span: Span, exception: BaseException, stack: Any, *, remote: bool) -> None:
    """Record an exception with the frames of `stack`, or the id under which this trace has it already."""
    data = span.xray_data()
    known = recorded_id(exception, span.recording.trace_id)
    data.fault = True
    if known is not None:
        data.cause_id = known
        return
    text = "".join(traceback.format_exception(exception)) if isinstance(exception, BaseException) else str(exception)
    event = span.append_exception(exception, _frames(stack), text, remote=remote)
    message = (event.attributes or {}).get("exception.message")
    span.set_status(Status(StatusCode.ERROR, f"{event.type_name}: {message}"))


def recorded_id(exception: BaseException, trace_id: int) -> str | None:
    """Return the id under which an exception object is described in a trace, or None if it is not yet."""
    if getattr(exception, "_cause_trace", None) != trace_id:
        return None
    return getattr(exception, "_cause_id", None)


def stack_of(error: BaseException, limit: int) -> list[traceback.FrameSummary]:
    """Return at most `limit` frames: from the callers of the current function to where `error` was raised."""
    if limit <= 0:
        return []
    raised = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-limit, lookup_lines=False)
    missing = limit - len(raised)
    if missing > 0:
        callers = islice(traceback.walk_stack(sys._getframe(2)), missing)
        raised[:0] = reversed(traceback.StackSummary.extract(callers, lookup_lines=False))
    return raised


def raised_in(trace: TracebackType | None, limit: int) -> list[traceback.FrameSummary]:
    """Return the innermost frames of a traceback, at most `limit`."""
    if limit <= 0:
        return []
    return traceback.StackSummary.extract(traceback.walk_tb(trace), limit=-limit, lookup_lines=False)


def _frames(stack: Any) -> Sequence[Frame]:
    """Return path, line and function of each frame that is not the recorder's own."""
    if not stack:
        return ()
    try:
        frames = [(str(entry[0]), entry[1], str(entry[2]).strip()) for entry in stack]
    except Exception:  # noqa: BLE001 - the caller may pass anything
        log.warning("can not parse stack trace string, ignore stack field.")
        return ()
    return [frame for frame in frames if not any(own in frame[0] for own in _NOT_THE_APP)]
