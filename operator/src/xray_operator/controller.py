"""The operator's loop: objects come in from the watch, their keys go through a queue, workers reconcile them.

A timer reads AWS at each interval and has every object looked at against it. Called by `handlers`; what is done to one
object stands in `reconciler`.
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

from xray_operator import pace
from xray_operator.events import Events
from xray_operator.kube_http import KubernetesError
from xray_operator.mirror import Mirror, VanishedError
from xray_operator.ports import Target
from xray_operator.reconciler import Reconciler
from xray_operator.region import Region
from xray_operator.resource import Key, Resource, from_body, key_of
from xray_operator.workqueue import WorkQueue

logger = logging.getLogger("xray_operator")
WORKERS = 16
SETTLE_SECONDS = 1.0  # after a change in AWS, until what other objects tell of it (lint, quota) is brought up to date
DRAIN_SECONDS = 5.0


class Controller:
    """Feeds the reconciler; `start` and `stop` belong to one event loop."""

    def __init__(
        self,
        region: Region,
        mirror: Mirror,
        reconciler: Reconciler,
        events: Events,
        *,
        interval: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._region = region
        self._mirror = mirror
        self._reconciler = reconciler
        self._events = events
        self._interval = interval
        self._now = now
        self._draw = draw
        self._queue: WorkQueue[Key] = WorkQueue()
        self._locks: WeakValueDictionary[Target, asyncio.Lock] = WeakValueDictionary()
        self._failures: Counter[Key] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._changes_told = 0
        self._settling: asyncio.TimerHandle | None = None

    def seen(self, body: Mapping[str, Any]) -> None:
        """Take in an object that was added, changed, or listed again."""
        resource = from_body(body, self._mirror.resources.get(key_of(body)))
        if self._mirror.put(resource):
            self._queue.add(resource.key)

    def gone(self, body: Mapping[str, Any]) -> None:
        """Take in that an object does not exist any more; another one of its name may be there by now."""
        now = self._mirror.resources.get(key_of(body))
        if now is not None and now.uid == body["metadata"]["uid"]:
            self._vanished(now.key)

    def start(self) -> None:
        """Start the timer and the workers, in the running loop."""
        self._tasks = [asyncio.create_task(self._timer(), name="timer")]
        self._tasks.append(asyncio.create_task(self._events.post(), name="events"))
        self._tasks += [asyncio.create_task(self._work(), name=f"worker {number}") for number in range(WORKERS)]

    async def stop(self) -> None:
        """Take nothing new, finish within limits what is being worked on."""
        if not self._tasks:
            return
        timer, events, *workers = self._tasks
        timer.cancel()
        self._queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await asyncio.wait(workers)
                await self._events.flush()
        for one in (events, *workers):
            one.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_alive(self) -> bool:
        """Tell whether every task of ours still runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def _timer(self) -> None:
        while True:
            await self._region.refresh()
            self._look_at_all()
            if self._region.error is None:
                await asyncio.sleep(self._interval * (0.95 + 0.1 * self._draw()))
            else:
                logger.warning("aws.unreadable", extra={"reason": self._region.error.reason.value})
                await asyncio.sleep(max(self._region.retry_in, pace.LEAST_SECONDS))

    def _look_at_all(self) -> None:
        self._settling = None
        self._changes_told = self._region.changes
        for key in self._mirror.resources:
            self._queue.add(key)

    async def _work(self) -> None:
        while (key := await self._queue.get()) is not None:
            again = True
            try:
                again = await self._reconcile(key)
            except KubernetesError as error:
                again = self._refused(key, error)
            except VanishedError:
                again = self._vanished(key)
            except Exception:
                logger.exception("reconcile.failed", extra={"object": str(key)})
            finally:
                self._queue.done(key)
            self._schedule(key, again=again)

    async def _reconcile(self, key: Key) -> bool:
        resource = self._mirror.resources.get(key)
        if resource is None or _is_let_go(resource):
            return False
        region = self._region
        await (region.refresh() if _asks_now(resource) else region.settle())
        lock = self._locks.setdefault(resource.target, asyncio.Lock())
        async with lock:
            resource = self._mirror.resources.get(key, resource)
            again = await self._reconciler.reconcile(resource)
        if self._has_changed(resource):  # a PATCH's answer has told of it, so that the watch's word is no news
            self._queue.add(key)
        if region.changes != self._changes_told and self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._look_at_all)
        return again

    def _has_changed(self, resource: Resource) -> bool:
        now = self._mirror.resources.get(resource.key, resource)
        return (now.generation, now.deleting, now.token) != (resource.generation, resource.deleting, resource.token)

    def _refused(self, key: Key, error: KubernetesError) -> bool:
        """Tell whether to try again what the Kubernetes API did not take."""
        if error.is_gone:
            return self._vanished(key)
        if not error.is_conflict:
            logger.warning("kubernetes.refused", extra={"object": str(key), "error": str(error)})
        return True

    def _schedule(self, key: Key, *, again: bool) -> None:
        resource = self._mirror.resources.get(key)
        if resource is None:
            return
        if _is_let_go(resource):
            self._forget(key)
            return
        if again:
            self._failures[key] += 1
            wait = pace.backoff(self._failures[key], interval=self._interval, draw=self._draw)
            self._queue.add_after(key, max(wait, self._region.retry_in))
            return
        self._failures.pop(key, None)
        expires = resource.manifest.expires if resource.manifest else None
        if expires is not None and expires > self._now():
            self._queue.add_after(key, (expires - self._now()).total_seconds())

    def _vanished(self, key: Key) -> bool:
        """Take in that an object is gone; True when we had claimed it, so that it is let go in AWS all the same.

        The API server can delete an object to which we add our finalizer just then: it looks for finalizers first.
        """
        if self._mirror.vanished(key) is None:
            self._forget(key)
            return False
        self._queue.add(key)
        return True

    def _forget(self, key: Key) -> None:
        self._failures.pop(key, None)
        self._queue.forget(key)
        for rival in self._mirror.drop(key):
            self._queue.add(rival)


def _is_let_go(resource: Resource) -> bool:
    return resource.deleting and not resource.claimed


def _asks_now(resource: Resource) -> bool:
    return resource.token is not None and resource.token != resource.status.get("lastHandledReconcileAt")
