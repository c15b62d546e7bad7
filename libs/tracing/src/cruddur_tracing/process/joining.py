"""Removes from an app whatever would record its requests a second time, and logs it once."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from flask import Flask
from opentelemetry import trace

from cruddur_tracing.adoption import flask_instrumentation
from cruddur_tracing.request.app import TracedApp

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger("cruddur_tracing")
_FLASK: Final = "OpenTelemetry's Flask instrumentation"


class Joining:
    """One app: what is in it when it is installed, and what was added before its first request.

    `remove_middleware` takes the X-Ray SDK's middleware out of an app and returns whether it was there; `in_words`
    describes the wires and what decides.
    """

    def __init__(
        self,
        app: Flask,
        traced: TracedApp,
        environ: Mapping[str, str],
        remove_middleware: Callable[[Flask], bool],
        in_words: Callable[[], str],
    ) -> None:
        self._app = app
        self._traced = traced
        self._environ = environ
        self._remove_middleware = remove_middleware
        self._in_words = in_words
        self._lock = threading.Lock()
        self._taken: list[str] = []
        self._take_over()

    def join(self, environ: "WSGIEnvironment") -> None:
        """Check again at the first request, after which Flask accepts no more hooks."""
        with self._lock:
            if self._traced.joined:  # by another thread
                return
            self._take_over()
            if _FLASK in self._taken:  # its layer may be around this request
                environ.setdefault(flask_instrumentation.SPAN_KEY, trace.INVALID_SPAN)
            self._traced.pipeline()  # which finds out who decides
            taken = f"; taken over: {', '.join(self._taken)}" if self._taken else ""
            log.info("tracing.started: %s: %s%s", self._app.name, self._in_words(), taken)
            self._traced.joined = True

    def _take_over(self) -> None:
        app, traced = self._app, self._traced
        if self._remove_middleware(app):
            self._taken.append("XRayMiddleware")
        if not flask_instrumentation.is_in(app):
            return
        given = flask_instrumentation.take_out(app, self._environ)
        traced.request_hooks = (*traced.request_hooks, *filter(None, [given.request_hook]))
        traced.response_hooks = (*traced.response_hooks, *filter(None, [given.response_hook]))
        traced.excluded_url = given.excluded_url or traced.excluded_url
        traced.span_key = flask_instrumentation.SPAN_KEY if given.stays else None
        self._taken.append(_FLASK)
