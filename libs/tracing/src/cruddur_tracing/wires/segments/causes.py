"""The `cause` of a document: the exceptions of a span, with their frames in the X-Ray SDK's order, outermost first.

Where only the text of a traceback is known, it is parsed. An exception that another one was raised from is linked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from opentelemetry.trace import SpanKind, StatusCode

from cruddur_tracing.recording.exceptions import ExceptionEvent
from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.values import safe_text

Frame = tuple[str, int | None, str]
Described = dict[str, Any]

_FRAMES_MAX: Final = 50
_CHAIN_MAX: Final = 10
_TRACE_MAX: Final = 100_000  # characters of a traceback that are read
_OWN: Final = ("aws_xray_sdk/", "cruddur_tracing/")  # frames of the recorders are left out, as the X-Ray SDK does
_CHAIN: Final = re.compile(
    r"\n(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):\n"
)
_FRAME: Final = re.compile(r'^  File "(.*)", line (\d+), in (.*)$', re.MULTILINE)
_ID_MASK: Final = 2**64 - 1


def cause_block(span: Span) -> dict[str, Any] | str | None:
    """Return the exceptions of a span, the id of one that another document has, or None."""
    events = [event for event in span._events if event.name == "exception"]
    exceptions = [found for number, event in enumerate(events) for found in _described(span, event, number)]
    if exceptions:
        return _working_directory() | {"exceptions": exceptions}
    if span.xray is not None and span.xray.cause_id:
        return span.xray.cause_id
    if span._status.status_code is StatusCode.ERROR:
        message = span._status.description or span._attributes.get("http.status_text")
        if message:
            return {"exceptions": [{"id": _id(span, 0), "message": safe_text(message)}]}
    return None


def _described(span: Span, event: Any, number: int) -> Iterator[Described]:
    """Yield the exception of an event, then those that it was raised from."""
    attributes: Mapping[str, Any] = event.attributes or {}
    trace = safe_text(attributes.get("exception.stacktrace", ""))
    outgoing = span._kind is SpanKind.CLIENT or span._kind is SpanKind.PRODUCER
    seed = (event.timestamp or 0) + (number << 8)
    if isinstance(event, ExceptionEvent):
        known, outgoing = (event.cause_id, event.type_name, event.frames), event.remote or outgoing
        earlier = _parse(trace)[:-1] if _CHAIN.search(trace) else []
    else:
        earlier = _parse(trace)
        known = (_id(span, seed), safe_text(attributes.get("exception.type", "")).rpartition(".")[2], earlier.pop()[2])
    chain = [(*known[:2], safe_text(attributes.get("exception.message", "")), known[2])]
    chain += [(_id(span, seed + 1 + n), *parsed) for n, parsed in enumerate(reversed(earlier[-_CHAIN_MAX:]))]
    for position, (cause_id, kind, message, frames) in enumerate(chain):
        described = {"id": cause_id, "type": kind, "message": message, "remote": outgoing}
        if position + 1 < len(chain):
            described["cause"] = chain[position + 1][0]
        yield {key: value for key, value in described.items() if value != ""} | _stack(frames)


def _stack(frames: Sequence[Frame]) -> dict[str, Any]:
    """Return the innermost frames, outermost first; `truncated` counts the others."""
    shown = [frame for frame in frames if not any(own in frame[0] for own in _OWN)]
    if not shown:
        return {}
    stack = [
        {"path": path.rpartition("/")[2].replace('"', " ").strip(), "line": line, "label": label.strip()}
        for path, line, label in shown[-_FRAMES_MAX:]
    ]
    return {"stack": stack} | ({"truncated": len(shown) - len(stack)} if len(shown) > len(stack) else {})


def _parse(trace: str) -> list[tuple[str, str, Sequence[Frame]]]:
    """Return type, message and frames of the exceptions in a formatted traceback, the first raised first."""
    if len(trace) > _TRACE_MAX:
        trace = trace[: _TRACE_MAX // 2] + trace[-_TRACE_MAX // 2 :]
    found: list[tuple[str, str, Sequence[Frame]]] = []
    for part in _CHAIN.split(trace):
        frames = [(path, int(line), label) for path, line, label in _FRAME.findall(part)]
        kind, _, message = _raised(part).partition(": ")
        found.append((kind.rpartition(".")[2], message, frames))
    return found


def _raised(trace: str) -> str:
    """Return what follows the frames of a traceback: the type and the message."""
    lines = trace.strip("\n").split("\n")
    last = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    first = next((number for number in range(last + 1, len(lines)) if lines[number][:1] not in ("", " ")), len(lines))
    return "\n".join(lines[first:])


def _working_directory() -> dict[str, Any]:
    try:
        return {"working_directory": str(Path.cwd())}
    except OSError:  # it has been removed
        return {}


def _id(span: Span, seed: int) -> str:
    """Return an id for an exception, the same for the same span."""
    return f"{(span.span_id ^ seed) & _ID_MASK or 1:016x}"
