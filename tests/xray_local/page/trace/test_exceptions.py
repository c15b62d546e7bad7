from typing import Any

import pytest

from xray_local.page.trace.row.exceptions import Frame, RecordedFailure, failures, is_library
from xray_local.traces.body import Body


def event(**attributes: str) -> dict[str, Any]:
    thrown = {f"exception.{key}": value for key, value in attributes.items()}
    return {"metadata": {"otel": {"events": [{"name": "exception", "attributes": thrown}]}}}


def test_exceptions_of_a_segment_have_frames() -> None:
    """A frame without a line or a label is one as well; what is no object is left out."""
    stack = [{"path": "app.py", "line": 4, "label": "run"}, {"path": "main.py"}, "foreign"]
    body = {"cause": {"exceptions": [{"type": "KeyError", "message": "'x'", "stack": stack}, "foreign"]}}
    assert failures(Body(body)) == (
        RecordedFailure(
            "KeyError", "'x'", (Frame("app.py", "4", "run", own=True), Frame("main.py", "?", "", own=True)), ""
        ),
    )


def test_a_cause_may_refer_to_an_exception_in_another_segment() -> None:
    """By its id; it comes before the events, which repeat that exception."""
    body = {"cause": "ab12"} | event(type="E")
    assert failures(Body(body)) == (RecordedFailure("exception", "see exception ab12 in another segment", (), ""),)


def test_a_traceback_of_python_has_frames() -> None:
    """In an event of a span: the innermost comes first, as in a segment."""
    stack = (
        "Traceback (most recent call last):\n"
        '  File "/app/main.py", line 3, in main\n    run()\n'
        '  File "/usr/lib/python3.12/site-packages/x.py", line 7, in run\n    raise E\nE: m\n'
    )
    [found] = failures(Body(event(type="E", message="m", stacktrace=stack)))
    assert [(frame.place, frame.label, frame.own) for frame in found.frames] == [
        ("/usr/lib/python3.12/site-packages/x.py:7", "run", False),
        ("/app/main.py:3", "main", True),
    ]
    assert found.raised == Frame("/app/main.py", "3", "main", own=True)
    assert found.stack == ""


def test_a_stack_of_another_language_is_text() -> None:
    """Without frames nothing is known to be the application's."""
    [found] = failures(Body(event(type="E", stacktrace="E: m\n\tat a.B.c(B.java:3)\n")))
    assert (found.frames, found.raised, found.stack) == ((), None, "E: m\n\tat a.B.c(B.java:3)")


def test_an_exception_of_both_wires_is_one() -> None:
    """The event of the span has the longer text."""
    body = event(type="E", message="m") | {"cause": {"exceptions": [{"type": "E", "message": "m"}]}}
    assert failures(Body(body)) == (RecordedFailure("E", "m", (), ""),)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/lib/python3.12/site-packages/flask/app.py", True),
        ("/usr/local/lib/python3.12/json/decoder.py", True),
        ("node_modules/express/index.js", True),
        ("C:\\Python\\Lib\\site-packages\\x.py", True),
        ("<frozen importlib._bootstrap>", True),
        ("/app/orders/service.py", False),
        ("/app/lib/python/x.py", False),
        ("app.py", False),
    ],
)
def test_a_library_is_recognized_by_its_path(path: str, expected: bool) -> None:
    """Everything else is the application's own."""
    assert is_library(path) is expected


def test_members_of_the_wrong_type_do_not_raise() -> None:
    """They are shown as JSON or not at all."""
    assert failures(Body({"cause": 7})) == ()
    [found] = failures(Body({"cause": {"exceptions": [{"type": 5, "message": {"a": 1}, "stack": "x"}]}}))
    assert (found.type, found.message, found.frames) == ("5", '{"a": 1}', ())
