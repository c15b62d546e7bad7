"""A request through the tracing: decided, recorded as one server span, and closed whatever happens.

It wraps the innermost WSGI app of Flask. It never answers a request itself, never fails one, and restores the context
that it found, whatever the app's own hooks do.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import _RUNTIME_CONTEXT, Context, get_current
from opentelemetry.trace import SpanContext, SpanKind

from cruddur_tracing.recording.ids import new_xray_trace_id, xray_trace_id
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import NO_STATE, Span, allocated
from cruddur_tracing.recording.start import Start, start_child
from cruddur_tracing.request import conventions
from cruddur_tracing.request.app import TracedApp
from cruddur_tracing.request.body import Body, within
from cruddur_tracing.request.handling import CURRENT, EVENT, EXCLUDED, Handling, Sampled, Unsampled
from cruddur_tracing.request.trace_context.headers import NOTHING, Upstream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def answer(
    app: TracedApp, inner: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Answer one request (PEP 3333) by `inner`, as one server span if it is traced."""
    if not app.joined:
        app.join(environ)
    if environ.get("PATH_INFO") in app.excluded_paths or (app.excluded_url and app.has_excluded_url(environ)):
        return _answer_excluded(app, inner, environ, start_response)
    try:
        handling = begin(app, environ)
    except Exception as error:  # noqa: BLE001 - whatever a client or server puts into environ: the request goes on
        app.failures.note(EVENT, f"{type(error).__name__}: {error}")
        return inner(environ, start_response)
    if handling is None:
        return inner(environ, start_response)
    if app.span_key is not None:
        environ[app.span_key] = handling.span or trace.INVALID_SPAN
    handling.server_start_response = start_response
    outer = CURRENT.set(handling)
    token = _RUNTIME_CONTEXT.attach(handling.context)
    try:
        body = inner(environ, handling.start_response)
    except BaseException as error:
        handling.error = handling.error or error
        handling.finish()
        raise
    finally:
        _RUNTIME_CONTEXT.detach(token)
        CURRENT.reset(outer)
    if handling.streamed and not _is_file(body, environ):
        return Body(body, handling)
    handling.finish()
    return body


def _answer_excluded(
    app: TracedApp, inner: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    handling = Handling(app, EXCLUDED)  # what its handler does begins no trace either
    body = within(handling, lambda: inner(environ, start_response))
    return Body(body, handling) if handling.streamed and not _is_file(body, environ) else body


def _is_file(body: object, environ: "WSGIEnvironment") -> bool:
    """Return whether the server may send the file itself, which it does only for a body of its own class."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


def begin(app: TracedApp, environ: "WSGIEnvironment") -> Handling | None:
    """Decide about a request and start its span; None if no wire or processor would take it."""
    pipeline = app.settled
    if pipeline is None or (pipeline.segments is None and pipeline.otlp is None):
        pipeline = app.pipeline()
        if pipeline.leads_nowhere:
            return None
    above = (
        _above() if _RUNTIME_CONTEXT.get_current() else None
    )  # which is empty, unless a request is made within another
    if above is not None:
        return _inside(app, environ, above)
    upstream, state, base = app.extraction.read(environ)
    host = conventions.host(environ)
    xray_id = xray_trace_id(upstream.trace_id) if upstream.trace_id else new_xray_trace_id(pipeline.ids)
    if upstream.sampled is None:
        sampled, service, rule, state = app.decide(app.service, host, environ, xray_id, base)
    else:
        sampled, service, rule = upstream.sampled, app.service(host), None
    watched = state is not None and rule is not None
    if sampled:
        recording = Recording(app.pipeline(), xray_id, service, rule=rule, trace_state=state or NO_STATE)
        return _begin_sampled(app, environ, upstream, recording, base, watched=watched)
    unsampled = Unsampled(app, base, upstream, xray_id, state)
    if watched or app.captures:
        unsampled.watch(environ, service, rule)
    return unsampled


def _begin_sampled(
    app: TracedApp,
    environ: "WSGIEnvironment",
    upstream: Upstream,
    recording: Recording,
    base: Context,
    *,
    watched: bool,
) -> Sampled:
    pipeline = recording.pipeline
    span = allocated(Span)
    Span.__init__(
        span,
        recording,
        conventions.method(environ) or "HTTP",
        pipeline.ids.generate_span_id(),
        parent_id=upstream.parent_id or 0,
        parent_context=_remote(upstream, recording.trace_state) if upstream.parent_id else None,
        kind=SpanKind.SERVER,
        scope=app.scope,
    )
    handling = Sampled(app, base, environ, upstream, span, recording.rule)
    handling.watched = watched
    if pipeline.processors:
        recording.started(span, base)
    return handling


def _above() -> trace.Span | None:
    """Return the current span, if there is one."""
    above = trace.get_current_span()
    return above if above is not trace.INVALID_SPAN and above.get_span_context().is_valid else None


def _inside(app: TracedApp, environ: "WSGIEnvironment", above: trace.Span) -> Handling:
    """Begin a request that is made while another is answered (a nested app, a test client in a handler)."""
    if not isinstance(above, Span) or not above.is_recording():
        return Handling(app, get_current())
    span = start_child(above, conventions.method(environ) or "HTTP", Start(scope=app.scope))
    return Sampled(app, get_current(), environ, NOTHING, span, None, nested=True)


def _remote(upstream: Upstream, state: Any) -> SpanContext:
    assert upstream.trace_id is not None
    assert upstream.parent_id is not None
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if upstream.sampled else trace.TraceFlags.DEFAULT)
    return SpanContext(upstream.trace_id, upstream.parent_id, True, flags, state)
