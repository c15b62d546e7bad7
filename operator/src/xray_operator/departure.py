"""The operator's last act when its own namespace is being deleted: nobody comes after it, so nothing may wait for it.

Kubernetes ends the pods of a namespace before it deletes what else is in there. So at SIGTERM the operator finds out,
does what the deletion of its namespace's objects asks for, and takes its finalizer off all others, which AWS keeps.
Called by `run` when the controller has stopped.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from xray_operator.kube_http import KubernetesError
from xray_operator.mirror import Mirror, VanishedError
from xray_operator.reconciler import Reconciler
from xray_operator.region import Region
from xray_operator.resource import Resource

logger = logging.getLogger("xray_operator")
CHECK_SECONDS = 3.0
LET_GO_SECONDS = 4.0
AGAIN_SECONDS = 0.5


class Leaving(Protocol):
    """What is asked of Kubernetes. Each raises KubernetesError."""

    async def is_terminating(self, namespace: str) -> bool:
        """Tell whether a namespace is being deleted."""
        ...

    async def resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """Give the objects in these namespaces, or in all."""
        ...

    async def let_go(self, resource: Resource) -> bool:
        """Take our finalizer away; False when the object was changed meanwhile."""
        ...


class Departure:
    """Leaves for good, or does nothing. `seconds` are for AWS; what is not done by then AWS keeps."""

    def __init__(
        self,
        kubernetes: Leaving,
        mirror: Mirror,
        reconciler: Reconciler,
        region: Region,
        *,
        home: str,
        namespaces: Collection[str],
        seconds: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._mirror = mirror
        self._reconciler = reconciler
        self._region = region
        self._home = home
        self._namespaces = namespaces
        self._seconds = seconds

    async def leave(self) -> None:
        """Leave for good if the own namespace is being deleted; within a bounded time, whatever does not answer."""
        if not await self._is_final():
            return
        logger.warning("departure.begun", extra={"namespace": self._home})
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._carry_out_deletions()
            async with asyncio.timeout(LET_GO_SECONDS):
                await self._let_go_of_all()
        except (KubernetesError, TimeoutError) as error:
            logger.error("departure.failed", extra={"error": str(error) or type(error).__name__})  # noqa: TRY400

    async def _is_final(self) -> bool:
        if not self._home or (self._namespaces and self._home not in self._namespaces):
            return False  # there it has no rights, so it cannot find out
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._kubernetes.is_terminating(self._home)
        except (KubernetesError, TimeoutError) as error:
            logger.info("departure.unknown", extra={"error": str(error) or type(error).__name__})
            return False

    async def _carry_out_deletions(self) -> None:
        """Delete in AWS what the policies of those objects ask for whose end has come, until none is left."""
        while ending := [one for one in await self._claimed() if one.deleting or one.key.namespace == self._home]:
            await self._region.refresh()
            await asyncio.gather(*map(self._end, ending))
            await asyncio.sleep(AGAIN_SECONDS)

    async def _end(self, resource: Resource) -> None:
        self._mirror.put(resource)
        with suppress(VanishedError, KubernetesError):  # the next look tells what is left
            await self._reconciler.reconcile(replace(resource, deleting=True))

    async def _claimed(self) -> list[Resource]:
        while True:
            try:
                return [one for one in await self._kubernetes.resources(self._namespaces) if one.claimed]
            except KubernetesError as error:
                if not error.is_passing:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)

    async def _let_go_of_all(self) -> None:
        while claimed := await self._claimed():
            await asyncio.gather(*map(self._let_go, claimed))

    async def _let_go(self, resource: Resource) -> None:
        if await self._kubernetes.let_go(resource):
            kind, name = resource.target
            told = {"object": str(resource.key), "kind": kind, "name_in_aws": name, "arn": resource.status.get("arn")}
            logger.warning("departure.let_go", extra=told)
