"""An event loop in virtual time, which jumps over its waits."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose clock stops while there is work, here or in a thread, and then jumps to the next timer."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._in_threads = 0
        super().__init__(_Jumping(self._wait))

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Arguments], _Result], *args: *_Arguments
    ) -> asyncio.Future[_Result]:
        """Count the calls that run in threads."""
        self._in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _: object) -> None:
        self._in_threads -= 1

    def _wait(self, timeout: float | None) -> float | None:
        """Return the real timeout."""
        if timeout is None or self._in_threads:
            return None
        self._seconds += timeout
        return 0


class _Jumping(selectors.DefaultSelector):
    def __init__(self, wait: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        return super().select(self._wait(timeout))


def in_virtual_time(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(scenario())
