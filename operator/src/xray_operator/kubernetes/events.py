"""Events about our objects, created in the background.

The queue is bounded, and no pass waits for an event or fails because of one.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xray_operator.kubernetes.api import COMPONENT, Kubernetes
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.resource import Resource
from xray_operator.manifests.kinds import KINDS
from xray_operator.manifests.manifest import API_VERSION

logger = logging.getLogger("xray_operator")
MESSAGE_MAX = 1024  # the API server's limit
QUEUE_MAX = 200  # more pending events are an outage that the conditions report


@dataclass(frozen=True, slots=True)
class Event:
    """An event for `kubectl describe`: a reason of one word, and a message."""

    reason: str
    message: str
    warning: bool = False

    def body(self, resource: Resource, now: datetime) -> dict[str, Any]:
        """Return the event as a Kubernetes object; the API server generates its name."""
        time = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        key = resource.key
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{key.name[:200]}.", "namespace": key.namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": KINDS[key.kind].name,
                "namespace": key.namespace,
                "name": key.name,
                "uid": resource.uid,
                "resourceVersion": resource.version,
            },
            "reason": self.reason,
            "message": self.message[:MESSAGE_MAX],
            "type": "Warning" if self.warning else "Normal",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        }


class EventRecorder:
    """Queues events and creates them one after another."""

    def __init__(self, kubernetes: Kubernetes, now: Callable[[], datetime]) -> None:
        self._kubernetes = kubernetes
        self._now = now
        self._queue: asyncio.Queue[tuple[Resource, Event]] = asyncio.Queue(QUEUE_MAX)

    def record(self, resource: Resource, event: Event) -> None:
        """Queue an event; it is dropped if the queue is full."""
        try:
            self._queue.put_nowait((resource, event))
        except asyncio.QueueFull:
            logger.debug("event.dropped", extra={"object": str(resource.key), "reason": event.reason})

    async def run(self) -> None:
        """Create the queued events until cancelled."""
        while True:
            resource, event = await self._queue.get()
            try:
                await self._kubernetes.create_event(resource.key.namespace, event.body(resource, self._now()))
            except KubernetesError as error:
                logger.debug("event.refused", extra={"object": str(resource.key), "error": str(error)})
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Wait until all queued events have been created."""
        await self._queue.join()
