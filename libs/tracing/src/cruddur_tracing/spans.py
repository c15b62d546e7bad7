"""Makes the server span of each request: the same span as OpenTelemetry's Flask instrumentation, for less work.

`provider` puts these hooks in the place of OpenTelemetry's. Theirs collect the attributes of each request twice, before
anybody has decided whether it is recorded, and feed instruments that nobody reads. What the span says comes from the
same functions. The hooks never raise.
"""

from typing import Any, Final

from flask import Flask, Response, request
from flask.globals import request_ctx
from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation import wsgi
from opentelemetry.instrumentation.flask import get_default_span_name
from opentelemetry.instrumentation.propagators import get_global_response_propagator
from opentelemetry.semconv.attributes.http_attributes import HTTP_ROUTE
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import INCOMING, Incoming

OPEN: Final = "cruddur_tracing.span"  # in the WSGI environ: what `_end` has to undo
EVENT: Final = "span.hook"


class SpanHooks:
    """OpenTelemetry's side of a request. With `decide_first` the sampler does not see the request's attributes."""

    def __init__(self, tracer: Tracer, failures: Failures, mode: Any, *, decide_first: bool) -> None:
        self._tracer = tracer
        self._failures = failures
        self._mode = mode
        self._decide_first = decide_first
        self._headers: tuple[str, ...] = ()
        self._propagator: object = None

    def begin(self) -> None:
        """Start the span and make it the current one; a hook for `before_request`."""
        incoming = INCOMING.get()
        if incoming is None or incoming.excluded:
            return
        try:
            self._begin(incoming)
        except Exception as error:  # noqa: BLE001 - span processors are anybody's; a request must not fail
            self._failures.note(EVENT, f"{type(error).__name__}: {error}")

    def after(self, response: Response) -> Response:
        """Describe the response; a hook for `after_request`."""
        opened = request.environ.get(OPEN)
        if opened is not None:
            try:
                self._describe(opened[0], response)
            except Exception as error:  # noqa: BLE001 - as in `begin`
                self._failures.note(EVENT, f"{type(error).__name__}: {error}")
        return response

    def end(self, error: BaseException | None) -> None:
        """End the span and give the context back; a hook for `teardown_request`."""
        environ = request.environ
        opened = environ.get(OPEN)
        if opened is None or opened[2] is not request_ctx._get_current_object():  # type: ignore[attr-defined]
            return
        del environ[OPEN]
        span, token, _ = opened
        try:
            context.detach(token)
            if isinstance(error, Exception) and span.is_recording():
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            span.end()
        except Exception as failure:  # noqa: BLE001 - as in `begin`
            self._failures.note(EVENT, f"{type(failure).__name__}: {failure}")

    def put_into(self, app: Flask, module: str) -> None:
        """Take the place of the hooks in `app` that `module` has registered."""
        before = app.before_request_funcs.setdefault(None, [])
        before[:] = [self.begin if hook.__module__ == module else hook for hook in before]
        teardown = app.teardown_request_funcs.setdefault(None, [])
        teardown[:] = [self.end if hook.__module__ == module else hook for hook in teardown]
        # Flask calls these from the last to the first: the span sees what all others have made of the response.
        app.after_request_funcs.setdefault(None, []).insert(0, self.after)

    def _begin(self, incoming: Incoming) -> None:
        asked = request._get_current_object()  # type: ignore[attr-defined]
        environ = asked.environ
        parent, kind = None, SpanKind.INTERNAL
        if trace.get_current_span() is trace.INVALID_SPAN:
            parent, kind = self._extract(environ), SpanKind.SERVER
        attributes = None if self._decide_first else self._attributes(asked)
        name = get_default_span_name()  # type: ignore[no-untyped-call]
        span = self._tracer.start_span(name, parent, kind, attributes, start_time=incoming.started)
        if self._decide_first and span.is_recording():
            span.set_attributes(self._attributes(asked))
        token = context.attach(trace.set_span_in_context(span, parent))
        environ[OPEN] = span, token, request_ctx._get_current_object()  # type: ignore[attr-defined]

    def _extract(self, environ: dict[str, Any]) -> Context | None:
        """Return the remote context, or None at once if no header of any propagator is there."""
        propagator = propagate.get_global_textmap()
        if propagator is not self._propagator:
            self._headers = tuple("HTTP_" + field.upper().replace("-", "_") for field in propagator.fields)
            self._propagator = propagator
        if not any(header in environ for header in self._headers):
            return None
        return propagate.extract(environ, getter=wsgi.wsgi_getter)

    def _attributes(self, asked: Any) -> dict[str, Any]:
        attributes: dict[str, Any] = wsgi.collect_request_attributes(asked.environ, self._mode)
        if asked.url_rule is not None:
            attributes[HTTP_ROUTE] = asked.url_rule.rule
        return attributes

    def _describe(self, span: Span, response: Response) -> None:
        if span.is_recording():
            wsgi.add_response_attributes(span, response.status, [], sem_conv_opt_in_mode=self._mode)
        propagator = get_global_response_propagator()  # type: ignore[no-untyped-call]
        if propagator is not None:
            propagator.inject(response.headers)
