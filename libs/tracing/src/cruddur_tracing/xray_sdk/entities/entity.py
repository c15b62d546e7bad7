"""What segments and subsegments have in common: a view of a recorded span, with the members that aws_xray_sdk's have.

A view has no data of its own: X-Ray's data is in the span's `XRayData`, an exception is an event of the span.
"""

import contextlib
import json
import logging
from time import time_ns
from typing import Any, Final, cast

from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.xray import DEFAULT_NAMESPACE, XRayData
from cruddur_tracing.xray_sdk.entities import document, exceptions
from cruddur_tracing.xray_sdk.entities.names import annotation_key
from cruddur_tracing.xray_sdk.errors import AlreadyEndedException

log = logging.getLogger("aws_xray_sdk.core.models.entity")

NANOSECONDS: Final = 1_000_000_000
REQUEST_KEYS: Final = ("url", "method", "user_agent", "client_ip", "x_forwarded_for")
RESPONSE_KEYS: Final = ("status", "content_length")
_OWN: Final = frozenset({"_span", "begun", "_origin_header"})


def nanoseconds(seconds: float | None) -> int:
    """Return a time of X-Ray's API, in seconds, as nanoseconds; now, if there is none.

    It is rounded to microseconds: a float of seconds has no more.
    """
    return round(seconds * 1_000_000) * 1_000 if seconds else time_ns()


class Recorded:
    """A member of an entity that is one of the span's `XRayData`."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, entity: "Entity", owner: type | None = None) -> Any:
        return getattr(entity._span.xray_data(), self._name) if entity is not None else self

    def __set__(self, entity: "Entity", value: Any) -> None:
        if entity._is_open(self._name):
            setattr(entity._span.xray_data(), self._name, value)


class Entity:
    """A segment or subsegment. `begun` is true if X-Ray's API began it, and so has to end it."""

    begun = False
    _origin_header: Any = None

    annotations = Recorded()
    aws = Recorded()
    error = Recorded()
    fault = Recorded()
    http = Recorded()
    metadata = Recorded()
    origin = Recorded()
    precursor_ids = Recorded()
    throttle = Recorded()

    def __init__(self, span: Span) -> None:
        if type(span) is not Span:
            raise TypeError(f"{type(self).__name__}({span!r}): use xray_recorder.begin_segment() or begin_subsegment()")
        self._span = span

    @property
    def span(self) -> Span:
        """The span that this is a view of."""
        return self._span

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return f"{self._span.span_id:016x}"

    @property
    def trace_id(self) -> str:
        """The trace's id in X-Ray's format."""
        return self._span.recording.xray_id

    @property
    def parent_id(self) -> str | None:
        """The id of the segment or subsegment above it, which may be another service's."""
        return f"{self._span.parent_id:016x}" if self._span.parent_id else None

    @property
    def name(self) -> str:
        """Its name."""
        return self._span._name

    @name.setter
    def name(self, name: str) -> None:
        if self._is_open("name"):
            self._span._name = name

    @property
    def start_time(self) -> float:
        """Seconds since 1970."""
        return (self._span._start_time or 0) / NANOSECONDS

    @start_time.setter
    def start_time(self, seconds: float) -> None:
        if self._is_open("start_time"):
            self._span._start_time = nanoseconds(seconds)

    @property
    def end_time(self) -> float | None:
        """Seconds since 1970; None while it is in progress."""
        end = self._span._end_time
        return None if end is None else end / NANOSECONDS

    @property
    def in_progress(self) -> bool:
        """Whether it has not ended."""
        return self._span._end_time is None

    @property
    def sampled(self) -> bool:
        """Whether its trace is sent. Only a segment's may be changed."""
        return self._span.recording.sampled

    @sampled.setter
    def sampled(self, sampled: bool) -> None:
        log.warning("sampled = %r of %r is ignored: set it on the segment", sampled, self.name)

    @property
    def cause(self) -> dict[str, Any] | str:
        """The exceptions, or the id of one that another subsegment describes."""
        return document.cause(self._span)

    def put_annotation(self, key: Any, value: Any) -> None:
        """Set an annotation: a text, number or boolean that X-Ray indexes."""
        data = self._data()
        if not isinstance(key, str):
            log.warning("ignoring non string type annotation key with type %s.", type(key))
        elif not isinstance(value, (str, int, float)):
            log.warning("ignoring unsupported annotation value type %s.", type(value))
        else:
            data.annotations[annotation_key(key)] = value

    def put_metadata(self, key: str, value: Any, namespace: Any = DEFAULT_NAMESPACE) -> None:
        """Set metadata: any value that JSON can express."""
        data = self._data()
        if not isinstance(namespace, str):
            log.warning("ignoring non string type metadata namespace")
        elif namespace.startswith("AWS."):
            log.warning("Prefix 'AWS.' is reserved, drop metadata with namespace %s", namespace)
        else:
            data.metadata.setdefault(namespace, {})[key] = value

    def put_http_meta(self, key: str, value: Any) -> None:
        """Describe the HTTP request or response; a status sets the flags."""
        data = self._data()
        if value is None:
            return
        if key in REQUEST_KEYS:
            data.http.setdefault("request", {})[key] = value
        elif key in RESPONSE_KEYS:
            if key == "status":
                value = int(value)
                self.apply_status_code(value)
            data.http.setdefault("response", {})[key] = value
        else:
            log.warning("ignoring unsupported key %s in http meta.", key)

    def apply_status_code(self, status_code: int | None) -> None:
        """Set the flags that an HTTP status means."""
        data = self._data()
        if status_code is None or status_code < 400:
            return
        if status_code >= 500:
            data.fault = True
            return
        data.error = True
        if status_code == 429:
            data.throttle = True

    def set_aws(self, aws_meta: dict[str, Any]) -> None:
        """Replace what is known of the AWS resource or call."""
        self._data().aws = aws_meta

    def add_fault_flag(self) -> None:
        """Flag a failure of the service."""
        self.fault = True

    def add_error_flag(self) -> None:
        """Flag an error of the client."""
        self.error = True

    def add_throttle_flag(self) -> None:
        """Flag a throttled call."""
        self.throttle = True

    def add_exception(self, exception: BaseException, stack: Any, remote: bool = False) -> None:
        """Record an exception and flag a fault.

        `stack` has the frames from the outermost to the innermost, as `traceback.extract_stack()` returns them.
        """
        self._data()
        exceptions.add_exception(self._span, exception, stack, remote=remote)

    def save_origin_trace_header(self, trace_header: Any) -> None:
        """Keep the X-Amzn-Trace-Id header that the request came with."""
        self._origin_header = trace_header

    def get_origin_trace_header(self) -> Any:
        """Return the header that was kept."""
        return self._origin_header

    def add_subsegment(self, subsegment: Any) -> None:
        """Warn, unless it is a child already: a subsegment's place is decided when it begins."""
        self._data()
        if getattr(subsegment, "parent_id", None) != self.id:
            log.warning("add_subsegment(%r) is ignored: begin_subsegment() begins a child", subsegment)

    def remove_subsegment(self, subsegment: Any) -> None:
        """Warn: what has begun is recorded."""
        log.warning("remove_subsegment(%r) is ignored: what has begun is recorded", subsegment)

    def close(self, end_time: float | None = None) -> None:
        """End it, at `end_time` in seconds since 1970 or now."""
        self._data()
        self.end(nanoseconds(end_time))

    def begin(self) -> None:
        """Record that X-Ray's API has begun it; it is open until it ends."""
        self.begun = True
        recording = self._span.recording
        if not isinstance(recording.open, list):
            with recording.lock:
                recording.open = list(recording.open)
        recording.open.append(self)

    def end(self, end_time: int) -> None:
        """End it, in nanoseconds since 1970, unless it has ended."""
        span = self._span
        if span._end_time is not None:
            return
        if len(self.__dict__) > 2:
            self._warn_of_attributes()
        span.end(end_time)
        if self.begun:
            with contextlib.suppress(ValueError):
                cast("list[Entity]", span.recording.open).remove(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the document of what is recorded so far, without children."""
        return document.of(self)

    def serialize(self) -> str:
        """Return the document as JSON."""
        return json.dumps(self.to_dict(), default=str)

    def _data(self) -> XRayData:
        if self._span._end_time is not None:
            raise AlreadyEndedException("Already ended segment and subsegment cannot be modified.")
        return self._span.xray_data()

    def _is_open(self, what: str) -> bool:
        if self._span._end_time is None:
            return True
        log.warning("%s of %r is ignored: it has ended", what, self.name)
        return False

    def _warn_of_attributes(self) -> None:
        for name in self.__dict__.keys() - _OWN:
            log.warning("the attribute %r of %r is not recorded: use put_metadata", name, self.name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.id} of {self.trace_id}>"
