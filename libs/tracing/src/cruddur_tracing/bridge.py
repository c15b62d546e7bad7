"""The outermost WSGI layer of an app: reads what a request brings along and shows every recorder the same of it.

`install` wraps `app.wsgi_app` in it. It never answers a request itself and never fails one.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import INCOMING, Incoming
from cruddur_tracing.upstream import NOTHING, TRACEPARENT, TRACESTATE, XRAY, Upstream, read, to_xray

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EVENT: Final = "entrance.failed"


class Entrance:
    """Calls `app`, or `untraced` for a path in `excluded`, with the request's context cleaned and at hand."""

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        untraced: "WSGIApplication",
        excluded: frozenset[str],
        name: Callable[[str], str],
        failures: Failures,
    ) -> None:
        self._app = app
        self._untraced = untraced
        self._excluded = excluded
        self._name = name
        self._failures = failures

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        try:
            incoming = self._receive(environ)
        except Exception as error:  # noqa: BLE001 - whatever a client or server puts into environ: the request goes on
            self._failures.note(EVENT, f"{type(error).__name__}: {error}")
            incoming = None
        app = self._untraced if incoming is not None and incoming.excluded else self._app
        token = INCOMING.set(incoming)
        try:
            return app(environ, start_response)
        finally:
            INCOMING.reset(token)

    def _receive(self, environ: "WSGIEnvironment") -> Incoming:
        path = environ.get("PATH_INFO", "")
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        excluded = path in self._excluded
        upstream = NOTHING if excluded else read(environ)
        if TRACEPARENT in environ or XRAY in environ:
            _show(environ, upstream)
        return Incoming(
            upstream=upstream,
            service=self._name(host),
            host=host,
            method=environ.get("REQUEST_METHOD", ""),
            path=_decoded(path),
            excluded=excluded,
            started=time.time_ns(),
            trace_id=upstream.trace_id if upstream.parent_id is None else None,
        )


def _show(environ: "WSGIEnvironment", upstream: Upstream) -> None:
    """Leave one header that says what `upstream` says, in the form that OpenTelemetry's propagators read.

    They ignore a Root without Parent (the id generator keeps it), and need a Sampled (the sampler knows better).
    """
    if upstream.from_traceparent:
        environ.pop(XRAY, None)
        return
    for header in (TRACEPARENT, TRACESTATE, XRAY):
        environ.pop(header, None)
    if upstream.trace_id is not None and upstream.parent_id is not None:
        environ[XRAY] = to_xray(upstream.trace_id, upstream.parent_id, bool(upstream.sampled))


def _decoded(path: str) -> str:
    """Turn WSGI's Latin-1 path into text, as Flask does."""
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")
