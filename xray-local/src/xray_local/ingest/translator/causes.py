"""The flags and the `cause` of a document: the exceptions of a span's events, with the frames of Python's. Pure.

As in the X-Ray SDK for Python: frames stand outermost first with the names of their files, and a type has no module.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from xray_local.ingest.translator.calls import OUTGOING
from xray_local.ingest.translator.values import text
from xray_local.traces.flags import Flag, flags_of_status

EXCEPTION = "exception"
"""The name of the events that record an exception."""

FRAMES_MAX = 50  # of an exception: the innermost ones
CHAIN_MAX = 10  # exceptions of one traceback
TRACE_MAX = 100_000  # characters of a traceback that are read

_CHAIN = re.compile(
    r"\n(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):\n"
)
_FRAME = re.compile(r'^  File "(.*)", line (\d{1,9}), in (.*)$', re.MULTILINE)

Parsed = tuple[str, str, Sequence[Mapping[str, Any]]]
Event = Mapping[str, Any]


def flags_of(span: Span, attributes: Mapping[str, Any], status: int | None) -> tuple[Flag, ...]:
    """Return the flags that the response's status sets, or else an error status of the span: fault.

    Attributes like `aws.xray.error` set them as well; X-Ray's SDK sets fault with each exception.
    """
    of_response = flags_of_status(status)
    own = [flag for flag in Flag if attributes.get(f"aws.xray.{flag}") is True]
    is_fault = False
    if not of_response and span.status.code == Status.STATUS_CODE_ERROR:
        is_fault = not own or any(event.name == EXCEPTION for event in span.events)
    return tuple(flag for flag in Flag if flag in of_response or flag in own or (flag == Flag.FAULT and is_fault))


def cause_of(
    span: Span, attributes: Mapping[str, Any], events: Iterable[Event], language: str | None
) -> dict[str, Any] | str | None:
    """Return the exceptions of a span, or else the id of one of another span, `aws.xray.cause`."""
    found = exceptions(span, events, language)
    raised_elsewhere = None if found and "type" in found[0] else text(attributes, "aws.xray.cause")
    return raised_elsewhere or ({"exceptions": found} if found else None)


def exceptions(span: Span, events: Iterable[Event], language: str | None) -> list[dict[str, Any]]:
    """Return the exceptions of the events, each before those that it was raised from; or else the error's message.

    An event has a `name` and its `attributes`, whole. The ids depend on the span and the place only.
    """
    found: list[dict[str, Any]] = []
    for event in events:
        if event["name"] == EXCEPTION:
            chain = _chain(event["attributes"], is_python=language == "python")
            for place, (kind, message, stack) in enumerate(chain):
                number = len(found) + 1
                exception: dict[str, Any] = {"id": _id(span, number), "type": kind, "message": message}
                exception |= {"remote": True} if span.kind in OUTGOING else {}
                exception |= {"cause": _id(span, number + 1)} if place + 1 < len(chain) else {}
                exception |= {"stack": stack[-FRAMES_MAX:]} if stack else {}
                exception |= {"truncated": len(stack) - FRAMES_MAX} if len(stack) > FRAMES_MAX else {}
                found.append(exception)
    if not found and span.status.code == Status.STATUS_CODE_ERROR and span.status.message:
        return [{"id": _id(span, 1), "message": span.status.message}]
    return found


def _chain(attributes: Mapping[str, Any], *, is_python: bool) -> list[Parsed]:
    """Return type, message and frames of an exception and then of those that it was raised from."""
    kind, message = text(attributes, "exception.type") or "", text(attributes, "exception.message") or ""
    trace = text(attributes, "exception.stacktrace")
    if not is_python or trace is None:
        return [(kind.rpartition(".")[2] if is_python else kind, message, [])]
    *earlier, (_, _, frames) = _tracebacks(trace)
    return [(kind.rpartition(".")[2], message, frames), *reversed(earlier[-CHAIN_MAX + 1 :])]


def _tracebacks(trace: str) -> Iterator[Parsed]:
    """Yield type, message and frames of the exceptions in a formatted traceback, the first raised first."""
    if len(trace) > TRACE_MAX:
        trace = trace[: TRACE_MAX // 2] + trace[-TRACE_MAX // 2 :]
    for part in _CHAIN.split(trace):
        frames = [
            {"path": PurePath(path).name, "line": int(line), "label": label}
            for path, line, label in _FRAME.findall(part)
        ]
        kind, _, message = _raised(part).partition(": ")
        yield kind.rpartition(".")[2], message, frames


def _raised(trace: str) -> str:
    """Return what follows the frames of a traceback: the type and the message."""
    lines = trace.strip("\n").split("\n")
    last = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    below = range(last + 1, len(lines))
    start = next((number for number in below if lines[number] and not lines[number].startswith(" ")), len(lines))
    return "\n".join(lines[start:])


def _id(span: Span, number: int) -> str:
    return f"{(int.from_bytes(span.span_id) + number) % 2**64:016x}"
