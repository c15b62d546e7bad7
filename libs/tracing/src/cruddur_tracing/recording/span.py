"""The span: what OpenTelemetry's SDK records, for less work, and the X-Ray data beside it.

It is an `opentelemetry.sdk.trace.Span`, so that any processor and exporter takes it; the private attributes that
`ReadableSpan` reads have the same names here (tests/tracing/recording/test_span.py compares the two).
"""

import contextlib
import logging
import traceback
from collections.abc import Mapping, Sequence
from time import time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from cruddur_tracing.recording.exceptions import ExceptionEvent
from cruddur_tracing.recording.pipeline import Attributes, Facts, Recorded, SharedAttributes
from cruddur_tracing.recording.xray import XRayData

if TYPE_CHECKING:
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

log = logging.getLogger("opentelemetry.sdk.trace")

UNSET: Final = Status(StatusCode.UNSET)
SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
NOT_SAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
NO_STATE: Final = TraceState()
# Where a request waits, a span is made by this and `Span.__init__`: a call of the class makes dictionaries of the
# keywords for the SDK's own `__new__`, and takes three times the instructions.
allocated: Final = object.__new__


class Span(sdk.Span):
    """A span that is recorded. Made by `Recording`; times are nanoseconds since 1970.

    `local_parent` is the parent in the same recording, None for its root; `parent_id` is 0 for the root of a trace.
    `facts` are those of the request that a server span is of: its attributes are made from them when they are first
    read or written, and None in `made_attributes` until then.
    `subsegments` and `subsegments_size` belong to the wire of segments: the documents of the children that have ended.
    """

    # What few spans have: a span that does not have it has no attribute of its own for it.
    xray: XRayData | None = None
    entity: Any = None
    facts: Facts | None = None
    subsegments: list[bytes] | None = None
    subsegments_size = 0
    made_attributes: dict[str, Any] | None = None
    _context_made: SpanContext | None = None
    _shared: SharedAttributes | None = None
    _events: Sequence[sdk.Event] = ()
    _links: Sequence[Link] = ()
    _status = UNSET
    _dropped_attributes = _dropped_events = _dropped_links = 0
    _record_exception = _set_status_on_exception = True
    _end_time: int | None = None

    def __init__(  # noqa: PLR0913 - what OpenTelemetry's Tracer.start_span has
        self,
        recording: Recorded,
        name: str,
        span_id: int,
        *,
        parent_id: int = 0,
        local_parent: "Span | None" = None,
        parent_context: SpanContext | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        scope: "InstrumentationScope | None" = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> None:
        self.recording = recording
        self.span_id = span_id
        self.parent_id = parent_id
        self.local_parent = local_parent
        self.parent_context = parent_context
        self._name = name
        self._kind = kind
        self._instrumentation_scope = scope
        if not record_exception:
            self._record_exception = False
        if not set_status_on_exception:
            self._set_status_on_exception = False
        self._start_time = time_ns() if start_time is None else start_time

    # Reading

    @property
    def _attributes(self) -> dict[str, Any]:  # type: ignore[override]
        made = self.made_attributes
        return self._make_attributes() if made is None else made

    def shared_attributes(self) -> Attributes | None:
        """Return those attributes that it has in common with other spans, and its own, or None if it has none."""
        if self.made_attributes is None:
            return None if self.facts is None else self.facts.untouched()
        if self._shared is None:
            return None
        own = self._shared.besides(self.made_attributes)
        return None if own is None else ((self._shared,), own)

    @property
    def _context(self) -> SpanContext:  # type: ignore[override]
        made = self._context_made
        if made is None:
            recording = self.recording
            flags = SAMPLED if recording.sampled else NOT_SAMPLED
            made = SpanContext(recording.trace_id, self.span_id, False, flags, recording.trace_state)
            self._context_made = made
        return made

    @property
    def _parent(self) -> SpanContext | None:  # type: ignore[override]
        return self.local_parent._context if self.local_parent is not None else self.parent_context

    @property
    def _resource(self) -> Resource:  # type: ignore[override]
        return self.recording.pipeline.resource

    @property
    def _instrumentation_info(self) -> None:  # type: ignore[override]
        return None

    @property
    def dropped_attributes(self) -> int:
        """The number of attributes that did not fit."""
        return self._dropped_attributes

    @property
    def dropped_events(self) -> int:
        """The number of events that did not fit."""
        return self._dropped_events

    @property
    def dropped_links(self) -> int:
        """The number of links that did not fit."""
        return self._dropped_links

    def get_span_context(self) -> SpanContext:
        """Return the ids, the flags and the state of the trace."""
        return self._context

    def is_recording(self) -> bool:
        """Return whether it has not ended."""
        return self._end_time is None

    # Writing

    def start(self, start_time: int | None = None, parent_context: Any = None) -> None:  # noqa: ARG002 - the SDK's
        """Warn: it has started when it was made."""
        log.warning("Calling start() on a started span.")

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute; ignored after the end."""
        if self._is_open("Setting attribute on ended span."):
            self._dropped_attributes += self.recording.pipeline.limits.put(self._attributes, key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes; ignored after the end."""
        if self._is_open("Setting attribute on ended span."):
            put = self.recording.pipeline.limits.put
            for key, value in attributes.items():
                self._dropped_attributes += put(self._attributes, key, value)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Add an event; ignored after the end."""
        if self._is_open("Tried calling add_event on an ended span."):
            limits = self.recording.pipeline.limits
            self._append_event(sdk.Event(name, limits.bounded(attributes, limits.event_attributes), timestamp))

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        """Add a link to another span; ignored after the end."""
        if context is None or not (context.is_valid or attributes or context.trace_state):
            return
        if not self._is_open("Tried calling add_link on an ended span."):
            return
        limits = self.recording.pipeline.limits
        links = [*self._links, Link(context, limits.bounded(attributes, limits.link_attributes))]
        if limits.links is not None and len(links) > limits.links:
            self._dropped_links += 1
            del links[0]
        self._links = links

    def update_name(self, name: str) -> None:
        """Change the name; ignored after the end."""
        if self._is_open("Tried calling update_name on an ended span."):
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status; OK is final, UNSET is ignored, and so is what comes after the end."""
        if not self._is_open("Tried calling set_status on an ended span."):
            return
        if isinstance(status, Status):
            if description is not None:
                log.warning("Description %s ignored. Use either `Status` or `(StatusCode, Description)`", description)
        else:
            status = Status(status, description)
        if self._status.status_code is not StatusCode.OK and status.status_code is not StatusCode.UNSET:
            self._status = status

    def record_exception(
        self, exception: BaseException, attributes: Any = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        """Record an exception as an event, with its frames for X-Ray."""
        if not self._is_open("Tried calling add_event on an ended span."):
            return
        frames = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(exception.__traceback__)]
        stacktrace = "".join(traceback.format_exception(exception))
        self.append_exception(exception, frames, stacktrace, attributes, timestamp, escaped=escaped)

    def append_exception(
        self,
        exception: BaseException,
        frames: Sequence[tuple[str, int | None, str]],
        stacktrace: str,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        *,
        escaped: bool = False,
        remote: bool = False,
    ) -> ExceptionEvent:
        """Add an `exception` event with frames of the caller's choice, and return it.

        The exception is marked with the id that describes it in this trace, so that X-Ray's API can refer to it above.
        """
        kind = type(exception)
        module = kind.__module__
        described = {
            "exception.type": f"{module}.{kind.__qualname__}" if module and module != "builtins" else kind.__qualname__,
            "exception.message": _text(exception),
            "exception.stacktrace": stacktrace,
            "exception.escaped": str(escaped),
        } | dict(attributes or {})
        limits = self.recording.pipeline.limits
        cause_id = f"{self.recording.pipeline.ids.generate_span_id():016x}"
        bounded = limits.bounded(described, limits.event_attributes)
        event = ExceptionEvent(bounded, timestamp, cause_id, kind.__name__, frames, remote=remote)
        self._append_event(event)
        with contextlib.suppress(Exception):  # an exception may refuse attributes, as a frozen dataclass does
            exception._cause_id, exception._cause_trace = cause_id, self.recording.trace_id  # type: ignore[attr-defined]
        return event

    def end(self, end_time: int | None = None) -> None:
        """End it, and pass it to the wires and processors; a second end is ignored with a warning."""
        if self._end_time is not None:
            log.warning("Calling end() on an ended span.")
            return
        self._end_time = time_ns() if end_time is None else end_time
        self.recording.ended(self)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        """End it, with the exception that left the block."""
        if exc_val is not None and self._end_time is None:
            if self._record_exception:
                self.record_exception(exc_val, escaped=True)
            if self._set_status_on_exception:
                self.set_status(Status(StatusCode.ERROR, f"{type(exc_val).__name__}: {exc_val}"))
        trace.Span.__exit__(self, exc_type, exc_val, exc_tb)

    def xray_data(self) -> XRayData:
        """Return what X-Ray's API writes to."""
        if self.xray is None:
            self.xray = XRayData()
        return self.xray

    def _make_attributes(self) -> dict[str, Any]:
        made, shared = ({}, None) if self.facts is None else self.facts.attributes()
        with self.recording.lock:
            if self.made_attributes is None:  # else another thread has made them meanwhile, and may have added some
                self.made_attributes, self._shared = made, shared
            return self.made_attributes

    def _is_open(self, complaint: str) -> bool:
        if self._end_time is None:
            return True
        log.warning(complaint)
        return False

    def _append_event(self, event: sdk.Event) -> None:
        limit = self.recording.pipeline.limits.events
        if not self._events:
            self._events = []
        events = self._events
        assert isinstance(events, list)
        events.append(event)
        if limit is not None and len(events) > limit:
            del events[0]
            self._dropped_events += 1


def _text(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # noqa: BLE001 - an exception's own __str__ may fail; it is recorded without a message
        return ""
