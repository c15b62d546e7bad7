"""What the tracing knows of one Flask app: its names, what it leaves out, who decides, and where its spans go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceState

from cruddur_tracing.recording.pipeline import Pipeline, Recorded, SharedAttributes
from cruddur_tracing.recording.span import Span
from cruddur_tracing.request.conventions import SHARED, Conventions, of_client, of_server
from cruddur_tracing.request.extraction import Extraction
from cruddur_tracing.resilience.failures import Failures

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SHARED_MAX: Final = 256


class Decide(Protocol):
    """Decides about a request that came without a decision."""

    def __call__(
        self, service: str, host: str, environ: "WSGIEnvironment", trace_id: int, base: Context
    ) -> tuple[bool, str | None, TraceState | None]:
        """Return whether it is sampled, the name of the rule that says so, and the state of the trace."""


@dataclass(slots=True)
class TracedApp:
    """One traced app. `service` names the segment by the request's host; `joined` is called once for each request."""

    failures: Failures
    scope: InstrumentationScope
    service: Callable[[str], str]
    decide: Decide
    pipeline: Callable[[], Pipeline]
    close_open: Callable[[Recorded], None]
    sampled: Callable[[Any], None]
    unsampled: Callable[[Any], None]
    join: Callable[["WSGIEnvironment"], None]
    excluded_paths: frozenset[str] = frozenset()
    excluded_url: Callable[[str], bool] | None = None
    conventions: Conventions = Conventions.OLD
    span_key: str | None = None  # in the WSGI environ, for somebody else's layer that looks for the span there
    request_hooks: Sequence[Callable[..., Any]] = ()
    response_hooks: Sequence[Callable[..., Any]] = ()
    extraction: Extraction = field(default_factory=Extraction)
    _shared: dict[tuple[Any, ...], SharedAttributes] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each kind of failure happened since the start of the process."""
        return self.failures.counts

    def describe(self, span: Span, environ: "WSGIEnvironment") -> None:
        """Put on a span what is known of a request before the answer."""
        key = tuple(map(environ.get, SHARED))
        shared = self._shared.get(key)
        if shared is None:
            shared = SharedAttributes(of_server(environ, self.conventions))
            if len(self._shared) >= _SHARED_MAX:  # a client sends another host with each request
                self._shared.clear()
            self._shared[key] = shared
        span.shared = shared
        span._attributes |= shared.values
        span._attributes |= of_client(environ, self.conventions)

    def is_excluded(self, environ: "WSGIEnvironment") -> bool:
        """Return whether a request is never traced."""
        if environ.get("PATH_INFO") in self.excluded_paths:
            return True
        return self.excluded_url is not None and self.excluded_url(_url(environ))


def _url(environ: "WSGIEnvironment") -> str:
    """Return the URL that OpenTelemetry's patterns for excluded URLs are looked for in."""
    from werkzeug.wsgi import get_current_url

    return get_current_url(environ)
