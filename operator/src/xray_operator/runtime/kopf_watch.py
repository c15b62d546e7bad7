"""kopf's watches: their events go to the controller.

Only `on.event` is used: it stores nothing in the objects, so a restart writes nothing, and kopf adds neither progress
annotations nor finalizers. kopf lists, watches, reconnects and lists again.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, cast

import kopf

from xray_operator.controller.controller import Controller
from xray_operator.kubernetes.crds import VERSION
from xray_operator.kubernetes.resource import class_of
from xray_operator.manifests.kinds import KINDS
from xray_operator.manifests.manifest import API_GROUP

WATCHER_TASK = "watcher for "  # the task names of kopf 1.45's watches
# kopf would look up the user's name, which the numeric user of a pod does not have.
IDENTITY: Any = "xray-operator"


def registry(
    controller: Controller, credentials: Callable[[], kopf.ConnectionInfo], resource_class: str = ""
) -> kopf.OperatorRegistry:
    """Return kopf's registry with our handlers, for the objects of one class: it never changes in an object."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    def login(**_: Any) -> kopf.ConnectionInfo:
        return credentials()

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
    result.persistence.consistency_timeout = 0
    result.persistence.diffbase_storage = _NoDiffBase()
    return result


def watches_alive(namespaces: Collection[str]) -> bool:
    """Return whether kopf has a running watch for each kind and namespace: it does not notice one that ended."""
    expected = len(KINDS) * max(1, len(namespaces))
    return sum(task.get_name().startswith(WATCHER_TASK) for task in asyncio.all_tasks() if not task.done()) >= expected


async def run(handlers: kopf.OperatorRegistry, namespaces: Collection[str]) -> None:
    """Run kopf until a signal; errors of its root tasks are raised."""
    await kopf.operator(
        registry=handlers,
        settings=settings(),
        identity=IDENTITY,
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
    )
