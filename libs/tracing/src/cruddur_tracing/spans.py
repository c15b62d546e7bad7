"""Makes the server span of each request: the same span as OpenTelemetry's Flask instrumentation, for less work.

`install` puts these hooks in the place of OpenTelemetry's. Theirs collect the attributes of each request twice, before
anybody has decided whether it is recorded, and feed instruments that nobody reads. What the span says comes from the
same functions. The hooks never raise.
"""

from typing import Any, Final

from flask import Response, request
from flask.globals import request_ctx
from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation import wsgi
from opentelemetry.instrumentation._semconv import _StabilityMode
from opentelemetry.instrumentation.propagators import get_global_response_propagator
from opentelemetry.semconv.attributes.http_attributes import HTTP_ROUTE
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import INCOMING, Incoming
from cruddur_tracing.request_meta import span_attributes, span_name

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
        owner = request_ctx._get_current_object()  # type: ignore[attr-defined]
        environ = owner.request.environ
        opened = environ.get(OPEN)
        if opened is None or opened[2] is not owner:  # a copy of the request's context ends before the request does
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

    def _begin(self, incoming: Incoming) -> None:
        owner = request_ctx._get_current_object()  # type: ignore[attr-defined]
        asked = owner.request
        environ = asked.environ
        parent, kind = None, SpanKind.INTERNAL
        if trace.get_current_span() is trace.INVALID_SPAN:
            parent, kind = self._extract(environ), SpanKind.SERVER
        attributes = None if self._decide_first else self._attributes(asked)
        span = self._tracer.start_span(span_name(asked), parent, kind, attributes, start_time=incoming.started)
        if self._decide_first and span.is_recording():
            span.set_attributes(self._attributes(asked))
        token = context.attach(trace.set_span_in_context(span, parent))
        environ[OPEN] = span, token, owner

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
        old = self._mode is _StabilityMode.DEFAULT
        attributes = (
            span_attributes(asked.environ) if old else wsgi.collect_request_attributes(asked.environ, self._mode)
        )
        if asked.url_rule is not None:
            attributes[HTTP_ROUTE] = asked.url_rule.rule
        return attributes

    def _describe_status(self, span: Span, response: Response) -> None:
        if self._mode is not _StabilityMode.DEFAULT:
            wsgi.add_response_attributes(span, response.status, [], sem_conv_opt_in_mode=self._mode)
            return
        span.set_attribute("http.status_code", response.status_code)
        if response.status_code >= 500:
            span.set_status(Status(StatusCode.ERROR))

    def _describe(self, span: Span, response: Response) -> None:
        if span.is_recording():
            self._describe_status(span, response)
        propagator = get_global_response_propagator()  # type: ignore[no-untyped-call]
        if propagator is not None:
            propagator.inject(response.headers)
