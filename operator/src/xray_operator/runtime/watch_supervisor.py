"""Keeps the watches running: kopf ends all of them when one fails, by an error in its stream or a lost Role.

They start again after a back-off, which lists all objects again. A namespace in which the operator has no permission is
left out and checked again regularly, so that the loss of one namespace does not affect the others.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

from xray_operator.aws.rate_limit import backoff
from xray_operator.runtime.signals import wait_for_signal

logger = logging.getLogger("xray_operator")
CHECK_SECONDS = 15.0  # between two checks of the namespaces that are left out
STABLE_SECONDS = 60.0  # after this time, a failure is the first again
BACKOFF_SECONDS = 15.0


class WatchSupervisor:
    """Runs `watch(namespaces)`, which returns at a signal; it is cancelled to watch other namespaces.

    `may_watch` returns whether the operator has its permissions in a namespace. No namespaces means the whole cluster.
    """

    def __init__(
        self,
        watch: Callable[[Collection[str]], Coroutine[Any, Any, None]],
        may_watch: Callable[[str], Awaitable[bool]],
        namespaces: Collection[str],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._watch = watch
        self._may_watch = may_watch
        self._namespaces = tuple(namespaces)
        self._draw = draw
        self._started = 0.0
        self.forbidden: tuple[str, ...] = ()

    @property
    def watched(self) -> tuple[str, ...]:
        """The namespaces that are watched."""
        return tuple(name for name in self._namespaces if name not in self.forbidden)

    @property
    def age(self) -> float:
        """The seconds since the watches were last started."""
        return time.monotonic() - self._started

    async def run(self) -> None:
        """Watch until a signal."""
        failures = 0
        while True:
            self._set_forbidden([name for name in self._namespaces if not await self._may_watch(name)])
            if await self._run_once():
                return
            failures = 1 if self.age > STABLE_SECONDS else failures + 1
            if await wait_for_signal(backoff(failures, interval=BACKOFF_SECONDS, draw=self._draw)):
                return

    async def _run_once(self) -> bool:
        """Watch what may be watched, and return whether a signal has ended it."""
        self._started = time.monotonic()
        if self._namespaces and not self.watched:
            return await wait_for_signal(CHECK_SECONDS)
        check = asyncio.create_task(self._wait_for_permission(), name="namespace check")
        watches = asyncio.create_task(self._watch(self.watched), name="watches")
        try:
            await asyncio.wait({check, watches}, return_when=asyncio.FIRST_COMPLETED)
            if not watches.done():
                return False
            await watches
        except Exception as error:  # noqa: BLE001 (kopf raises any; all of them are logged, and end nothing)
            logger.warning("watch.failed", extra={"error": _describe(error)})
            return False
        finally:
            check.cancel()
            watches.cancel()
            await asyncio.wait({check, watches})
        return True

    async def _wait_for_permission(self) -> None:
        """Wait until the operator has its permissions in a namespace that is left out."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for name in self.forbidden:
                if await self._may_watch(name):
                    return

    def _set_forbidden(self, names: Collection[str]) -> None:
        for name in names:
            if name not in self.forbidden:
                logger.warning("namespace.forbidden", extra={"namespace": name})
        for name in self.forbidden:
            if name not in names:
                logger.info("namespace.permitted", extra={"namespace": name})
        self.forbidden = tuple(names)


def _describe(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]
