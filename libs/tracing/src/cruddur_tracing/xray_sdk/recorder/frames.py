"""What X-Ray's API has begun in the current context, innermost first: kept in OpenTelemetry's context.

So it follows a request through threads and tasks as the current span does. What begins makes its span the current
one; what ends restores the context that it found, in whatever thread, task or order it ends.
"""

from collections.abc import Iterator
from typing import Final

from opentelemetry import context, trace
from opentelemetry.context import Context

from cruddur_tracing.recording.span import Span
from cruddur_tracing.xray_sdk.entities.dummies import DUMMIES, DummySegment
from cruddur_tracing.xray_sdk.entities.entity import Entity
from cruddur_tracing.xray_sdk.entities.kinds import Segment, entity_of
from cruddur_tracing.xray_sdk.recorder.ending import close_open

_KEY: Final = context.create_key("xray-frame")
_SPAN: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))  # OpenTelemetry's own key


class Frame:
    """An entity in a context; `before` is the context that it was put into.

    `managed` frames are ended by a `with` block or a decorator, the others by a call that an app may forget.
    """

    __slots__ = ("before", "entity", "managed", "outer", "popped", "span")

    def __init__(self, entity: Entity, span: trace.Span, before: Context, outer: "Frame | None") -> None:
        self.entity = entity
        self.span = span
        self.before = before
        self.outer = outer
        self.managed = False
        self.popped = False

    def attach(self) -> None:
        """Make the entity and its span the current ones."""
        context.attach(Context({**self.before, _SPAN: self.span, _KEY: self}))


def current() -> tuple[Frame | None, trace.Span]:
    """Return the innermost frame that has not been popped, and the current span."""
    found = context.get_current()
    frame: Frame | None = found.get(_KEY)  # type: ignore[assignment]
    while frame is not None and frame.popped:
        if frame.span is found.get(_SPAN):
            # An inner frame was popped later than this one, and restored the context of this one.
            found = frame.before
            context.attach(found)
            frame = found.get(_KEY)  # type: ignore[assignment]
        else:
            frame = frame.outer
    return frame, found.get(_SPAN, trace.INVALID_SPAN)  # type: ignore[return-value]


def current_entity() -> Entity | None:
    """Return the innermost segment or subsegment, whichever API made it; None if there is no trace here."""
    frame, span = current()
    if frame is not None and frame.span is span:
        return frame.entity
    if isinstance(span, Span):
        return entity_of(span)
    if not is_unsampled(span):
        return None
    return unsampled_entity(frame, span) or DummySegment("dummy", span)


def is_unsampled(span: trace.Span) -> bool:
    """Return whether a span that is not recorded here represents a trace that this process does not sample."""
    ids = span.get_span_context()
    return ids.is_valid and not ids.is_remote and not span.is_recording()


def unsampled_entity(frame: Frame | None, span: trace.Span) -> Entity | None:
    """Return a frame's entity if it is a dummy in the trace of a span that is not sampled."""
    if frame is None or not isinstance(frame.entity, DUMMIES):
        return None
    same_trace = frame.entity.stands_for.get_span_context().trace_id == span.get_span_context().trace_id
    return frame.entity if same_trace else None


def push(entity: Entity, span: trace.Span, outer: Frame | None) -> Frame:
    """Make an entity and its span the current ones; `outer` is the innermost frame."""
    frame = Frame(entity, span, context.get_current(), outer)
    frame.attach()
    return frame


def pop(frame: Frame, end_time: int) -> None:
    """End a frame's entity and what was begun in it and forgotten, and restore the context.

    `end_time` is in nanoseconds since 1970.
    """
    innermost: Frame | None = context.get_current().get(_KEY)  # type: ignore[assignment]
    if innermost is not frame:
        innermost, _ = current()
        for forgotten in _forgotten_inside(frame, innermost):
            _end(forgotten, end_time)
    _end(frame, end_time)
    if innermost is not None and innermost.popped:
        current()  # restores the context


def pop_segment(frame: Frame, end_time: int) -> None:
    """End a segment; the root of a recording with all that X-Ray's API has begun in it, in any thread."""
    if not isinstance(frame.entity, DUMMIES) and frame.entity.span.local_parent is None:
        close_open(frame.entity.span.recording, end_time)
    pop(frame, end_time)


def step_out(frame: Frame) -> None:
    """Restore the context; the frame's entity stays open."""
    frame.popped = True
    current()


def _end(frame: Frame, end_time: int) -> None:
    frame.popped = True
    frame.entity.end(end_time)


def _forgotten_inside(frame: Frame, innermost: Frame | None) -> list[Frame]:
    """Return the frames directly in `frame`, innermost first, that no block or decorator will end."""
    found: list[Frame] = []
    inner = innermost
    while inner is not None and inner is not frame:
        if inner.managed:
            found.clear()
        else:
            found.append(inner)
        inner = inner.outer
    return found if inner is frame else []


def enter(entity: Entity) -> None:
    """Make an entity of another thread or task the current one, instead of all that is current here."""
    outermost = None
    for frame in _frames():
        if frame.entity is entity:
            frame.attach()
            return
        outermost = frame
    span = entity.stands_for if isinstance(entity, DUMMIES) else entity.span
    base = context.get_current() if outermost is None else outermost.before
    Frame(entity, span, base, None).attach()


def leave() -> None:
    """Forget all frames of this context; what has begun is still ended with its request."""
    outermost = None
    for outermost in _frames():  # noqa: B007 - the last one
        pass
    if outermost is not None:
        context.attach(outermost.before)


def innermost_segment() -> Frame | None:
    """Return the innermost frame of a segment that X-Ray's API began."""
    return next((frame for frame in _frames() if isinstance(frame.entity, Segment) and frame.entity.begun), None)


def _frames() -> Iterator[Frame]:
    frame, _ = current()
    while frame is not None:
        yield frame
        frame = frame.outer
