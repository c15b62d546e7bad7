"""kopf's watches: their events go to the controller.

Only `on.event` is used: it stores nothing in the objects, so a restart writes nothing, and kopf adds neither progress
annotations nor finalizers. kopf lists, watches, reconnects, lists again after `410 Gone`, and opens a silent watch
again. Since version 1.45 it ends with the error of a watch that has failed; the supervisor starts it again. The session
and the end are ours, for the reasons in docs/decisions/011-kopf-watches.md.
"""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import kopf

from xray_operator.controller.controller import Controller
from xray_operator.kubernetes.crds import VERSION
from xray_operator.kubernetes.resource import class_of
from xray_operator.manifests.kinds import KINDS
from xray_operator.manifests.manifest import API_GROUP
from xray_operator.runtime.watch_session import WatchSessions

SILENCE_SECONDS = 70.0  # without an event or a bookmark, which the API server sends each minute
WATCH_SECONDS = 120  # of one request, then kopf sends the next one; the API server accepts whole numbers only
STOP_SECONDS, STOP_ATTEMPTS = 1.0, 5
LOGIN_SECONDS = 5.0  # after a failed login, such as by a kubeconfig that is being replaced
# kopf would look up the user's name, which the numeric user of a pod does not have.
IDENTITY: Any = "xray-operator"


def registry(controller: Controller, sessions: WatchSessions, resource_class: str = "") -> kopf.OperatorRegistry:
    """Return kopf's registry with our handlers, for the objects of one class: it never changes in an object."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers, backoff=LOGIN_SECONDS)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return sessions.open()

    async def on_event(type: str | None, body: kopf.Body, **_: Any) -> None:  # noqa: A002 (kopf's name)
        if class_of(body) != resource_class:
            return
        if type == "DELETED":
            controller.object_deleted(body)
        else:
            controller.object_changed(body)

    for info in KINDS.values():
        kopf.on.event(API_GROUP, VERSION, info.plural, registry=handlers)(on_event)
    return handlers


class _NoDiffBase(kopf.DiffBaseStorage):
    """Stores nothing: only change handlers need differences, for which kopf would copy each object twice."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:  # noqa: ARG002 (kopf's names)
        return cast(kopf.BodyEssence, {})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Store nothing."""


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: no events, no peering, and no scan of CRDs and namespaces, which we may not read."""
    result = kopf.OperatorSettings()
    result.posting.enabled = False
    result.scanning.disabled = True
    result.process.ultimate_exiting_timeout = None  # kopf would also kill the process when it only restarts
    result.queueing.idle_timeout = 1.0  # the lifetime of an idle worker task; nothing waits for it
    result.watching.server_timeout = WATCH_SECONDS
    result.watching.inactivity_timeout = SILENCE_SECONDS
    result.persistence.consistency_timeout = 0
    result.persistence.diffbase_storage = _NoDiffBase()
    return result


async def run(handlers: kopf.OperatorRegistry, namespaces: Collection[str]) -> None:
    """Run kopf until a signal; the error of one of its root tasks is raised."""
    earlier = asyncio.all_tasks()
    roots = await kopf.spawn_tasks(
        registry=handlers,
        settings=settings(),
        identity=IDENTITY,
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
    )
    try:
        ended, _ = await asyncio.wait(roots, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        await _stop(roots)
        await _stop(asyncio.all_tasks() - earlier)


async def _stop(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they end; `kopf.run_tasks` cancels once, which a watch without a response can ignore."""
    for _ in range(STOP_ATTEMPTS):
        pending = [task for task in tasks if not task.done()]
        if not pending:
            break
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=STOP_SECONDS)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # it has been read: asyncio logs the others
