"""The operator's loop: the watch reports objects, their keys go through a queue, and workers reconcile them.

A timer reads AWS at each interval and queues every object.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from xray_operator.aws import rate_limit
from xray_operator.aws.objects import Target
from xray_operator.aws.state import AwsState
from xray_operator.controller.reconciler import Reconciler
from xray_operator.controller.work_queue import WorkQueue
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.events import EventRecorder
from xray_operator.kubernetes.resource import Key, Resource, from_body, key_of
from xray_operator.kubernetes.resource_cache import ResourceCache, ResourceDeletedError

logger = logging.getLogger("xray_operator")
WORKERS = 16
SETTLE_SECONDS = 1.0  # from a change in AWS until the status of other objects (lint, quota) is updated
DRAIN_SECONDS = 5.0


class Controller:
    """Queues objects for the reconciler; `start` and `stop` belong to one event loop."""

    def __init__(
        self,
        state: AwsState,
        cache: ResourceCache,
        reconciler: Reconciler,
        events: EventRecorder,
        *,
        interval: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._state = state
        self._cache = cache
        self._reconciler = reconciler
        self._events = events
        self._interval = interval
        self._now = now
        self._draw = draw
        self._queue: WorkQueue[Key] = WorkQueue()
        self._locks: WeakValueDictionary[Target, asyncio.Lock] = WeakValueDictionary()
        self._failures: Counter[Key] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._queued_changes = 0  # the AwsState.changes after which all objects were last queued
        self._settling: asyncio.TimerHandle | None = None

    def object_changed(self, body: Mapping[str, Any]) -> None:
        """Handle an object that was added, changed, or listed again."""
        resource = from_body(body, self._cache.resources.get(key_of(body)))
        if self._cache.put(resource):
            self._queue.add(resource.key)
            if resource.deleting:  # another resource may wait for its object
                for rival in self._cache.with_same_target(resource):
                    self._queue.add(rival.key)

    def object_deleted(self, body: Mapping[str, Any]) -> None:
        """Handle a deletion; a new object of the same name may already exist."""
        cached = self._cache.resources.get(key_of(body))
        if cached is not None and cached.uid == body["metadata"]["uid"]:
            self._mark_deleted(cached)

    def start(self) -> None:
        """Start the timer and the workers in the running loop."""
        self._tasks = [asyncio.create_task(self._timer(), name="timer")]
        self._tasks.append(asyncio.create_task(self._events.run(), name="events"))
        self._tasks += [asyncio.create_task(self._work(), name=f"worker {number}") for number in range(WORKERS)]

    async def stop(self) -> None:
        """Finish the passes under way within DRAIN_SECONDS, and start no other."""
        if not self._tasks:
            return
        timer, _, *workers = self._tasks
        timer.cancel()
        self._queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await asyncio.wait(workers)
                await self._events.flush()
        await self.cancel()

    async def cancel(self) -> None:
        """End all tasks without finishing them."""
        self._queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_alive(self) -> bool:
        """Whether every task still runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def _timer(self) -> None:
        while True:
            await self._state.refresh()
            self._queue_all()
            error = self._state.error
            if error is None:
                await asyncio.sleep(self._interval * (0.95 + 0.1 * self._draw()))
            else:
                logger.warning("aws.unreadable", extra={"reason": error.reason.value, "error": error.message})
                await asyncio.sleep(max(self._state.retry_in, rate_limit.MIN_SECONDS))

    def _queue_all(self) -> None:
        self._settling = None
        self._queued_changes = self._state.changes
        for key in self._cache.resources:
            self._queue.add(key)

    async def _work(self) -> None:
        while (key := await self._queue.get()) is not None:
            retry = True
            try:
                retry = await self._reconcile(key)
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
            except Exception as error:
                logger.exception("reconcile.failed", extra={"object": str(key)})
                await self._report(key, error)
            finally:
                self._queue.done(key)
            self._schedule(key, retry=retry)

    async def _report(self, key: Key, error: Exception) -> None:
        """Report an unexpected exception in the status: no object is left without one."""
        with suppress(Exception):  # the pass is retried in any case
            await self._reconciler.report_exception(self._cache.resources[key], error)

    async def _reconcile(self, key: Key) -> bool:
        """Reconcile a key's object after those that it has replaced, and return whether to retry."""
        retry = [await self._delete_replaced(replaced) for replaced in self._cache.replaced(key)]
        resource = self._cache.resources.get(key)
        if resource is None or _is_finished(resource):
            return any(retry)
        await (self._state.refresh() if _requests_read(resource) else self._state.settle())
        async with self._lock(resource):
            resource = self._cache.resources.get(key, resource)
            retry.append(await self._pass(resource))
        if self._has_changed(resource):  # by the response to a PATCH, so that the watch brings nothing new
            self._queue.add(key)
        if self._state.changes != self._queued_changes and self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._queue_all)
        return any(retry)

    async def _delete_replaced(self, replaced: Resource) -> bool:
        """Carry out the deletion policy of an object that another one of its name has replaced; True to retry it."""
        await self._state.settle()
        async with self._lock(replaced):
            retry = await self._reconciler.reconcile(replaced)
        if not retry:
            for rival in self._cache.with_same_target(replaced):
                self._queue.add(rival.key)
        return retry

    def _lock(self, resource: Resource) -> asyncio.Lock:
        """Return the lock of an object in AWS: one pass at a time writes it."""
        return self._locks.setdefault(resource.target, asyncio.Lock())

    async def _pass(self, resource: Resource) -> bool:
        """Make one pass and return whether to retry it."""
        try:
            return await self._reconciler.reconcile(resource)
        except ResourceDeletedError:
            return self._mark_deleted(resource)
        except KubernetesError as error:
            if error.is_not_found:
                return self._mark_deleted(resource)
            if not error.is_conflict:
                logger.warning("kubernetes.refused", extra={"object": str(resource.key), "error": str(error)})
            return True

    def _has_changed(self, resource: Resource) -> bool:
        cached = self._cache.resources.get(resource.key, resource)
        return (cached.generation, cached.deleting, cached.token) != (
            resource.generation,
            resource.deleting,
            resource.token,
        )

    def _schedule(self, key: Key, *, retry: bool) -> None:
        resource = self._cache.resources.get(key)
        if resource is None and not self._cache.replaced(key):
            return
        if resource is not None and _is_finished(resource):
            self._forget(key)
            return
        if retry:
            self._failures[key] += 1
            wait = rate_limit.backoff(self._failures[key], interval=self._interval, draw=self._draw)
            self._queue.add_after(key, max(wait, self._state.retry_in))
            return
        self._failures.pop(key, None)
        expires = resource.manifest.expires if resource and resource.manifest else None
        if expires is not None and expires > self._now():
            self._queue.add_after(key, (expires - self._now()).total_seconds())

    def _mark_deleted(self, resource: Resource) -> bool:
        """Handle a deletion; True if another pass is needed.

        A claimed object leaves its object in AWS, which must be deleted, too: the API server can delete an object while
        our finalizer is added, since it checks for finalizers first. Another object of the same name may exist already.
        """
        cached = self._cache.resources.get(resource.key)
        if cached is not None and cached.uid != resource.uid:
            return True
        if self._cache.mark_deleted(resource.key) is None:
            self._forget(resource.key)
            return False
        self._queue.add(resource.key)
        return True

    def _forget(self, key: Key) -> None:
        self._failures.pop(key, None)
        self._queue.forget(key)
        if self._cache.replaced(key):
            self._queue.add(key)
        for rival in self._cache.drop(key):
            self._queue.add(rival)


def _is_cancelled() -> bool:
    """Return whether this task is cancelled, and not one that it awaits: kopf cancels all newer tasks when it ends."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_finished(resource: Resource) -> bool:
    return resource.deleting and not resource.claimed


def _requests_read(resource: Resource) -> bool:
    return resource.token is not None and resource.token != resource.status.get("lastHandledReconcileAt")
