"""`with` blocks, decorators and wrapped calls: what they begin they end themselves, and what was forgotten inside."""

import inspect
import logging
from collections.abc import Callable
from time import time_ns
from types import TracebackType
from typing import Any

import wrapt

from cruddur_tracing.xray_sdk.entities.entity import Entity
from cruddur_tracing.xray_sdk.entities.exceptions import raised_in, stack_of
from cruddur_tracing.xray_sdk.recorder import frames
from cruddur_tracing.xray_sdk.recorder.frames import Frame

log = logging.getLogger("aws_xray_sdk.core.recorder")

ErrorType = type[BaseException] | None


class SegmentContextManager:
    """A `with` block for a segment."""

    _frame: Frame | None = None

    def __init__(self, recorder: Any, name: str | None = None, **segment_kwargs: Any) -> None:
        self.recorder = recorder
        self.name = name
        self.segment_kwargs = segment_kwargs

    @property
    def segment(self) -> Entity | None:
        """The segment of the block."""
        return self._frame.entity if self._frame is not None else None

    def __enter__(self) -> Any:
        self._frame = self.recorder.push_segment(self.name, **self.segment_kwargs)
        self._frame.managed = True
        return self._frame.entity

    def __exit__(self, exc_type: ErrorType, exc_val: BaseException | None, exc_tb: TracebackType | None) -> None:
        if self._frame is not None:
            _note_error(self._frame.entity, exc_val, exc_tb, self.recorder.max_trace_back)
            frames.pop_segment(self._frame, time_ns())


class SubsegmentContextManager:
    """A `with` block, or a decorator, for a subsegment."""

    _frame: Frame | None = None

    def __init__(self, recorder: Any, name: str | None = None, **subsegment_kwargs: Any) -> None:
        self.recorder = recorder
        self.name = name
        self.subsegment_kwargs = subsegment_kwargs

    @property
    def subsegment(self) -> Entity | None:
        """The subsegment of the block."""
        return self._frame.entity if self._frame is not None else None

    def __call__(self, function: Callable[..., Any]) -> Any:
        """Record each call of a function as a subsegment, by the function's name unless another is given."""
        recorder, given = self.recorder, self.name
        record = "record_subsegment_async" if inspect.iscoroutinefunction(function) else "record_subsegment"

        def call(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            name = given or wrapped.__name__
            return getattr(recorder, record)(wrapped, instance, args, kwargs, name, "local", None)

        return wrapt.FunctionWrapper(function, call)

    def __enter__(self) -> Any:
        self._frame = frame = self.recorder.push_subsegment(self.name, **self.subsegment_kwargs)
        if frame is None:
            return None
        frame.managed = True
        return frame.entity

    def __exit__(self, exc_type: ErrorType, exc_val: BaseException | None, exc_tb: TracebackType | None) -> None:
        if self._frame is not None:
            if exc_val is not None:
                _note_error(self._frame.entity, exc_val, exc_tb, self.recorder.max_trace_back)
            frames.pop(self._frame, time_ns())


class AsyncSegmentContextManager(SegmentContextManager):
    """An `async with` block for a segment."""

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, exc_type: ErrorType, exc_val: BaseException | None, exc_tb: TracebackType | None) -> None:
        self.__exit__(exc_type, exc_val, exc_tb)


class AsyncSubsegmentContextManager(SubsegmentContextManager):
    """An `async with` block, or a decorator, for a subsegment."""

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, exc_type: ErrorType, exc_val: BaseException | None, exc_tb: TracebackType | None) -> None:
        self.__exit__(exc_type, exc_val, exc_tb)


def _note_error(entity: Entity, error: BaseException | None, trace: TracebackType | None, limit: int) -> None:
    """Record what left a block, but for the end of a generator."""
    if error is not None and not isinstance(error, GeneratorExit) and entity.in_progress and entity.sampled:
        entity.add_exception(error, raised_in(trace, limit))


class Call:
    """A call inside a subsegment. `parts` are the function, its instance, and the arguments."""

    __slots__ = ("_frame", "_meta_processor", "_parts", "_recorder")

    def __init__(self, recorder: Any, frame: Frame, parts: tuple[Any, ...], meta_processor: Any) -> None:
        frame.managed = True
        self._recorder = recorder
        self._frame = frame
        self._parts = parts
        self._meta_processor = meta_processor

    def returned(self, value: Any) -> None:
        """End the subsegment of a call that returned."""
        end = time_ns()
        self.describe(value)
        frames.pop(self._frame, end)

    def describe(self, value: Any) -> None:
        """Let the meta processor describe a call that returned."""
        if callable(self._meta_processor):
            self._process(value, None, None)

    def failed(self, error: BaseException) -> None:
        """End the subsegment of a call that raised; what is no `Exception` is not recorded."""
        end = time_ns()
        if isinstance(error, Exception) and self._frame.entity.in_progress and self._frame.entity.sampled:
            stack = stack_of(error, self._recorder.max_trace_back)
            if callable(self._meta_processor):
                self._process(None, error, stack)
            else:
                self._frame.entity.add_exception(error, stack)
        frames.pop(self._frame, end)

    def _process(self, value: Any, error: Exception | None, stack: Any) -> None:
        """Let the meta processor describe the call. What it raises is logged: the call itself has succeeded or not."""
        wrapped, instance, args, kwargs = self._parts
        try:
            self._meta_processor(
                wrapped=wrapped,
                instance=instance,
                args=args,
                kwargs=kwargs,
                return_value=value,
                exception=error,
                subsegment=self._frame.entity,
                stack=stack,
            )
        except Exception as problem:  # noqa: BLE001 - a call must not fail because its description does
            log.warning("%s is described in part: %s: %s", self._frame.entity.name, type(problem).__name__, problem)
