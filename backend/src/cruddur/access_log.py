"""The access log: one JSON line for each answered request, with its trace id.

It wraps the whole app and the tracing, so that the line is written after the trace of the request has ended. It
never changes a request or a response. Successful probes are not logged: at two a second they would hide the other
lines.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.wsgi import ClosingIterator

from cruddur.logs import ACCESS_LOGGER
from cruddur.trace_reference import TRACE_KEY, TraceReference

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHOWN_PATH = 512  # characters; even fully escaped, the line is below a pipe's atomic write size
FAILED = 400


def install(app: Flask, *, silent: frozenset[str], current_trace: Callable[[], TraceReference | None]) -> None:
    """Log the app's requests, except responses below 400 on a path in `silent`.

    `current_trace` runs inside the request, after every hook that was registered before this call.
    """

    def remember() -> None:
        request.environ[TRACE_KEY] = current_trace()

    app.before_request(remember)
    app.wsgi_app = AccessLog(app.wsgi_app, silent, time.perf_counter)  # type: ignore[method-assign]


@dataclass(slots=True)
class _Answer:
    """A response in progress; its status is 500 until the app sets it."""

    status: int = 500


class AccessLog:
    """A WSGI middleware that writes the line when the server has sent the whole response."""

    def __init__(self, app: "WSGIApplication", silent: frozenset[str], timer: Callable[[], float]) -> None:
        self._app = app
        self._silent = silent
        self._timer = timer
        self._log = logging.getLogger(ACCESS_LOGGER)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Call the app; the line is written when the response iterator is closed."""
        started, answer = self._timer(), _Answer()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            answer.status = int(status[:3])
            return start_response(status, headers, exc_info)

        def finish() -> None:
            self._write(environ, answer.status, self._timer() - started)

        try:
            return ClosingIterator(self._app(environ, start), finish)
        except BaseException:
            finish()
            raise

    def _write(self, environ: "WSGIEnvironment", status: int, seconds: float) -> None:
        path = environ.get("PATH_INFO", "")
        if path in self._silent and status < FAILED:
            return
        trace: TraceReference | None = environ.get(TRACE_KEY)
        entry = {
            "method": environ.get("REQUEST_METHOD", ""),
            "path": path.encode("latin-1", "replace").decode("utf-8", "replace")[:SHOWN_PATH],
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "trace_id": trace and trace.xray_id,
            "otel_trace_id": trace and trace.otel_id,
            "sampled": bool(trace and trace.sampled),
        }
        self._log.info("request", extra={"fields": entry})
