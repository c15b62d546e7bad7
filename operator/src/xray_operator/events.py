"""Events on transitions, posted in the background: bounded, and never a reason for a pass to wait or to fail."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from xray_operator.kube import Kubernetes, Told
from xray_operator.kube_http import KubernetesError
from xray_operator.resource import Resource

logger = logging.getLogger("xray_operator")
WAITING_MAX = 200  # more at once is an outage that the conditions tell of


class Events:
    """Takes events from the reconciler and posts them one after another."""

    def __init__(self, kubernetes: Kubernetes, now: Callable[[], datetime]) -> None:
        self._kubernetes = kubernetes
        self._now = now
        self._waiting: asyncio.Queue[tuple[Resource, Told]] = asyncio.Queue(WAITING_MAX)

    def tell(self, resource: Resource, event: Told) -> None:
        """Take an event; one too many is dropped."""
        try:
            self._waiting.put_nowait((resource, event))
        except asyncio.QueueFull:
            logger.debug("event.dropped", extra={"object": str(resource.key), "reason": event.reason})

    async def post(self) -> None:
        """Post what comes, for ever."""
        while True:
            resource, event = await self._waiting.get()
            try:
                await self._kubernetes.tell(resource, event, self._now())
            except KubernetesError as error:
                logger.debug("event.refused", extra={"object": str(resource.key), "error": str(error)})
            finally:
                self._waiting.task_done()

    async def flush(self) -> None:
        """Wait until all that was taken has been posted."""
        await self._waiting.join()
