"""A response's body that is made while it is sent."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opentelemetry import context

from cruddur_tracing.request.handling import CURRENT, Handling


class Body:
    """A streamed body: each part is made in the request's context, and the span ends with it."""

    def __init__(self, parts: Iterable[bytes], handling: Handling) -> None:
        self._parts = parts
        self._iterator: Iterator[bytes] | None = None
        self._handling = handling
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next part."""
        part: bytes = within(self._handling, self._next)
        return part

    def close(self) -> None:
        """Close the app's body and end the span; a second call does nothing."""
        close = getattr(self._parts, "close", None)
        try:
            if close is not None:
                within(self._handling, close)
        finally:
            self._end()

    def __del__(self) -> None:
        """End the span of a body that was not closed."""
        self._end()

    def _next(self) -> bytes:
        if self._iterator is None:
            self._iterator = iter(self._parts)
        return next(self._iterator)

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._handling.finish()


def within(handling: Handling, call: Callable[[], Any]) -> Any:
    """Return what `call` returns in the context of a request, whose error is what it raises."""
    outer = CURRENT.set(handling)
    token = context.attach(handling.context)
    try:
        return call()
    except StopIteration:
        raise
    except BaseException as error:
        handling.error = handling.error or error
        raise
    finally:
        context.detach(token)
        CURRENT.reset(outer)
