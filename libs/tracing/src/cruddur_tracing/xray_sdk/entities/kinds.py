"""The two kinds of entities: segments and subsegments.

The root of a recording is a segment, whatever made it. Every other span is a subsegment, unless `begin_segment` began
it inside a request: that one has a segment's members, and is recorded as a nested subsegment.
"""

import logging
from typing import Any

from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.span import Span
from cruddur_tracing.xray_sdk.entities.entity import Entity, Recorded

log = logging.getLogger("aws_xray_sdk.core.models.segment")

_REMOTE_KINDS = (SpanKind.CLIENT, SpanKind.PRODUCER)


def entity_of(span: Span) -> Entity:
    """Return the view of a span; the same one each time, while the span is in progress."""
    entity: Entity | None = span.entity
    if entity is None:
        entity = Segment(span) if span.local_parent is None else Subsegment(span)
        if span._end_time is None:
            span.entity = entity
    return entity


def root_of(span: Span) -> Span:
    """Return the root of a span's recording."""
    while span.local_parent is not None:
        span = span.local_parent
    return span


class Segment(Entity):
    """The work of a service for one request; its name is the service's."""

    service = Recorded()

    @property
    def name(self) -> str:
        """Its name."""
        return self._span._name if self._is_nested else self._span.recording.service

    @name.setter
    def name(self, name: str) -> None:
        if not self._is_open("name"):
            return
        if self.begun:
            self._span._name = name
        if not self._is_nested:
            self._span.recording.service = name

    @property
    def sampled(self) -> bool:
        """Whether it is sent. Set to False, nothing more of its trace is sent by this process."""
        return self._span.recording.sampled

    @sampled.setter
    def sampled(self, sampled: bool) -> None:
        self._span.recording.sampled = sampled

    @property
    def user(self) -> str | None:
        """The user that the request came from."""
        return root_of(self._span).xray_data().user

    @user.setter
    def user(self, user: str | None) -> None:
        if self._is_open("user"):
            root_of(self._span).xray_data().user = user

    def set_user(self, user: str) -> None:
        """Set the user that the request came from; the last one of a trace in this process counts."""
        self._data()
        self.user = user

    def set_service(self, service_info: dict[str, Any]) -> None:
        """Describe the runtime."""
        self.service = service_info

    def set_rule_name(self, rule_name: str) -> None:
        """Name the sampling rule that decided."""
        self._span.recording.rule = rule_name

    def get_origin_trace_header(self) -> Any:
        """Return the header that the request came with."""
        if self._origin_header is None and self._is_nested:
            return entity_of(root_of(self._span)).get_origin_trace_header()
        return self._origin_header

    def put_http_meta(self, key: str, value: Any) -> None:
        """Describe the HTTP request or response; a status sets the flags."""
        super().put_http_meta(key, value)
        if self.begun and not self._is_nested:
            self._span._kind = SpanKind.SERVER

    def ready_to_send(self) -> bool:
        """Return whether it has ended."""
        return not self.in_progress

    @property
    def _is_nested(self) -> bool:
        return self._span.local_parent is not None


class Subsegment(Entity):
    """A part of a segment's work, or a call to another service."""

    type = "subsegment"

    sql = Recorded()

    @property
    def parent_segment(self) -> Segment:
        """The segment that it is a part of."""
        above = self._span.local_parent or self._span
        while above.local_parent is not None and not isinstance(above.entity, Segment):
            above = above.local_parent
        segment = entity_of(above)
        assert isinstance(segment, Segment)
        return segment

    @property
    def namespace(self) -> str:
        """`aws` or `remote` for a call to another service, `local` for anything else."""
        given = self._span.xray_data().namespace
        return given or ("remote" if self._span._kind in _REMOTE_KINDS else "local")

    @namespace.setter
    def namespace(self, namespace: str) -> None:
        if self._is_open("namespace"):
            set_namespace(self._span, namespace)

    def set_sql(self, sql: dict[str, Any]) -> None:
        """Replace what is known of the database query."""
        self.sql = sql


def set_namespace(span: Span, namespace: str) -> None:
    """Set a span's namespace and the kind that goes with it."""
    if namespace in ("aws", "remote"):
        span.xray_data().namespace = namespace
        span._kind = SpanKind.CLIENT
    elif span.xray is not None and span.xray.namespace is not None:
        span.xray.namespace = None
        span._kind = SpanKind.INTERNAL
