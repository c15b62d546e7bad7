"""The access log: one JSON line for each answered request, with the trace that it belongs to.

Installed by `create_app` around the whole app, after the tracing, so that its line is written when both recorders
have closed the request. It never changes a request or a response. Probes that succeed are left out: two a second of
them would drown the rest.
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

SHOWN_PATH = 512  # characters; a line stays below a pipe's atomic write even when each is escaped
FAILED = 400


def install(app: Flask, *, silent: frozenset[str], current_trace: Callable[[], TraceReference | None]) -> None:
    """Log the app's requests; answers below 400 on a path in `silent` are left out.

    `current_trace` is asked inside the request, after every hook that was registered before this call.
    """

    def remember() -> None:
        request.environ[TRACE_KEY] = current_trace()

    app.before_request(remember)
    app.wsgi_app = AccessLog(app.wsgi_app, silent, time.perf_counter)  # type: ignore[method-assign]


@dataclass(slots=True)
class _Answer:
    """What is known of one answer while it is sent; 500 until the app has said something else."""

    status: int = 500


class AccessLog:
    """A WSGI wrapper that writes the line when the server has sent the whole answer."""

    def __init__(self, app: "WSGIApplication", silent: frozenset[str], timer: Callable[[], float]) -> None:
        self._app = app
        self._silent = silent
        self._timer = timer
        self._log = logging.getLogger(ACCESS_LOGGER)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on; the line is written when the answer's iterator is closed."""
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
