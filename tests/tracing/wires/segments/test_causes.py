"""The exceptions of a document: their frames, what they were raised from, and texts of tracebacks."""

import re
import traceback
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from tests.tracing.wires.segments.spans import document_of, traced


def failing(depth: int) -> None:
    """Raise after so many calls."""
    if depth:
        failing(depth - 1)
    else:
        raise ValueError("a: b\nc")


def raised(depth: int = 0) -> ValueError:
    """Return an exception that was raised."""
    try:
        failing(depth)
    except ValueError as error:
        return error
    raise AssertionError


def test_the_innermost_frames_are_kept() -> None:
    """How many are left out is said, as X-Ray's format has it."""
    span = traced().root()
    span.record_exception(raised(100))
    (exception,) = document_of(span)["cause"]["exceptions"]
    assert (len(exception["stack"]), exception["truncated"]) == (50, 52)
    assert exception["stack"][-1]["label"] == "failing"


def test_frames_of_the_recorders_are_left_out() -> None:
    """The app's are what one looks for."""
    frames = [
        ("/x/aws_xray_sdk/core/recorder.py", 1, "record"),
        ("/x/cruddur_tracing/a.py", 2, "f"),
        ("/srv/app.py", 3, "view"),
    ]
    span = traced().root()
    span.append_exception(ValueError(), frames, "")
    (exception,) = document_of(span)["cause"]["exceptions"]
    assert exception["stack"] == [{"path": "app.py", "line": 3, "label": "view"}]
    assert "message" not in exception


def test_an_exception_raised_from_another_is_linked() -> None:
    """By `from` as well as while it was handled; each has an id of its own."""
    span = traced().root()
    try:
        try:
            failing(0)
        except ValueError as error:
            raise KeyError("k") from error
    except KeyError as error:
        span.record_exception(error)
        span.add_event("exception", {"exception.stacktrace": traceback.format_exc(), "exception.type": "KeyError"})
    exceptions = document_of(span)["cause"]["exceptions"]
    assert [found["type"] for found in exceptions] == ["KeyError", "ValueError"] * 2
    assert [found.get("message") for found in exceptions] == ["'k'", "a: b\nc", None, "a: b\nc"]
    assert [found.get("cause") for found in exceptions] == [exceptions[1]["id"], None, exceptions[3]["id"], None]
    assert len({found["id"] for found in exceptions}) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", found["id"]) for found in exceptions)


@pytest.mark.parametrize("text", ["", "no traceback", "  File", 'Traceback\n  File "a", line 1, in b', "\n" * 9, ["x"]])
def test_any_text_may_be_a_traceback(text: Any) -> None:
    """What cannot be parsed has no frames."""
    span = traced().root()
    span.add_event("exception", {"exception.type": "E", "exception.message": "m", "exception.stacktrace": text})
    (exception,) = document_of(span)["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("E", "m")


def test_a_removed_working_directory(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause is written without it."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    span = traced().root()
    span.record_exception(raised())
    assert "working_directory" not in document_of(span)["cause"]


def test_the_message_of_a_status_is_a_cause() -> None:
    """It has no exception; a status text stands in for it."""
    span = traced().root()
    span.set_status(StatusCode.ERROR, "out of stock")
    document = document_of(span)
    assert document["fault"] is True
    assert [found["message"] for found in document["cause"]["exceptions"]] == ["out of stock"]
