"""The recorder: `aws_xray_sdk.core.xray_recorder`, which begins and ends spans of the one recording.

Inside a request a segment is a nested subsegment and a subsegment a child of the current span. Outside of any,
`begin_segment` begins a trace. Where nothing is sampled, dummies are returned and nothing is recorded.
"""

import logging
from typing import Any

from opentelemetry import trace

from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.xray import DEFAULT_NAMESPACE
from cruddur_tracing.xray_sdk.configuration.configurable import Configurable
from cruddur_tracing.xray_sdk.entities.dummies import DummySegment, DummySubsegment
from cruddur_tracing.xray_sdk.entities.kinds import Subsegment
from cruddur_tracing.xray_sdk.entities.names import entity_name
from cruddur_tracing.xray_sdk.entities.trace_ids import parse_trace_id
from cruddur_tracing.xray_sdk.errors import SegmentNameMissingException, SubsegmentNameMissingException
from cruddur_tracing.xray_sdk.recorder import beginning, frames
from cruddur_tracing.xray_sdk.recorder.blocks import (
    AsyncSegmentContextManager,
    AsyncSubsegmentContextManager,
    Call,
    SegmentContextManager,
    SubsegmentContextManager,
)
from cruddur_tracing.xray_sdk.recorder.context import IGNORE_ERROR
from cruddur_tracing.xray_sdk.recorder.frames import Frame

log = logging.getLogger("aws_xray_sdk.core.recorder")

Sampling = int | str | None


class Recorder(Configurable):
    """Writes what X-Ray's API is called with to the current trace."""

    # Segments and subsegments

    def begin_segment(
        self,
        name: str | None = None,
        traceid: str | None = None,
        parent_id: str | None = None,
        sampling: Sampling = None,
    ) -> Any:
        """Begin a segment, make it the current one and return it.

        Inside a request it is a nested subsegment. Outside of any it begins the trace `traceid` or a new one;
        `sampling` is the decision (0, 1 or the name of a rule), None leaves it to the rules.
        """
        return self.push_segment(name, traceid, parent_id, sampling).entity

    def end_segment(self, end_time: float | None = None) -> None:
        """End the innermost segment that was begun here, and what is open in it; at `end_time` in seconds or now."""
        self.context.end_segment(end_time)

    def begin_subsegment(self, name: str | None, namespace: str = "local") -> Any:
        """Begin a subsegment of the current entity, make it the current one and return it; None without a segment."""
        frame = self.push_subsegment(name, namespace)
        return frame.entity if frame is not None else None

    def begin_subsegment_without_sampling(self, name: str) -> Any:
        """Begin a subsegment that is not recorded, nor is anything below it."""
        entity = self._entity_for(name)
        if entity is None:
            return None
        outer, span = frames.current()
        unsampled = beginning.not_sampled(span)
        dummy = DummySubsegment.below(entity, entity_name(name), unsampled)
        frames.push(dummy, unsampled, outer)
        return dummy

    def end_subsegment(self, end_time: float | None = None) -> None:
        """End the innermost subsegment that was begun here; at `end_time` in seconds or now."""
        self.context.end_subsegment(end_time)

    def current_segment(self) -> Any:
        """Return the current segment."""
        entity = self.get_trace_entity()
        return entity.parent_segment if isinstance(entity, Subsegment) else entity

    def current_subsegment(self) -> Any:
        """Return the current subsegment; None if the current entity is a segment."""
        entity = self.get_trace_entity()
        return entity if isinstance(entity, Subsegment) else None

    def push_segment(
        self, name: str | None, traceid: str | None = None, parent_id: str | None = None, sampling: Sampling = None
    ) -> Frame:
        """Begin a segment and return its frame."""
        name = name or self.service
        if not name:
            raise SegmentNameMissingException("Segment name is required.")
        name = entity_name(name)
        outer, span = frames.current()
        if beginning.is_in_request(span):
            if traceid is not None and parse_trace_id(traceid) != span.get_span_context().trace_id:
                log.warning("begin_segment(%r): traceid %r is ignored inside of another trace", name, traceid)
            return self._push_inside(name, outer, span, recorded=sampling is None or bool(sampling))
        pipeline = self.wiring.pipeline()
        if pipeline is None:
            return frames.push(DummySegment(name, trace.INVALID_SPAN), trace.INVALID_SPAN, None)
        above = beginning.given_parent(traceid, parent_id)
        if above is None and span.get_span_context().is_valid and not isinstance(span, Span):
            above = span.get_span_context()
            sampling = above.trace_flags.sampled if sampling is None else sampling
        if sampling is None:
            sampling = self.sampler.should_trace({"service": name}) if self.sampling else True
        frame = beginning.root_segment(pipeline, name, above, sampling)
        if self._origin or self._aws_metadata:
            frame.entity.origin = self._origin
            frame.entity.aws = dict(self._aws_metadata)
        return frame

    def _push_inside(self, name: str, outer: Frame | None, span: trace.Span, *, recorded: bool) -> Frame:
        """Begin a segment inside a request."""
        if isinstance(span, Span) and span.recording.sampled:
            if recorded:
                return beginning.nested_segment(span, name, outer)
            span = beginning.not_sampled(span)
        return frames.push(DummySegment(name, span), span, outer)

    def push_subsegment(self, name: str | None, namespace: str = "local") -> Frame | None:
        """Begin a subsegment and return its frame; None without a segment."""
        outer, span = frames.current()
        if type(span) is Span and span.recording.sampled:
            if name is None:
                raise SubsegmentNameMissingException("Subsegment name is required.")
            return beginning.subsegment(span, entity_name(name), namespace, outer)
        if outer is not None and outer.span is span:
            above: Any = outer.entity
        elif frames.is_unsampled(span):
            above = frames.unsampled_entity(outer, span)
        else:
            above = self._entity_for(name)
            if above is None:
                return None
        return frames.push(DummySubsegment.below(above, name or "dummy", span), span, outer)

    def _entity_for(self, name: str | None) -> Any:
        """Return the current entity, for a subsegment to be begun in it."""
        entity = self.get_trace_entity()
        if entity is None and self.context.context_missing != IGNORE_ERROR:
            log.warning("No segment found, cannot begin subsegment %s.", name)
        return entity

    # The current entity

    def get_trace_entity(self) -> Any:
        """Return the current segment or subsegment, whichever API began it."""
        return self.context.get_trace_entity()

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make an entity the current one, usually that of the thread or task that started this one."""
        self.context.set_trace_entity(trace_entity)

    def clear_trace_entities(self) -> None:
        """Forget what was begun or set in this context; it is still ended with its request."""
        self.context.clear_trace_entities()

    def put_annotation(self, key: Any, value: Any) -> None:
        """Set an annotation of the current entity."""
        entity = self.get_trace_entity()
        if entity is not None:
            entity.put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: Any = DEFAULT_NAMESPACE) -> None:
        """Set metadata of the current entity."""
        entity = self.get_trace_entity()
        if entity is not None:
            entity.put_metadata(key, value, namespace)

    def is_sampled(self) -> bool:
        """Return whether the current entity is sent; False without any."""
        entity = self.get_trace_entity()
        return entity is not None and bool(entity.sampled)

    def stream_subsegments(self) -> None:
        """Do nothing: large traces are divided by the wires."""

    # Blocks, decorators and wrapped calls

    def in_segment(self, name: str | None = None, **segment_kwargs: Any) -> SegmentContextManager:
        """Return a `with` block for a segment."""
        return SegmentContextManager(self, name, **segment_kwargs)

    def in_segment_async(self, name: str | None = None, **segment_kwargs: Any) -> AsyncSegmentContextManager:
        """Return an `async with` block for a segment."""
        return AsyncSegmentContextManager(self, name, **segment_kwargs)

    def in_subsegment(self, name: str | None = None, **subsegment_kwargs: Any) -> SubsegmentContextManager:
        """Return a `with` block, or a decorator, for a subsegment."""
        return SubsegmentContextManager(self, name, **subsegment_kwargs)

    def in_subsegment_async(self, name: str | None = None, **subsegment_kwargs: Any) -> AsyncSubsegmentContextManager:
        """Return an `async with` block, or a decorator, for a subsegment."""
        return AsyncSubsegmentContextManager(self, name, **subsegment_kwargs)

    def capture(self, name: str | None = None) -> SubsegmentContextManager:
        """Return a decorator that records each call of a function, also of a coroutine function, as a subsegment."""
        return self.in_subsegment(name)

    def capture_async(self, name: str | None = None) -> AsyncSubsegmentContextManager:
        """Return a decorator that records each call of a coroutine function as a subsegment."""
        return self.in_subsegment_async(name)

    def record_subsegment(
        self, wrapped: Any, instance: Any, args: Any, kwargs: Any, name: str, namespace: str, meta_processor: Any
    ) -> Any:
        """Call a function inside a subsegment, which `meta_processor` describes."""
        frame = self.push_subsegment(name, namespace)
        if frame is None:
            return wrapped(*args, **kwargs)
        call = Call(self, frame, (wrapped, instance, args, kwargs), meta_processor)
        try:
            value = wrapped(*args, **kwargs)
        except BaseException as error:
            call.failed(error)
            raise
        call.returned(value)
        return value

    async def record_subsegment_async(
        self, wrapped: Any, instance: Any, args: Any, kwargs: Any, name: str, namespace: str, meta_processor: Any
    ) -> Any:
        """Await a coroutine function's result inside a subsegment, which `meta_processor` describes."""
        frame = self.push_subsegment(name, namespace)
        if frame is None:
            return await wrapped(*args, **kwargs)
        call = Call(self, frame, (wrapped, instance, args, kwargs), meta_processor)
        try:
            value = await wrapped(*args, **kwargs)
        except BaseException as error:
            call.failed(error)
            raise
        call.returned(value)
        return value
