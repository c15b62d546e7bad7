import traceback
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from xray_local.ingest.translator.causes import cause_of, exceptions, flags_of

ERROR = Status(code=Status.STATUS_CODE_ERROR, message="it broke")


def span(kind: Span.SpanKind.ValueType = Span.SPAN_KIND_INTERNAL, **more: Any) -> Span:
    return Span(span_id=(1).to_bytes(8), kind=kind, **more)


def event(kind: str, message: str, trace: str = "") -> dict[str, Any]:
    attributes = {"exception.type": kind, "exception.message": message, "exception.stacktrace": trace}
    return {"name": "exception", "attributes": attributes}


def raised() -> BaseException:
    """Return an exception that was raised from another one, which happened while a third one was handled."""

    def read() -> None:
        try:
            int("first")
        except ValueError:
            Path("/second: with\nlines").read_bytes()

    def load() -> None:
        try:
            read()
        except OSError as error:
            raise LookupError("third") from error

    try:
        load()
    except LookupError as error:
        return error
    raise AssertionError


def recorded(error: BaseException) -> dict[str, Any]:
    kind = f"a.module.{type(error).__name__}"
    return event(kind, str(error), "".join(traceback.format_exception(error)))


def test_a_python_traceback_becomes_frames_and_earlier_exceptions() -> None:
    """Frames outermost first, with the names of files; each exception names the one that it was raised from."""
    third, second, first = exceptions(span(), [recorded(raised())], "python")
    assert [one["type"] for one in (third, second, first)] == ["LookupError", "FileNotFoundError", "ValueError"]
    assert third["message"] == "third"
    assert second["message"] == r"[Errno 2] No such file or directory: '/second: with\nlines'"
    assert first["message"] == "invalid literal for int() with base 10: 'first'"
    assert [one["id"] for one in (third, second, first)] == [f"{number:016x}" for number in (2, 3, 4)]
    assert [one.get("cause") for one in (third, second, first)] == [second["id"], first["id"], None]
    assert [(frame["path"], frame["label"]) for frame in third["stack"]] == [
        ("test_causes.py", "raised"),
        ("test_causes.py", "load"),
    ]
    assert third["stack"][0]["line"] > third["stack"][1]["line"] > second["stack"][0]["line"]
    assert len(first["stack"]) == 1
    assert not any("remote" in one for one in (third, second, first))


def test_a_long_traceback_keeps_its_innermost_frames() -> None:
    """The others are counted."""
    lines = "".join(f'  File "/app/m{n}.py", line {n}, in f{n}\n    call()\n' for n in range(1, 61))
    [found] = exceptions(span(), [event("E", "m", f"Traceback (most recent call last):\n{lines}E: m\n")], "python")
    assert (len(found["stack"]), found["truncated"]) == (50, 10)
    assert found["stack"][-1] == {"path": "m60.py", "line": 60, "label": "f60"}


@pytest.mark.parametrize("trace", ["", "no traceback", '  File "x', "\n" * 9, "x" * 300_000])
def test_text_that_is_no_traceback_has_no_frames(trace: str) -> None:
    """The exception is there."""
    assert exceptions(span(), [event("E", "m", trace)], "python") == [{"id": f"{2:016x}", "type": "E", "message": "m"}]


def test_other_languages_have_no_frames_and_whole_types() -> None:
    """The event has their text."""
    sent = event("java.io.IOException", "m", "java.io.IOException: m\n\tat A.b(A.java:5)")
    assert exceptions(span(), [sent], "java") == [{"id": f"{2:016x}", "type": "java.io.IOException", "message": "m"}]


@pytest.mark.parametrize("kind", [Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER])
def test_the_exceptions_of_a_call_are_remote(kind: Span.SpanKind.ValueType) -> None:
    """Each event is one."""
    found = exceptions(span(kind), [event("E", "m"), {"name": "other", "attributes": {}}, event("F", "n")], None)
    assert [(one["id"], one["type"], one["remote"]) for one in found] == [
        (f"{2:016x}", "E", True),
        (f"{3:016x}", "F", True),
    ]


def test_an_error_without_an_exception_has_its_message() -> None:
    """If the status has one."""
    assert exceptions(span(status=ERROR), [], "python") == [{"id": f"{2:016x}", "message": "it broke"}]
    assert exceptions(span(status=Status(code=Status.STATUS_CODE_ERROR)), [], "python") == []
    assert exceptions(span(status=Status(message="it broke")), [], "python") == []


@pytest.mark.parametrize(
    ("attributes", "flags"),
    [
        ({}, ("fault",)),
        ({"aws.xray.error": True}, ("error",)),
        ({"aws.xray.error": True, "aws.xray.throttle": True}, ("throttle", "error")),
        ({"aws.xray.error": True, "aws.xray.fault": True}, ("fault", "error")),
        ({"aws.xray.error": "yes"}, ("fault",)),
    ],
)
def test_an_error_may_have_flags_of_its_own(attributes: dict[str, Any], flags: tuple[str, ...]) -> None:
    """Besides those of a response; without one, an exception is a fault as well."""
    assert flags_of(span(status=ERROR), attributes, None) == flags
    assert "fault" in flags_of(span(status=ERROR, events=[Span.Event(name="exception")]), attributes, 200)


def test_the_flags_of_a_response_come_before_those_of_the_status() -> None:
    """A client's error that was raised is a fault too, if the span says so."""
    assert flags_of(span(status=ERROR), {}, 404) == ("error",)
    assert flags_of(span(status=ERROR), {"aws.xray.fault": True}, 404) == ("fault", "error")
    assert flags_of(span(events=[Span.Event(name="exception")]), {}, None) == ()


def test_a_cause_may_be_an_exception_of_another_span() -> None:
    """By its id; an exception of its own is closer."""
    elsewhere = {"aws.xray.cause": "ab12"}
    assert cause_of(span(status=ERROR), elsewhere, [], "python") == "ab12"
    found = cause_of(span(), elsewhere, [event("E", "m")], "python")
    assert found == {"exceptions": [{"id": f"{2:016x}", "type": "E", "message": "m"}]}
    assert cause_of(span(), {}, [], "python") is None
