"""The operator's shutdown while its own namespace is deleted: no operator follows, so nothing may wait for one.

Kubernetes stops the pods of a namespace before it deletes the other objects. So at SIGTERM the operator checks its
namespace, carries out the deletions of the objects in it, and removes its finalizer from all others, which AWS keeps.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from xray_operator.aws.state import AwsState
from xray_operator.controller.reconciler import Reconciler
from xray_operator.kubernetes import finalizers
from xray_operator.kubernetes.api import Kubernetes
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.finalizers import Scope
from xray_operator.kubernetes.resource import Resource
from xray_operator.kubernetes.resource_cache import ResourceCache, ResourceDeletedError

logger = logging.getLogger("xray_operator")
CHECK_SECONDS = 3.0
REMOVE_SECONDS = 4.0
RETRY_SECONDS = 0.5


class NamespaceShutdown:
    """Ends the operator permanently, or does nothing.

    `scope` selects its resources, and `seconds` is the time for AWS, which keeps what is not deleted.
    """

    def __init__(
        self,
        kubernetes: Kubernetes,
        cache: ResourceCache,
        reconciler: Reconciler,
        state: AwsState,
        *,
        namespace: str,
        scope: Scope,
        seconds: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._cache = cache
        self._reconciler = reconciler
        self._state = state
        self._namespace = namespace
        self._scope = scope
        self._seconds = seconds

    async def run(self) -> None:
        """Shut down permanently if the operator's namespace is being deleted; bounded in time in any case."""
        if not await self._is_terminating():
            return
        logger.warning("shutdown.started", extra={"namespace": self._namespace})
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._carry_out_deletions()
            async with asyncio.timeout(REMOVE_SECONDS):
                await self._remove_finalizers()
        except (KubernetesError, TimeoutError) as error:
            logger.error("shutdown.failed", extra={"error": str(error) or type(error).__name__})  # noqa: TRY400

    async def _is_terminating(self) -> bool:
        if not self._namespace or (self._scope.namespaces and self._namespace not in self._scope.namespaces):
            return False  # the operator has no permissions there
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._kubernetes.is_terminating(self._namespace)
        except (KubernetesError, TimeoutError) as error:
            logger.info("shutdown.unknown", extra={"error": str(error) or type(error).__name__})
            return False

    async def _carry_out_deletions(self) -> None:
        """Carry out the policies of objects that are, or are about to be, deleted, until none has our finalizer."""
        while ending := [
            resource
            for resource in await self._claimed()
            if resource.deleting or resource.key.namespace == self._namespace
        ]:
            await self._state.refresh()
            await asyncio.gather(*map(self._delete, ending))
            await asyncio.sleep(RETRY_SECONDS)

    async def _delete(self, resource: Resource) -> None:
        self._cache.put(resource)
        with suppress(ResourceDeletedError, KubernetesError):  # the next list has what remains
            await self._reconciler.reconcile(replace(resource, deleting=True))

    async def _remove_finalizers(self) -> None:
        while claimed := await self._claimed():
            await asyncio.gather(*map(self._remove_finalizer, claimed))

    async def _remove_finalizer(self, resource: Resource) -> None:
        if await finalizers.remove_finalizer(self._kubernetes, resource):
            kind, name = resource.target
            extra = {"object": str(resource.key), "kind": kind, "aws_name": name, "arn": resource.status.get("arn")}
            logger.warning("finalizer.removed", extra=extra)

    async def _claimed(self) -> list[Resource]:
        while True:
            try:
                return await finalizers.list_claimed(self._kubernetes, self._scope)
            except KubernetesError as error:
                if not error.is_transient:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
