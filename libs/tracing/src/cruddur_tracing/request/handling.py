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
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.span import NOT_SAMPLED, Span
from cruddur_tracing.request.app import TracedApp
from cruddur_tracing.request.facts import RequestFacts
from cruddur_tracing.request.trace_context.headers import Upstream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CURRENT: Final[ContextVar["Handling | Untraced | None"]] = ContextVar("cruddur_tracing_handling", default=None)
RESPONSE_HEADER: Final = "X-Amzn-Trace-Id"
EVENT: Final = "request.hook"


class _HeaderSetter(Setter[list[tuple[str, str]]]):
    def set(self, carrier: list[tuple[str, str]], key: str, value: str) -> None:
        """Add a header."""
        carrier.append((key, value))


_SETTER: Final = _HeaderSetter()


@lru_cache(maxsize=128)
def _code(status: str) -> int:
    return int(status[:3])


class Untraced:
    """A request of an excluded path while it is answered: what its handler does begins no trace either."""

    context: Final = trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 1, False, NOT_SAMPLED)), Context())
    span: Final = None
    error: BaseException | None = None
    streamed = False

    def end(self) -> None:
        """Do nothing."""


class Handling:
    """One request that is being answered; `span` is None when it is not recorded.

    `started` is the time of one without a span, in nanoseconds since 1970, and `unrecorded` what has its ids.
    `watched` is true if anomalies are counted for the rule that decided, whose rate X-Ray raises for them, or captured.
    `error` is an exception that no error handler of the app has handled; `route` the rule that matched. `streamed` is
    true until the whole body is known to exist.
    """

    # Set while it is answered.
    watched = False
    error: BaseException | None = None
    route: str | None = None
    service = ""
    status = 0
    streamed = False
    templates: list[tuple[Span, Any]] | None = None
    context: Context
    started: int
    facts: RequestFacts
    unrecorded: trace.Span | None = None
    _named = ""
    server_start_response: "StartResponse"

    def __init__(
        self,
        app: TracedApp,
        environ: "WSGIEnvironment",
        upstream: Upstream,
        span: Span | None,
        trace_id: int,
        rule: str | None,
        *,
        nested: bool = False,
    ) -> None:
        self.app = app
        self.environ = environ
        self.upstream = upstream
        self.span = span
        self.trace_id = trace_id
        self.rule = rule
        self.nested = nested
        if span is None:
            self.started = time_ns()

    def describe(self, span: Span) -> None:
        """Describe the span as far as the request is known before the answer."""
        app = self.app
        self.facts = span.facts = RequestFacts(app.known, self.environ, self.rule)
        self._named = span._name
        for hook in app.request_hooks:
            hook(span, self.environ)

    def describe_again(self, environ: "WSGIEnvironment") -> None:
        """Describe the request again as the app's own WSGI middleware, inside the tracing, has changed it."""
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        if self.span is not None:
            self.facts.environ = environ
            if self.span.made_attributes is not None:
                self.span._attributes.update(self.facts.attributes()[0])
            self.span.recording.service = self.app.service(host)

    def start_response(self, status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
        """Start the response (PEP 3333) with the trace's id among its headers."""
        try:
            self.status = _code(status)
            span = self.span
            propagator = get_global_response_propagator()  # type: ignore[no-untyped-call]
            if propagator is not None:
                propagator.inject(headers, setter=_SETTER)
            for hook in self.app.response_hooks:
                hook(span or self.unrecorded or trace.get_current_span(), status, headers)
            if not self.nested:
                root = xray_trace_id(self.trace_id) if span is None else span.recording.xray_id
                if self.upstream.asked:
                    root += ";Sampled=0" if span is None else ";Sampled=1"
                headers = [*headers, (RESPONSE_HEADER, "Root=" + root)]
        except Exception as error:  # noqa: BLE001 - hooks and propagators are anybody's
            self.app.failures.note(EVENT, f"{type(error).__name__}: {error}")
        return self.server_start_response(status, headers, *rest)

    def end(self) -> None:
        """End the span. Never raises."""
        try:
            if self.span is None:
                if self.watched:
                    self.app.unsampled(self)
                return
            self._end(self.span)
            if self.watched:
                self.app.sampled(self)
        except Exception as error:  # noqa: BLE001 - a request must not fail because its trace does
            self.app.failures.note(EVENT, f"{type(error).__name__}: {error}")

    def record(self, span: Span) -> None:
        """Record the request on a span that is made after it was answered."""
        self.describe(span)
        self._end(span)

    def span_context(self) -> SpanContext:
        """Return the ids of the request's span, recorded or not."""
        return trace.get_current_span(self.context).get_span_context()

    def _end(self, span: Span) -> None:
        app = self.app
        if self.templates:
            for left, _ in reversed(self.templates):
                left.end()
        if span.recording.open and not self.nested:
            app.close_open(span.recording)
        name = self.facts.answered(self.route, self.status)
        if span.made_attributes is not None:
            span._attributes.update(self.facts.of_answer())
        if span._name is self._named:
            span._name = name
        if self.status >= 500 and span._status.status_code is StatusCode.UNSET:
            span.set_status(StatusCode.ERROR)
        if self.error is not None and isinstance(self.error, Exception):
            span.record_exception(self.error)
            span.set_status(Status(StatusCode.ERROR, f"{type(self.error).__name__}: {self.error}"))
        span.end()
