"""The `context` of a recorder, as aws_xray_sdk's: what it does when there is no segment, and the stack of entities.

The stack itself is OpenTelemetry's context, so each instance shows the same one.
"""

import logging
import os
from types import SimpleNamespace
from typing import Any, Final

from cruddur_tracing.xray_sdk.entities.entity import Entity, nanoseconds
from cruddur_tracing.xray_sdk.entities.kinds import Subsegment
from cruddur_tracing.xray_sdk.errors import SegmentNotFoundException
from cruddur_tracing.xray_sdk.recorder import frames

log = logging.getLogger("aws_xray_sdk.core.context")

CONTEXT_MISSING: Final = "AWS_XRAY_CONTEXT_MISSING"
LOG_ERROR: Final = "LOG_ERROR"
RUNTIME_ERROR: Final = "RUNTIME_ERROR"
IGNORE_ERROR: Final = "IGNORE_ERROR"
NO_SEGMENT: Final = "cannot find the current segment/subsegment, please make sure you have a segment open"


class Context:
    """The current segment or subsegment. `context_missing` is LOG_ERROR, RUNTIME_ERROR or IGNORE_ERROR."""

    def __init__(self, context_missing: str = LOG_ERROR) -> None:
        self._context_missing = LOG_ERROR
        self.context_missing = os.environ.get(CONTEXT_MISSING, context_missing)

    @property
    def context_missing(self) -> str:
        """What to do when there is no segment."""
        return self._context_missing

    @context_missing.setter
    def context_missing(self, value: str) -> None:
        if value in (LOG_ERROR, RUNTIME_ERROR, IGNORE_ERROR):
            self._context_missing = value
        else:
            log.warning("context_missing: %r: expected LOG_ERROR, RUNTIME_ERROR or IGNORE_ERROR", value)

    def handle_context_missing(self) -> None:
        """Log, raise or ignore that there is no segment."""
        if self._context_missing == RUNTIME_ERROR:
            raise SegmentNotFoundException(NO_SEGMENT)
        if self._context_missing == LOG_ERROR:
            log.error(NO_SEGMENT)

    def get_trace_entity(self) -> Entity | None:
        """Return the current segment or subsegment."""
        entity = frames.current_entity()
        if entity is None:
            self.handle_context_missing()
        return entity

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make an entity the current one, usually that of the thread or task that started this one."""
        if isinstance(trace_entity, Entity):
            frames.enter(trace_entity)
        elif trace_entity is None:
            frames.leave()
        else:
            log.warning("set_trace_entity(%r) is ignored: expected what get_trace_entity() returned", trace_entity)

    def clear_trace_entities(self) -> None:
        """Forget what X-Ray's API has begun or set in this context; it is still ended with its request."""
        frames.leave()

    def put_segment(self, segment: Entity) -> None:
        """Make a segment the current entity."""
        self.set_trace_entity(segment)

    def put_subsegment(self, subsegment: Entity) -> None:
        """Make a subsegment the current entity."""
        self.set_trace_entity(subsegment)

    def end_segment(self, end_time: float | None = None) -> None:
        """End the innermost segment that X-Ray's API began here, with all in it; at `end_time` in seconds or now."""
        frame = frames.innermost_segment()
        if frame is None:
            log.warning("No segment to end")
            return
        frames.pop_segment(frame, nanoseconds(end_time))

    def end_subsegment(self, end_time: float | None = None) -> bool:
        """End the innermost subsegment that X-Ray's API began here; return whether there was one."""
        frame, _ = frames.current()
        if frame is not None and frame.entity.begun and isinstance(frame.entity, Subsegment):
            frames.pop(frame, nanoseconds(end_time))
            return True
        entity = self.get_trace_entity()
        if entity is None or entity.sampled:
            log.warning("No subsegment to end.")
        return False

    @property
    def _local(self) -> Any:
        """What `aws_xray_sdk.ext.sqlalchemy` reads: the entities of the thread, None without any."""
        entity = frames.current_entity()
        return SimpleNamespace(entities=None if entity is None else [entity])
