"""`xray-operator release`: what is needed so that no object waits for an operator that is not there any more.

The chart's hooks call it before and after an uninstall, and people call it when an operator went without them. AWS is
never touched: either a running operator does what a deletion asks for, or AWS keeps what it has, which is told.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from xray_operator.kube_http import KubernetesError
from xray_operator.resource import Resource

POLL_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 3.0  # an operator that is ending may still take an object that was let go
LET_GO_SECONDS = 30.0


class Objects(Protocol):
    """What is asked of Kubernetes. Each raises KubernetesError."""

    async def resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """Give the objects in these namespaces, or in all."""
        ...

    async def request_deletion(self, resource: Resource) -> None:
        """Ask for an object's deletion."""
        ...

    async def let_go(self, resource: Resource) -> bool:
        """Take our finalizer away; False when the object was changed meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Which objects: those in the namespaces, or in all when there are none, that have the labels."""

    namespaces: tuple[str, ...] = ()
    selector: str = ""


class Release:
    """Deletes objects, or lets them go. `tell` takes one line for each object."""

    def __init__(
        self,
        objects: Objects,
        tell: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._objects = objects
        self._tell = tell
        self._clock = clock
        self._sleep = sleep

    async def delete(self, scope: Scope, seconds: float) -> None:
        """Delete the objects and wait until they are gone; let go of those that are not gone after so many seconds."""
        until = self._clock() + seconds
        left = await self._found(scope, until)
        while left and self._clock() < until:
            for one in left:
                if not one.deleting:
                    await self._objects.request_deletion(one)
            before, left = left, await self._found(scope, until)
            gone = {one.key for one in before} - {one.key for one in left}
            for key in sorted(gone):
                self._tell(f"deleted: {key}")
            if left:
                await self._sleep(POLL_SECONDS)
        if left:
            self._tell(f"not done after {seconds:g} s: {len(left)}; expected a running operator that AWS answers")
            await self.let_go(scope, LET_GO_SECONDS)

    async def let_go(self, scope: Scope, seconds: float) -> None:
        """Take our finalizer off the objects and look again, for so many seconds at most; AWS stays as it is."""
        until, told = self._clock() + seconds, set()
        while True:
            claimed = [one for one in await self._found(scope, until) if one.claimed]
            for one in claimed:
                if await self._objects.let_go(one) and one.key not in told:
                    told.add(one.key)
                    self._tell(f"let go: {one.key}; {_left_in_aws(one)}")
            await self._sleep(LOOK_AGAIN_SECONDS)
            again = [one for one in await self._found(scope, until) if one.claimed]
            if not again or self._clock() >= until:
                break
        for one in again:
            self._tell(f"held again: {one.key}; an operator that runs has taken it")

    async def _found(self, scope: Scope, until: float) -> list[Resource]:
        """List the objects; an API server that does not answer is asked again until the time is over."""
        while True:
            try:
                return await self._objects.resources(scope.namespaces, scope.selector)
            except KubernetesError as error:
                if not error.is_passing or self._clock() >= until:
                    raise
            await self._sleep(POLL_SECONDS)


def _left_in_aws(resource: Resource) -> str:
    kind, name = resource.target
    arn = resource.status.get("arn")
    return f"AWS keeps the {kind} {name!r} ({arn})" if arn else f"its status knows no {kind} {name!r} in AWS"
