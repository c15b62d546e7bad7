"""One traced Flask app: its names, exclusions and sampling decisions, and where its spans go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceState

from cruddur_tracing.recording.pipeline import Pipeline, Recorded
from cruddur_tracing.request.conventions import Conventions
from cruddur_tracing.request.facts import KnownRequests
from cruddur_tracing.request.trace_context.extraction import Extraction
from cruddur_tracing.resilience.failures import Failures

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Decide(Protocol):
    """Decides about a request that came without a decision."""

    def __call__(
        self, naming: Callable[[str], str], host: str, environ: "WSGIEnvironment", xray_id: str, base: Context
    ) -> tuple[bool, str, str | None, TraceState | None]:
        """Return whether it is sampled, its segment's name, the name of the rule that decided, and the trace's state.

        `naming` returns the name of the segment of a request to a host, `xray_id` is the trace's id as X-Ray writes it.
        """


@dataclass(eq=False, repr=False)
class TracedApp:
    """One traced app. `service` names the segment by the request's host; `join` is called until `joined`.

    `pipeline` returns where spans go, as of now; `settled` is what it will return for every request from now on, though
    what is in it may change.
    """

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
    span_key: str | None = None  # in the WSGI environ, for another library's layer that looks for the span there
    request_hooks: Sequence[Callable[..., Any]] = ()
    response_hooks: Sequence[Callable[..., Any]] = ()
    captures: bool = False  # whether a request that is not sampled is recorded if it is an anomaly
    extraction: Extraction = field(default_factory=Extraction)
    joined: bool = False
    settled: Pipeline | None = None
    known: KnownRequests = field(init=False)

    def __post_init__(self) -> None:
        """Create the cache of what its requests have in common."""
        self.known = KnownRequests(self.conventions)

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of failures of each kind since the start of the process."""
        return self.failures.counts

    def has_excluded_url(self, environ: "WSGIEnvironment") -> bool:
        """Return whether a request is never traced, by OpenTelemetry's patterns for its URL."""
        from werkzeug.wsgi import get_current_url

        return self.excluded_url is not None and self.excluded_url(get_current_url(environ))
