"""The recorder as the SDK's extensions see it: each outgoing call is recorded once, whoever has patched its library.

An extension looks the recorder up at each call, by the name `xray_recorder` in its own module. There it finds a guard,
which passes through what OpenTelemetry's instrumentation of the same library records, and what is part of another
recorded call.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from opentelemetry import context, trace
from opentelemetry.instrumentation.utils import suppress_http_instrumentation

from cruddur_tracing.xray_sdk.entities.dummies import DummySubsegment
from cruddur_tracing.xray_sdk.libraries import Library
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder

_RECORDED_BY: Final = context.create_key("xray-library")


class Guard:
    """The recorder for one library's calls."""

    def __init__(self, recorder: Recorder, library: Library) -> None:
        self._recorder = recorder
        self._library = library

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recorder, name)

    @property
    def passes(self) -> bool:
        """Whether a call is recorded elsewhere, or not at all."""
        if self._library.is_instrumented:
            return True
        return self._library.is_suppressed and context.get_value(_RECORDED_BY) != self._library.name

    def record_subsegment(self, wrapped: Any, instance: Any, args: Any, kwargs: Any, **subsegment: Any) -> Any:
        """Call a function inside a subsegment."""
        if self.passes:
            return wrapped(*args, **kwargs)
        with self._recording():
            return self._recorder.record_subsegment(wrapped, instance, args, kwargs, **subsegment)

    async def record_subsegment_async(
        self, wrapped: Any, instance: Any, args: Any, kwargs: Any, **subsegment: Any
    ) -> Any:
        """Await a coroutine function's result inside a subsegment."""
        if self.passes:
            return await wrapped(*args, **kwargs)
        with self._recording():
            return await self._recorder.record_subsegment_async(wrapped, instance, args, kwargs, **subsegment)

    def in_subsegment(self, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
        """Return a `with` block for a subsegment."""
        return nullcontext() if self.passes else self._recorder.in_subsegment(*args, **kwargs)

    def in_subsegment_async(self, *args: Any, **kwargs: Any) -> Any:
        """Return an `async with` block for a subsegment."""
        return nullcontext() if self.passes else self._recorder.in_subsegment_async(*args, **kwargs)

    def begin_subsegment(self, *args: Any, **kwargs: Any) -> Any:
        """Begin a subsegment."""
        return None if self.passes else self._recorder.begin_subsegment(*args, **kwargs)

    def current_subsegment(self) -> Any:
        """Return the current subsegment."""
        return None if self.passes else self._recorder.current_subsegment()

    def end_subsegment(self, end_time: float | None = None) -> None:
        """End the current subsegment."""
        if not self.passes:
            self._recorder.end_subsegment(end_time)

    @contextmanager
    def _recording(self) -> Iterator[None]:
        """Keep what sends the library's HTTP requests from recording them again."""
        if not self._library.http:
            yield
            return
        token = context.attach(context.set_value(_RECORDED_BY, self._library.name))
        try:
            with suppress_http_instrumentation():
                yield
        finally:
            context.detach(token)


class MongoGuard(Guard):
    """The recorder for pymongo's listener, which expects a subsegment whether there is a segment or not."""

    def begin_subsegment(self, *args: Any, **kwargs: Any) -> Any:
        """Begin a subsegment."""
        return super().begin_subsegment(*args, **kwargs) or self._nothing()

    def current_subsegment(self) -> Any:
        """Return the current subsegment."""
        return super().current_subsegment() or self._nothing()

    def _nothing(self) -> DummySubsegment:
        return DummySubsegment("mongodb", trace.INVALID_SPAN)
