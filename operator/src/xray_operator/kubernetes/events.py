"""Events about our objects, created in the background, and limited as client-go limits them.

The queue is bounded, and no pass waits for an event or fails because of one. Each object may have BURST events of one
reason at once, and then one in REFILL_SECONDS; its `count` includes those that were left out in between.
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
BURST = 10
REFILL_SECONDS = 300.0
SERIES_MAX = 1000  # reasons of objects that are remembered
QUEUE_MAX = 200  # more pending events are an outage that the conditions report


@dataclass(frozen=True, slots=True)
class Event:
    """An event for `kubectl describe`: a reason of one word, and a message."""

    reason: str
    message: str
    warning: bool = False

    def body(self, resource: Resource, now: datetime, count: int = 1) -> dict[str, Any]:
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
            "count": count,
        }


class _Series:
    """The events of one reason about one object: a token bucket, and the number left out."""

    def __init__(self, now: datetime) -> None:
        self._tokens = float(BURST)
        self._filled = now
        self._left_out = 0

    def take(self, now: datetime) -> int:
        """Return the count of the next event: zero if it is left out, more than one after others were."""
        self._tokens = min(BURST, self._tokens + (now - self._filled).total_seconds() / REFILL_SECONDS)
        self._filled = now
        if self._tokens < 1:
            self._left_out += 1
            return 0
        self._tokens -= 1
        count, self._left_out = self._left_out + 1, 0
        return count


class EventRecorder:
    """Queues events and creates them one after another."""

    def __init__(self, kubernetes: Kubernetes, now: Callable[[], datetime]) -> None:
        self._kubernetes = kubernetes
        self._now = now
        self._queue: asyncio.Queue[tuple[Resource, Event, int]] = asyncio.Queue(QUEUE_MAX)
        self._series: dict[tuple[str, str], _Series] = {}

    def record(self, resource: Resource, event: Event) -> None:
        """Queue an event; it is left out if there were too many of its reason, and dropped if the queue is full."""
        now, key = self._now(), (resource.uid, event.reason)
        series = self._series.pop(key, None) or _Series(now)
        self._series[key] = series  # the latest is the last
        if len(self._series) > SERIES_MAX:
            del self._series[next(iter(self._series))]
        count = series.take(now)
        if not count:
            return
        try:
            self._queue.put_nowait((resource, event, count))
        except asyncio.QueueFull:
            logger.debug("event.dropped", extra={"object": str(resource.key), "reason": event.reason})

    async def run(self) -> None:
        """Create the queued events until cancelled."""
        while True:
            resource, event, count = await self._queue.get()
            try:
                await self._kubernetes.create_event(resource.key.namespace, event.body(resource, self._now(), count))
            except KubernetesError as error:
                logger.debug("event.refused", extra={"object": str(resource.key), "error": str(error)})
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Wait until all queued events have been created."""
        await self._queue.join()
