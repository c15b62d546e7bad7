"""The access log's line."""

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from cruddur import access_log
from cruddur.access_log import AccessLog
from cruddur.logs import ACCESS_LOGGER
from cruddur.trace_reference import TRACE_KEY, TraceReference

TRACE = TraceReference("1-5759e988-bd862e3fe1be46a994272793", sampled=True)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append({"event": record.getMessage(), **record.__dict__["fields"]})


@pytest.fixture
def lines() -> Iterable[list[dict[str, Any]]]:
    """Return the fields of the written lines."""
    logger, handler = logging.getLogger(ACCESS_LOGGER), _Lines()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.removeHandler(handler)


def _answering(status: str) -> Any:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain")])
        return [b"text"]

    return app


def _ticks(*seconds: float) -> Any:
    return iter(seconds).__next__


def test_a_response_is_one_line(lines: list[dict[str, Any]]) -> None:
    """The line has method, path, status, milliseconds, and the trace id in both formats."""
    environ = EnvironBuilder("/api/activities/home", query_string="token=secret").get_environ()
    environ[TRACE_KEY] = TRACE
    run_wsgi_app(AccessLog(_answering("200 OK"), frozenset(), _ticks(1.0, 1.0125)), environ, buffered=True)
    assert lines == [
        {
            "event": "request",
            "method": "GET",
            "path": "/api/activities/home",
            "status": 200,
            "duration_ms": 12.5,
            "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
            "otel_trace_id": "5759e988bd862e3fe1be46a994272793",
            "sampled": True,
        }
    ]


def test_the_line_is_written_after_the_whole_response(lines: list[dict[str, Any]]) -> None:
    """Nothing is written before the server has closed the response iterator."""
    app = AccessLog(_answering("200 OK"), frozenset(), _ticks(0.0, 1.0))
    answer = app(EnvironBuilder("/").get_environ(), lambda status, headers, exc_info=None: lambda data: None)
    assert (list(answer), lines) == ([b"text"], [])
    answer.close()  # type: ignore[attr-defined]
    assert len(lines) == 1


def test_without_a_trace_the_ids_are_null(lines: list[dict[str, Any]]) -> None:
    """A request that no recorder records is still logged."""
    run_wsgi_app(
        AccessLog(_answering("200 OK"), frozenset(), _ticks(0.0, 0.0)), EnvironBuilder("/").get_environ(), buffered=True
    )
    assert (lines[0]["trace_id"], lines[0]["otel_trace_id"], lines[0]["sampled"]) == (None, None, False)


@pytest.mark.parametrize(("status", "written"), [("200 OK", 0), ("503 Service Unavailable", 1)])
def test_a_probe_is_logged_when_it_fails(lines: list[dict[str, Any]], status: str, written: int) -> None:
    """A successful response on a silent path is not logged."""
    app = AccessLog(_answering(status), frozenset({"/readyz"}), _ticks(0.0, 0.0))
    run_wsgi_app(app, EnvironBuilder("/readyz").get_environ(), buffered=True)
    assert len(lines) == written


def test_a_crash_of_the_app_is_logged_as_500(lines: list[dict[str, Any]]) -> None:
    """The exception reaches the server."""

    def crashes(environ: Any, start_response: Any) -> list[bytes]:
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        run_wsgi_app(
            AccessLog(crashes, frozenset(), _ticks(0.0, 0.0)), EnvironBuilder("/").get_environ(), buffered=True
        )
    assert [line["status"] for line in lines] == [500]


def test_a_long_path_is_truncated_and_odd_bytes_are_replaced(lines: list[dict[str, Any]]) -> None:
    """A client can neither make a line long nor break it."""
    for path in ("/" + "x" * 9000, "/é%0A"):
        app = AccessLog(_answering("404 Not Found"), frozenset(), _ticks(0.0, 0.0))
        run_wsgi_app(app, EnvironBuilder(path).get_environ(), buffered=True)
    assert len(lines[0]["path"]) == 512
    assert lines[1]["path"] == "/é\n"


def test_the_trace_is_read_inside_the_request(lines: list[dict[str, Any]]) -> None:
    """The log line has the trace that was current when the route ran."""
    app = Flask("traced")
    access_log.install(app, silent=frozenset(), current_trace=lambda: TRACE)
    Client(app).get("/none").close()
    assert [(line["status"], line["trace_id"]) for line in lines] == [(404, TRACE.xray_id)]
