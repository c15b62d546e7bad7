"""Logging as JSON lines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from cruddur import logs
from cruddur.trace_reference import TRACE_KEY, TraceReference


def _record(message: str, *args: object, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("cruddur.test", logging.WARNING, "test.py", 1, message, args, None)
    record.__dict__.update(created=1795514400.25, process=7, **more)
    return record


def test_a_record_is_one_line_of_json() -> None:
    """A line break in a message is escaped."""
    line = logs.JsonFormatter().format(_record("two\nlines of %s", "text"))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-11-24T10:00:00.250+00:00",
        "level": "warning",
        "event": "two\nlines of text",
        "logger": "cruddur.test",
        "pid": 7,
    }


def test_fields_are_added_to_the_line() -> None:
    """The `fields` are members of the line; types unknown to JSON become strings."""
    line = json.loads(logs.JsonFormatter().format(_record("request", fields={"status": 200, "odd": {1}})))
    assert (line["event"], line["status"], line["odd"]) == ("request", 200, "{1}")


def test_an_exception_is_part_of_its_line() -> None:
    """The traceback is a field."""
    record = _record("failed", exc_info=(KeyError, KeyError("gone"), None))
    assert json.loads(logs.JsonFormatter().format(record))["exception"].endswith("KeyError: 'gone'")


def test_a_line_of_a_request_has_its_trace_id() -> None:
    """An exception in the log leads to its trace."""
    trace = TraceReference("1-5759e988-bd862e3fe1be46a994272793", sampled=True)
    with Flask("logs").test_request_context(environ_overrides={TRACE_KEY: trace}):
        line = json.loads(logs.JsonFormatter().format(_record("failed")))
    assert line["trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


@pytest.fixture
def root_logging() -> Iterator[None]:
    """Restore the process's logging afterwards."""
    root, access = logging.root, logging.getLogger(logs.ACCESS_LOGGER)
    before = root.level, list(root.handlers), access.propagate
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    access.handlers.clear()
    access.propagate = before[2]


def test_after_configuring_twice_each_line_is_written_once(root_logging: None) -> None:
    """A worker configures logging again after its master."""
    out, err = io.StringIO(), io.StringIO()
    for _ in range(2):
        logs.configure("info", out=out, err=err)
    logging.getLogger(logs.ACCESS_LOGGER).info("request")
    logging.getLogger("some.library").warning("watch out")
    logging.getLogger("some.library").debug("not this")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["request"]
    assert [json.loads(line)["event"] for line in err.getvalue().splitlines()] == ["watch out"]
