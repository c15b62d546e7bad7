"""One request while it is answered: its data, and its span until that ends."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.propagators import get_global_response_propagator
from opentelemetry.propagators.textmap import Setter
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceState

from cruddur_tracing.recording.ids import w3c_trace_id
from cruddur_tracing.recording.span import NOT_SAMPLED, Span
from cruddur_tracing.request import conventions
from cruddur_tracing.request.app import TracedApp
from cruddur_tracing.request.facts import RequestFacts
from cruddur_tracing.request.trace_context.headers import Upstream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CURRENT: Final[ContextVar["Handling | None"]] = ContextVar("cruddur_tracing_handling", default=None)
RESPONSE_HEADER: Final = "X-Amzn-Trace-Id"
EVENT: Final = "request.hook"


class _HeaderSetter(Setter[list[tuple[str, str]]]):
    def set(self, carrier: list[tuple[str, str]], key: str, value: str) -> None:
        """Add a header."""
        carrier.append((key, value))


_SETTER: Final = _HeaderSetter()
EXCLUDED: Final = trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 1, False, NOT_SAMPLED)), Context())
SPAN_KEY: Final = next(iter(EXCLUDED))  # OpenTelemetry's own


@lru_cache(maxsize=128)
def _code(status_line: str) -> int:
    code = status_line[:3]
    return int(code) if code.isdecimal() else 0


def _header(xray_id: str, upstream: Upstream, decision: str) -> str:
    root = "Root=" + xray_id
    return f"{root};Sampled={decision}" if upstream.asked else root


class Handling:
    """A request while it is answered; this class is for one that begins no trace: excluded, or within another.

    `base` is OpenTelemetry's context that it begins in. `span` is None when it is not recorded, `environ` when nothing
    will be read from it. `watched` is true if anomalies are counted for the rule that decided, whose rate X-Ray raises
    for them, or captured. `error` is an exception that no error handler of the app has handled; `route` the rule that
    matched. `streamed` is true until the whole body is known to exist.
    """

    # Set while it is answered.
    span: Span | None = None
    environ: "WSGIEnvironment | None" = None
    watched = False
    error: BaseException | None = None
    route: str | None = None
    streamed = False
    templates: list[tuple[Span, Any]] | None = None
    status_line = ""
    server_start_response: "StartResponse"

    def __init__(self, app: TracedApp, base: Context) -> None:
        self.app = app
        self.base = base

    @property
    def context(self) -> Context:
        """OpenTelemetry's context that it is answered in."""
        return self.base

    @property
    def status(self) -> int:
        """The status of the response; 0 before there is one."""
        return _code(self.status_line)

    def describe_again(self, environ: "WSGIEnvironment") -> None:
        """Describe the request again as the app's own WSGI middleware, inside the tracing, has changed it."""

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """Start the response (PEP 3333) with the trace's id among its headers."""
        self.status_line = status
        try:
            propagator = get_global_response_propagator()  # type: ignore[no-untyped-call]
            if propagator is not None:
                propagator.inject(headers, setter=_SETTER)
            for hook in self.app.response_hooks:
                hook(trace.get_current_span(self.context), status, headers)
            header = self.trace_header()
            if header is not None:
                headers = [*headers, (RESPONSE_HEADER, header)]
        except Exception as error:  # noqa: BLE001 - hooks and propagators are anybody's
            self.app.failures.note(EVENT, f"{type(error).__name__}: {error}")
        if exc_info is None:
            return self.server_start_response(status, headers)
        return self.server_start_response(status, headers, exc_info)

    def trace_header(self) -> str | None:
        """Return X-Ray's header of the response; None if the request around this one has it."""
        return None

    def finish(self) -> None:
        """End what is recorded. Never raises."""
        try:
            self._finish()
        except Exception as error:  # noqa: BLE001 - a request must not fail because its trace does
            self.app.failures.note(EVENT, f"{type(error).__name__}: {error}")

    def _finish(self) -> None:
        """End what is recorded: nothing."""


class Unsampled(Handling, NonRecordingSpan):
    """A request that is not sampled, and the span that stands for it: one object, since most requests are such.

    The span's id is made when it is read, which is rare.
    """

    service = ""
    rule: str | None = None
    started: int  # nanoseconds since 1970
    _made: SpanContext | None = None

    def __init__(
        self, app: TracedApp, base: Context, upstream: Upstream, xray_id: str, state: TraceState | None
    ) -> None:
        self.app = app
        self.base = base
        self.upstream = upstream
        self.xray_id = xray_id
        self._state = state

    def watch(self, environ: "WSGIEnvironment", service: str, rule: str | None) -> None:
        """Keep what it takes to count and to capture an anomaly."""
        self.watched = True
        self.started = time_ns()
        self.environ = environ
        self.service = service
        self.rule = rule

    def describe_again(self, environ: "WSGIEnvironment") -> None:
        """Describe the request again as the app's own WSGI middleware, inside the tracing, has changed it."""
        self.environ = environ
        self.service = self.app.service(conventions.host(environ))

    def recorded(self, span: Span) -> "Sampled":
        """Return it as one that is recorded after all, now that it has been answered."""
        sampled = Sampled(self.app, self.base, self.environ or {}, self.upstream, span, self.rule)
        sampled.status_line, sampled.route, sampled.error = self.status_line, self.route, self.error
        return sampled

    @property
    def context(self) -> Context:
        """OpenTelemetry's context that it is answered in; not kept, since it refers to this object."""
        return Context({**self.base, SPAN_KEY: self})

    @property
    def trace_id(self) -> int:
        """The trace's id as OpenTelemetry has it."""
        return w3c_trace_id(self.xray_id)

    @property
    def _context(self) -> SpanContext:  # type: ignore[override]
        if self._made is None:
            span_id = self.app.pipeline().ids.generate_span_id()
            self._made = SpanContext(self.trace_id, span_id, False, NOT_SAMPLED, self._state)
        return self._made

    def trace_header(self) -> str:
        """Return X-Ray's header of the response."""
        return _header(self.xray_id, self.upstream, "0")

    def _finish(self) -> None:
        """Count it, and capture an anomaly, if it is watched."""
        if self.watched:
            self.app.unsampled(self)


class Sampled(Handling):
    """A request that is recorded; `nested` if it is made within another, whose response has the header."""

    span: Span
    environ: "WSGIEnvironment"

    def __init__(
        self,
        app: TracedApp,
        base: Context,
        environ: "WSGIEnvironment",
        upstream: Upstream,
        span: Span,
        rule: str | None,
        *,
        nested: bool = False,
    ) -> None:
        self.app = app
        self.base = base
        self.environ = environ
        self.upstream = upstream
        self.span = span
        self.rule = rule
        self.nested = nested
        self.facts = span.facts = RequestFacts(app.known, environ, rule)
        self._named = span._name
        for hook in app.request_hooks:
            hook(span, environ)

    @property
    def context(self) -> Context:
        """OpenTelemetry's context that it is answered in."""
        return Context({**self.base, SPAN_KEY: self.span})

    def describe_again(self, environ: "WSGIEnvironment") -> None:
        """Describe the request again as the app's own WSGI middleware, inside the tracing, has changed it."""
        self.facts.environ = environ
        if self.span.made_attributes is not None:
            self.span._attributes.update(self.facts.attributes()[0])
        self.span.recording.service = self.app.service(conventions.host(environ))

    def trace_header(self) -> str | None:
        """Return X-Ray's header of the response."""
        return None if self.nested else _header(self.span.recording.xray_id, self.upstream, "1")

    def _finish(self) -> None:
        """End the span, and count the request if it is watched."""
        self._end(self.span)
        if self.watched:
            self.app.sampled(self)

    def _end(self, span: Span) -> None:
        app, status = self.app, self.status
        if self.templates:
            for left, _ in reversed(self.templates):
                left.end()
        if span.recording.open and not self.nested:
            app.close_open(span.recording)
        name = self.facts.answered(self.route, status)
        if span.made_attributes is not None:
            span._attributes.update(self.facts.of_answer())
        if span._name is self._named:
            span._name = name
        if status >= 500 and span._status.status_code is StatusCode.UNSET:
            span.set_status(StatusCode.ERROR)
        if self.error is not None and isinstance(self.error, Exception):
            span.record_exception(self.error)
            span.set_status(Status(StatusCode.ERROR, f"{type(self.error).__name__}: {self.error}"))
        span.end()
