"""kopf's handlers: the watch's events go to the controller, which starts and stops with kopf.

Only `on.event` is used: it stores nothing in the objects, so a restart writes nothing, and neither progress annotations
nor finalizers of kopf's own appear. kopf lists, watches, reconnects and relists.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, cast

import kopf

from xray_operator.controller import Controller
from xray_operator.crd import GROUP_NAME, KINDS, VERSION

WATCHER_TASK = "watcher for "  # how kopf 1.45 names the tasks of its watches
EXIT_SECONDS = 10.0
# kopf would ask for the user's name, which the number that a pod runs under does not have.
IDENTITY: Any = "xray-operator"


def registry(controller: Controller, credentials: Callable[[], kopf.ConnectionInfo]) -> kopf.OperatorRegistry:
    """Give kopf's registry with our handlers."""
    ours = kopf.OperatorRegistry()

    @kopf.on.login(registry=ours)
    def login(**_: Any) -> kopf.ConnectionInfo:
        return credentials()

    @kopf.on.startup(registry=ours)
    async def start(**_: Any) -> None:
        controller.start()

    @kopf.on.cleanup(registry=ours)
    async def stop(**_: Any) -> None:
        await controller.stop()

    async def seen(type: str | None, body: kopf.Body, **_: Any) -> None:  # noqa: A002 (kopf's name)
        if type == "DELETED":
            controller.gone(body)
        else:
            controller.seen(body)

    for kind in KINDS:
        kopf.on.event(GROUP_NAME, VERSION, kind.plural, registry=ours)(seen)
    return ours


class _NoDifferences(kopf.DiffBaseStorage):
    """Keeps nothing: only handlers of changes need differences, and for them kopf would copy each object twice."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:  # noqa: ARG002 (kopf's names)
        return cast(kopf.BodyEssence, {})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Store nothing."""


def settings(exit_seconds: float = EXIT_SECONDS) -> kopf.OperatorSettings:
    """Give kopf's settings: no events, no peering, no look at CRDs and namespaces, for which we have no permission.

    kopf kills the process so many seconds after it was told to stop.
    """
    ours = kopf.OperatorSettings()
    ours.posting.enabled = False
    ours.scanning.disabled = True
    ours.process.ultimate_exiting_timeout = exit_seconds
    ours.queueing.idle_timeout = 1.0  # a worker task per object lives on for so long; nothing waits for it
    ours.persistence.consistency_timeout = 0
    ours.persistence.diffbase_storage = _NoDifferences()
    return ours


def watches_alive(namespaces: Collection[str]) -> bool:
    """Tell whether kopf still has a watch for each kind and namespace: it does not notice one that ended."""
    expected = len(KINDS) * max(1, len(namespaces))
    return sum(task.get_name().startswith(WATCHER_TASK) for task in asyncio.all_tasks() if not task.done()) >= expected


async def run(ours: kopf.OperatorRegistry, namespaces: Collection[str], exit_seconds: float) -> None:
    """Run kopf until it is told to stop; what goes wrong in one of its root tasks is raised."""
    await kopf.operator(
        registry=ours,
        settings=settings(exit_seconds),
        identity=IDENTITY,
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
    )
