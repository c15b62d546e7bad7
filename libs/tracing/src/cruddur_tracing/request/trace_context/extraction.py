"""Reads the context of an incoming request with the app's propagators and from X-Ray's header."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import TraceState

from cruddur_tracing.request.trace_context.headers import (
    NOTHING,
    TRACEPARENT,
    TRACESTATE,
    XRAY,
    Upstream,
    parse_traceparent,
    parse_xray,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BAGGAGE: Final = "HTTP_BAGGAGE"
# The headers that are read here; any other header of a propagator is left to the propagator itself.
_READ_HERE: Final = frozenset({TRACEPARENT, TRACESTATE, XRAY, BAGGAGE})


class EnvironGetter(Getter["WSGIEnvironment"]):
    """Reads headers out of a WSGI environ."""

    def get(self, carrier: "WSGIEnvironment", key: str) -> list[str] | None:
        """Return the header's value."""
        value = carrier.get(_variable(key))
        return None if value is None else [value]

    def keys(self, carrier: "WSGIEnvironment") -> list[str]:
        """Return the names of all headers."""
        return [key[5:].lower().replace("_", "-") for key in carrier if key.startswith("HTTP_")]


_B3_DECISIONS: Final = {"1": True, "true": True, "d": True, "0": False, "false": False}
_GETTER: Final = EnvironGetter()
_EMPTY: Final = Context()


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


class Extraction:
    """The headers of the app's propagators, and X-Ray's; built again when the app sets others."""

    def __init__(self) -> None:
        self._propagator: TextMapPropagator | None = None
        self._headers: frozenset[str] = frozenset()
        self._others: tuple[str, ...] = ()

    def read(self, environ: "WSGIEnvironment") -> tuple[Upstream, TraceState | None, Context]:
        """Return the context, the state of a W3C trace, and an OpenTelemetry context with what else came (baggage).

        `traceparent` goes before the other propagators' headers, and these before `X-Amzn-Trace-Id`, which is read
        whether it is configured or not, as X-Ray's middleware does.
        """
        propagator = propagate.get_global_textmap()
        if propagator is not self._propagator:
            self._configure(propagator, propagator.fields)
        if environ.keys().isdisjoint(self._headers):
            return NOTHING, None, _EMPTY
        return self._read(propagator, environ)

    def _read(
        self, propagator: TextMapPropagator, environ: "WSGIEnvironment"
    ) -> tuple[Upstream, TraceState | None, Context]:
        headers, context = self._headers, _EMPTY
        if BAGGAGE in environ and BAGGAGE in headers:
            context = W3CBaggagePropagator().extract(environ, context, _GETTER)
        if TRACEPARENT in environ and TRACEPARENT in headers:
            upstream = parse_traceparent(environ[TRACEPARENT])
            if upstream is not None:
                return upstream, _state(environ), context
        if self._others and any(header in environ for header in self._others):
            context = propagator.extract(environ, context, _GETTER)
            found = trace.get_current_span(context).get_span_context()
            if found.is_valid:
                upstream = Upstream(found.trace_id, found.span_id, bool(found.trace_flags.sampled))
                return upstream, found.trace_state, context
            if (decided := _b3_decision(environ)) is not None:
                return Upstream(sampled=decided), None, context
        given = environ.get(XRAY)
        return (NOTHING if given is None else parse_xray(given) or NOTHING), None, context

    def _configure(self, propagator: TextMapPropagator, fields: Iterable[str]) -> None:
        self._propagator = propagator
        self._headers = frozenset(map(_variable, fields)) | {XRAY}
        self._others = tuple(self._headers - _READ_HERE)


def _b3_decision(environ: "WSGIEnvironment") -> bool | None:
    """Return what B3's headers say without any ids (https://github.com/openzipkin/b3-propagation)."""
    return _B3_DECISIONS.get(str(environ.get("HTTP_B3", environ.get("HTTP_X_B3_SAMPLED", ""))).strip().lower())


def _state(environ: "WSGIEnvironment") -> TraceState | None:
    text: Any = environ.get(TRACESTATE)
    return TraceState.from_header([text]) if text else None
