"""The exceptions of a row, with the frames of their stacks: the application's and those of libraries. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from xray_local.page.frame import formats
from xray_local.traces.body import Body, as_objects

FRAMES_MAX = 100
"""Frames of one stack that are shown."""

_LIBRARY = re.compile(r"(^|[/\\])(site-packages|dist-packages|node_modules|lib[/\\]python[0-9.]+)[/\\]|^<frozen ")
_PYTHON = re.compile(r'(?m)^ *File "(?P<path>[^"\n]{1,500})", line (?P<line>\d{1,9}), in (?P<label>[^\n]{1,300})$')


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a stack; `own` if its file is not a library's."""

    path: str
    line: str
    label: str
    own: bool

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class RecordedFailure:
    """An exception: its frames, the innermost first, or else the text of its stack."""

    type: str
    message: str
    frames: tuple[Frame, ...]
    stack: str

    @property
    def runs(self) -> tuple[tuple[bool, tuple[Frame, ...]], ...]:
        """The frames in runs of the application's own (True) and of libraries' (False)."""
        return tuple((own, tuple(frames)) for own, frames in groupby(self.frames, key=lambda frame: frame.own))

    @property
    def raised(self) -> Frame | None:
        """The innermost frame of the application, or else the innermost one."""
        return next((frame for frame in self.frames if frame.own), next(iter(self.frames), None))


def failures(body: Body) -> tuple[RecordedFailure, ...]:
    """Return the exceptions, each once: a span's events of that name, or else X-Ray's `cause`.

    A cause that refers to another segment's exception comes before the events, which repeat that exception.
    """
    events = () if body.text("cause") else as_objects(body.otel.get("events"))
    recorded = [_recorded(Body(event)) for event in events if event.get("name") == "exception"]
    return tuple(recorded or _causes(body))


def is_library(path: str) -> bool:
    """Return whether a file belongs to an installed library or to the language."""
    return _LIBRARY.search(path) is not None


def _causes(body: Body) -> Iterable[RecordedFailure]:
    """Yield the exceptions of X-Ray's `cause`: a list, or the id of an exception in another segment."""
    if cause := body.text("cause"):
        yield RecordedFailure("exception", f"see exception {cause} in another segment", (), "")
    for exception in as_objects(body.object("cause").get("exceptions")):
        yield RecordedFailure(
            type=formats.value(exception.get("type") or "exception"),
            message=formats.value(exception.get("message", "")),
            frames=tuple(_frame(frame) for frame in as_objects(exception.get("stack"))[:FRAMES_MAX]),
            stack="",
        )


def _frame(frame: Mapping[str, Any]) -> Frame:
    path = formats.value(frame.get("path", "?"))
    label = frame.get("label")
    return Frame(
        path, formats.value(frame.get("line", "?")), formats.value(label) if label else "", not is_library(path)
    )


def _recorded(event: Body) -> RecordedFailure:
    attributes = event.object("attributes")
    stack = formats.value(attributes.get("exception.stacktrace", "")).strip("\n")
    found = [Frame(at["path"], at["line"], at["label"], not is_library(at["path"])) for at in _PYTHON.finditer(stack)]
    return RecordedFailure(
        type=formats.value(attributes.get("exception.type", "exception")),
        message=formats.value(attributes.get("exception.message", "")),
        frames=tuple(reversed(found))[:FRAMES_MAX],
        stack="" if found else stack,
    )
