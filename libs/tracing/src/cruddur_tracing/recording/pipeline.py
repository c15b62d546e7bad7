"""The destinations of a TracerProvider's ended spans, and what the wires share between spans."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Final, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import TraceState

from cruddur_tracing.recording.limits import Limits
from cruddur_tracing.resilience.failures import Failures

Values = Mapping[str, Any]


class SharedAttributes:
    """Attributes that many spans begin with, and that never change.

    Each wire encodes them once: `encoded` holds what it makes of them, by wire. `span_name` is that of the spans, None
    if they have others.
    """

    __slots__ = ("encoded", "span_name", "values")

    def __init__(self, values: dict[str, Any], span_name: str | None = None) -> None:
        self.values: Final = values
        self.span_name: Final = span_name
        self.encoded: Final[dict[str, Any]] = {}

    def besides(self, attributes: Values) -> Values | None:
        """Return the other attributes of a span, or None if it has lost or changed one of these."""
        shared = self.values
        if shared.items() <= attributes.items():
            return {key: value for key, value in attributes.items() if key not in shared}
        return None


Attributes = tuple[Sequence[SharedAttributes], Values]  # those that a span shares with others, and its own


class Facts(Protocol):
    """The data of a request, from which its span's attributes can be made."""

    def attributes(self) -> tuple[dict[str, Any], SharedAttributes]:
        """Return the attributes that the span has now, and those of them that it shares with other spans."""

    def untouched(self) -> Attributes | None:
        """Return the attributes of a span that has ended and was never changed; None while it is open.

        The first call reads the request and releases it; later ones return the same.
        """


class Wire(Protocol):
    """A way to a backend."""

    def ended(self, span: Any) -> None:
        """Take a sampled span that has just ended. Called by the thread that ended it; must not block."""

    def flush(self, seconds: float) -> bool:
        """Send what is queued and return whether all was sent in that time."""

    def shutdown(self, seconds: float) -> None:
        """Send what is queued within that time, and accept nothing more."""


@dataclass(eq=False, repr=False)
class Pipeline:
    """Where the spans of one TracerProvider go. `segments` goes before `otlp`, which completes the attributes.

    `hold` takes the roots of requests, which are passed on a moment later, together with others.
    """

    resource: Resource
    ids: IdGenerator
    failures: Failures
    limits: Limits = field(default_factory=Limits)
    segments: Wire | None = None
    otlp: Wire | None = None
    processors: tuple[SpanProcessor, ...] = ()
    hold: Callable[[Any], None] | None = None
    service_name: Any = field(init=False)  # the resource's name of the service, None if it has none

    def __post_init__(self) -> None:
        """Look for the name of the service."""
        self.describe(self.resource)

    def describe(self, resource: Resource) -> None:
        """Change the resource."""
        self.resource = resource
        self.service_name = resource.attributes.get(SERVICE_NAME)

    @property
    def leads_nowhere(self) -> bool:
        """Whether spans have no destination."""
        return self.segments is None and self.otlp is None and not self.processors


class Recorded(Protocol):
    """What a span is part of: the local part of a trace (`recording.Recording`)."""

    pipeline: Pipeline
    service: str
    sampled: bool
    rule: str | None
    trace_state: TraceState
    xray_id: str
    open: Sequence[Any]
    lock: RLock

    @property
    def trace_id(self) -> int:
        """The trace's id as OpenTelemetry has it."""

    def started(self, span: Any, parent_context: Context | None) -> None:
        """Tell the app's own processors that a span has started."""

    def ended(self, span: Any) -> None:
        """Take a span that has just ended."""

    def pass_on(self, span: Any) -> None:
        """Pass an ended span on to the wires."""
