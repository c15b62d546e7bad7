"""Segments and subsegments of a trace that is not sampled: they have its id, take everything and keep nothing.

They subclass the recorded ones so that an app's `isinstance` holds, and replace every member.
"""

from time import time
from typing import Any, ClassVar, Final

from opentelemetry import trace

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.xray_sdk.entities.kinds import Segment, Subsegment


class Nothing:
    """A member that reads as an empty dictionary and forgets what is set."""

    def __get__(self, entity: object, owner: type | None = None) -> dict[str, Any]:
        return {}

    def __set__(self, entity: object, value: object) -> None: ...


class Unset:
    """A member that reads as None and forgets what is set."""

    def __get__(self, entity: object, owner: type | None = None) -> None: ...

    def __set__(self, entity: object, value: object) -> None: ...


class Dummy:
    """What both dummies have in common; `stands_for` is a span of the same trace, which is not sampled."""

    begun = True
    name = "dummy"
    sampled = False
    in_progress = True
    start_time = 0.0
    end_time: float | None = None
    _origin_header: Any = None

    annotations: ClassVar = Nothing()
    aws: ClassVar = Nothing()
    cause: ClassVar = Nothing()
    http: ClassVar = Nothing()
    metadata: ClassVar = Nothing()
    sql: ClassVar = Nothing()
    error: ClassVar = Unset()
    fault: ClassVar = Unset()
    origin: ClassVar = Unset()
    parent_id: ClassVar = Unset()
    precursor_ids: ClassVar = Unset()
    service: ClassVar = Unset()
    throttle: ClassVar = Unset()
    user: ClassVar = Unset()

    def __init__(self, name: str, stands_for: trace.Span) -> None:
        self.name = name
        self.stands_for = stands_for
        self.start_time = time()

    @property
    def id(self) -> str:
        """The id of the span that it stands for: what is called from here continues the trace there."""
        return f"{self.stands_for.get_span_context().span_id:016x}"

    @property
    def trace_id(self) -> str:
        """The trace's id in X-Ray's format."""
        return xray_trace_id(self.stands_for.get_span_context().trace_id)

    def _nothing(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing."""

    put_annotation = put_metadata = put_http_meta = apply_status_code = add_exception = _nothing
    add_fault_flag = add_error_flag = add_throttle_flag = add_subsegment = remove_subsegment = _nothing
    set_aws = set_sql = set_user = set_service = set_rule_name = serialize = begin = _nothing

    def save_origin_trace_header(self, trace_header: Any) -> None:
        """Keep the X-Amzn-Trace-Id header that the request came with."""
        self._origin_header = trace_header

    def get_origin_trace_header(self) -> Any:
        """Return the header that was kept."""
        return self._origin_header

    def to_dict(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def close(self, end_time: float | None = None) -> None:
        """End it."""
        self.end_time, self.in_progress = end_time or time(), False

    def end(self, end_time: int) -> None:
        """End it; `end_time` is in nanoseconds since 1970."""
        self.end_time, self.in_progress = end_time / 1e9, False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {self.trace_id}>"


class DummySegment(Dummy, Segment):  # type: ignore[misc]
    """A segment that is not recorded."""


class DummySubsegment(Dummy, Subsegment):  # type: ignore[misc]
    """A subsegment that is not recorded; its segment may be."""

    namespace = "dummy"
    _above: Segment | Subsegment | None = None

    @classmethod
    def below(cls, above: Segment | Subsegment | None, name: str, stands_for: trace.Span) -> "DummySubsegment":
        """Return a subsegment of a segment or subsegment."""
        made = cls(name, stands_for)
        made._above = above
        return made

    @property
    def parent_segment(self) -> Segment:
        """The segment that it is a part of."""
        if self._above is None:
            self._above = DummySegment("dummy", self.stands_for)
        return self._above if isinstance(self._above, Segment) else self._above.parent_segment


DUMMIES: Final = (DummySegment, DummySubsegment)
