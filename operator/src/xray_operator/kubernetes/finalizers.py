"""Removal of our finalizer where no operator will do it. AWS is never written here.

`xray-operator finalizers` uses it around an uninstall, and after an operator was removed in another way; the operator
uses it when its own namespace is deleted. A running operator carries out a requested deletion; otherwise AWS keeps its
objects, and each is reported.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from xray_operator.kubernetes.api import Kubernetes
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.resource import Resource

POLL_SECONDS = 1.0
RECHECK_SECONDS = 3.0  # an operator that is shutting down may claim an object again
REMOVE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Selects objects: by namespaces (none: all of them), a label selector, and their class (None: every class)."""

    namespaces: Collection[str] = ()
    selector: str = ""
    resource_class: str | None = None


async def list_claimed(kubernetes: Kubernetes, scope: Scope) -> list[Resource]:
    """List the objects that have our finalizer."""
    return [resource for resource in await _list(kubernetes, scope) if resource.claimed]


async def _list(kubernetes: Kubernetes, scope: Scope) -> list[Resource]:
    found = await kubernetes.list_resources(scope.namespaces, scope.selector)
    return [resource for resource in found if scope.resource_class in {None, resource.resource_class}]


async def remove_finalizer(kubernetes: Kubernetes, resource: Resource) -> bool:
    """Remove our finalizer and keep AWS's previous value for the next operator; False if the object was changed."""
    try:
        await kubernetes.remove_finalizer(resource, keep_previous=True)
    except KubernetesError as error:
        if error.is_conflict:
            return False
        raise
    return True


class FinalizerRemover:
    """Deletes objects, or removes their finalizers. `report` receives one line for each object."""

    def __init__(
        self,
        kubernetes: Kubernetes,
        report: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._kubernetes = kubernetes
        self._report = report
        self._clock = clock
        self._sleep = sleep

    async def delete(self, scope: Scope, seconds: float) -> None:
        """Delete the objects and wait; remove the finalizers of those that still exist after the timeout."""
        until = self._clock() + seconds
        remaining = await self._list(scope, until)
        while remaining and self._clock() < until:
            for resource in remaining:
                if not resource.deleting:
                    await self._kubernetes.request_deletion(resource)
            before, remaining = remaining, await self._list(scope, until)
            deleted = {resource.key for resource in before} - {resource.key for resource in remaining}
            for key in sorted(deleted):
                self._report(f"deleted: {key}")
            if remaining:
                await self._sleep(POLL_SECONDS)
        if remaining:
            count = len(remaining)
            self._report(
                f"resources not deleted after {seconds:g} s: {count}; expected a running operator with access to AWS"
            )
            await self.remove(scope, REMOVE_SECONDS)

    async def remove(self, scope: Scope, seconds: float) -> None:
        """Remove our finalizer from the objects and check again, until the timeout; AWS is not changed."""
        until, reported = self._clock() + seconds, set()
        while True:
            for resource in await self._list(scope, until):
                if not resource.claimed or not await remove_finalizer(self._kubernetes, resource):
                    continue
                if resource.key not in reported:
                    reported.add(resource.key)
                    self._report(f"finalizer removed: {resource.key}; {_remaining_object(resource)}")
            await self._sleep(RECHECK_SECONDS)
            claimed = [resource for resource in await self._list(scope, until) if resource.claimed]
            if not claimed or self._clock() >= until:
                break
        for resource in claimed:
            self._report(f"claimed again: {resource.key}; a running operator manages it")

    async def _list(self, scope: Scope, until: float) -> list[Resource]:
        """List the objects; retry until the timeout while the API server does not answer."""
        while True:
            try:
                return await _list(self._kubernetes, scope)
            except KubernetesError as error:
                if not error.is_transient or self._clock() >= until:
                    raise
            await self._sleep(POLL_SECONDS)


def _remaining_object(resource: Resource) -> str:
    kind, name = resource.target
    arn = resource.status.get("arn")
    return f"AWS keeps the {kind} {name!r} ({arn})" if arn else f"its status has no ARN of a {kind} {name!r}"
