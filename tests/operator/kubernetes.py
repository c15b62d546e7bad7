"""A Kubernetes API in memory, and the operator's parts around it and the in-memory AWS, for tests without a cluster.

`World` is one operator in one region; its `log` has every call to AWS and every write to Kubernetes, in their order.
`VirtualTime` is an event loop that jumps over its waits.
"""

import asyncio
import copy
import selectors
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

from tests.fakes import InMemoryGateway
from xray_operator.events import Events
from xray_operator.kube import Told
from xray_operator.kube_http import KubernetesError
from xray_operator.mirror import Mirror
from xray_operator.model import API_VERSION, GROUP_KIND, RULE_KIND
from xray_operator.pace import TokenBucket
from xray_operator.ports import Kind, Value
from xray_operator.reconciler import Reconciler
from xray_operator.region import Region
from xray_operator.removal import Removal
from xray_operator.report import Report
from xray_operator.resource import BEFORE_ANNOTATION, FINALIZER, Key, Resource, from_body, key_of

START = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Key("rule", "default", "backend")
GROUP = Key("group", "default", "failing")
DEFAULT = Key("rule", "default", "debug")
AWS_WRITES = frozenset({"create", "update", "delete", "tag", "untag"})
KUBERNETES_WRITES = frozenset({"claim", "release", "status"})

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


def rule(name: str = "backend", **spec: Any) -> dict[str, Any]:
    """Give a rule's manifest."""
    return _manifest(RULE_KIND, name, {"priority": 100, "fixedRate": 0.5, "reservoirSize": 1, **spec})


def group(name: str = "failing", **spec: Any) -> dict[str, Any]:
    """Give a group's manifest."""
    return _manifest(GROUP_KIND, name, {"filterExpression": "fault", **spec})


def default_rule_at(rate: float, name: str = "debug", **spec: Any) -> dict[str, Any]:
    """Give a manifest for the Default rule."""
    return _manifest(RULE_KIND, name, {"ruleName": "Default", "fixedRate": rate, "reservoirSize": 1, **spec})


def _manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


class InMemoryKubernetes:
    """`Kubernetes` on bodies by key: with versions, generations and finalizers, and with 404 and 409.

    `failures` are the errors still to come, by call; `watch` hears of every change.
    """

    def __init__(self, calls: list[str] | None = None) -> None:
        self.bodies: dict[Key, dict[str, Any]] = {}
        self.calls: list[str] = [] if calls is None else calls
        self.events: list[str] = []
        self.statuses: list[dict[str, Any]] = []  # each status that was written, whole
        self.terminating: set[str] = set()
        self.failures: dict[str, list[Exception]] = {}
        self.watch: Callable[[str, dict[str, Any]], None] = lambda kind, body: None
        self._version = 0
        self._born = 0

    def apply(self, manifest: Mapping[str, Any], **annotations: str) -> Key:
        """Create an object, or change its spec and annotations, as a person does."""
        key = key_of(manifest)
        body = copy.deepcopy(self.bodies.get(key)) or self._new(manifest)
        if body["spec"] != manifest["spec"]:
            body["spec"] = copy.deepcopy(manifest["spec"])
            body["metadata"]["generation"] += 1
        body["metadata"].setdefault("annotations", {}).update(annotations)
        self._store(key, body)
        return key

    def delete(self, key: Key) -> None:
        """Delete an object: at once, or when its last finalizer is gone."""
        body = copy.deepcopy(self.bodies[key])
        body["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"
        self._store(key, body)

    async def resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """Give the objects in these namespaces, or in all; one label is understood."""
        self._fail("list")
        label, _, value = selector.partition("=")
        return [
            from_body(body)
            for key, body in self.bodies.items()
            if (not namespaces or key.namespace in namespaces)
            and (not label or body["metadata"].get("labels", {}).get(label) == value)
        ]

    async def request_deletion(self, resource: Resource) -> None:
        """Ask for an object's deletion."""
        self.calls.append("request_deletion")
        self.delete(resource.key)

    async def let_go(self, resource: Resource) -> bool:
        """Take our finalizer away, and nothing else; False when the object was changed."""
        try:
            body = self._checked("let_go", resource, version=resource.version)
        except KubernetesError:
            return False
        body["metadata"]["finalizers"] = [one for one in resource.finalizers if one != FINALIZER]
        self._store(resource.key, body)
        return True

    async def is_terminating(self, namespace: str) -> bool:
        """Tell whether a namespace is being deleted."""
        self._fail("terminating")
        return namespace in self.terminating

    async def exists(self, resource: Resource) -> bool:
        """Tell whether an object is there."""
        return bool(self.bodies.get(resource.key, {}).get("metadata", {}).get("uid") == resource.uid)

    async def claim(self, resource: Resource, before: str | None) -> Resource:
        """Store our finalizer, and what was in AWS before."""
        body = self._checked("claim", resource, version=resource.version)
        ours = () if resource.claimed else (FINALIZER,)
        body["metadata"]["finalizers"] = [*resource.finalizers, *ours]
        if before is not None:
            body["metadata"]["annotations"][BEFORE_ANNOTATION] = before
        return resource.patched(self._store(resource.key, body))

    async def release(self, resource: Resource) -> Resource | None:
        """Take our finalizer and annotation away."""
        body = self._checked("release", resource, version=resource.version)
        body["metadata"]["finalizers"] = [one for one in resource.finalizers if one != FINALIZER]
        body["metadata"]["annotations"].pop(BEFORE_ANNOTATION, None)
        stored = self._store(resource.key, body)
        return resource.patched(stored) if resource.key in self.bodies else None

    async def write_status(self, resource: Resource, patch: Mapping[str, Any]) -> Resource:
        """Merge a patch into the status."""
        body = self._checked("status", resource)
        status = {**body.get("status", {}), **copy.deepcopy(dict(patch))}
        body["status"] = {name: value for name, value in status.items() if value is not None}
        self.statuses.append(body["status"])
        return resource.patched(self._store(resource.key, body))

    async def tell(self, resource: Resource, event: Told, now: datetime) -> None:
        """Keep an event as one line."""
        self._fail("event")
        self.events.append(f"{'Warning' if event.warning else 'Normal'} {event.reason}: {event.message}")

    def _new(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        self._born += 1
        body = copy.deepcopy(dict(manifest))
        born = f"{START + timedelta(seconds=self._born):%Y-%m-%dT%H:%M:%SZ}"
        known = {"uid": f"uid-{self._born}", "creationTimestamp": born, "generation": 1, "annotations": {}}
        body["metadata"] = {"namespace": "default", **body["metadata"], **known}
        return body

    def _checked(self, call: str, resource: Resource, version: str | None = None) -> dict[str, Any]:
        self.calls.append(call)
        self._fail(call)
        body = self.bodies.get(resource.key)
        if body is None:
            raise KubernetesError(404, "the Kubernetes API refused: not found")
        if version not in {None, body["metadata"]["resourceVersion"]}:
            raise KubernetesError(409, "the Kubernetes API refused: the object has been modified")
        return copy.deepcopy(body)

    def _fail(self, call: str) -> None:
        if self.failures.get(call):
            raise self.failures[call].pop(0)

    def _store(self, key: Key, body: dict[str, Any]) -> dict[str, Any]:
        if body == self.bodies.get(key):  # nothing changes, so no version is made and no watch tells
            return body
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        if "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers"):
            self.bodies.pop(key, None)
            self.watch("DELETED", body)
        else:
            self.bodies[key] = body
            self.watch("MODIFIED", body)
        return body


def conditions(status: Mapping[str, Any]) -> dict[str, str]:
    """Give a status's conditions by type as `True InSync`, with the message behind if there is one."""
    return {
        one["type"]: " ".join(filter(None, (one["status"], one["reason"], one["message"])))
        for one in status.get("conditions", [])
    }


class World:
    """One operator, without its loop: `look` is one pass over one object; `after` is the one that ran before it."""

    def __init__(
        self, clock: Callable[[], float] | None = None, rule_quota: int = 25, after: "World | None" = None
    ) -> None:
        self.log: list[str] = after.log if after else []
        self.aws: InMemoryGateway = after.aws if after else InMemoryGateway()
        self.cluster: InMemoryKubernetes = after.cluster if after else InMemoryKubernetes(self.log)
        self.aws.calls = self.log
        self.seconds: float = after.seconds if after else 0.0
        sleep = asyncio.sleep if clock else self._sleep
        clock = clock or (lambda: self.seconds)
        self.now: Callable[[], datetime] = lambda: START + timedelta(seconds=clock())
        bucket = TokenBucket(rate=1000, burst=1000, clock=clock)
        self.region = Region(self.aws, interval=60, bucket=bucket, clock=clock, draw=lambda: 1.0)
        self.mirror = Mirror()
        self.events = Events(self.cluster, self.now)
        self.meanwhile: Callable[[], None] = lambda: None  # what happens while the operator waits to look again
        self.quotas: dict[Kind, int] = {"rule": rule_quota, "group": 25}
        self.report = Report(self.region, self.cluster, self.mirror, self.events, quotas=self.quotas, now=self.now)
        self.reconciler = Reconciler(
            self.region,
            self.cluster,
            self.mirror,
            self.report,
            Removal(self.region, cluster_id="local", sleep=sleep),
            quotas=self.quotas,
            now=self.now,
        )

    async def _sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.meanwhile()

    def given(self, value: Value, tags: Mapping[str, str] | None = None) -> str:
        """Put something into AWS that was there before us, and give its ARN."""
        arn = self.aws.create(value, tags or {})
        self.log.clear()
        return arn

    def edit(self, kind: Kind, name: str, **fields: Any) -> None:
        """Change something in AWS by hand; the fields have AWS's names."""
        self.aws.held[kind, name] = self.aws.held[kind, name].updated(fields)

    async def look(self, key: Key = RULE, *, fresh: bool = False) -> bool:
        """Make one pass as the controller does, if asked for on a fresh read of AWS; give whether to try again."""
        if fresh:
            await self.region.refresh()
        self.see()
        await self.region.settle()
        again = await self.reconciler.reconcile(self.mirror.resources[key])
        await self.posted()
        return again

    def see(self) -> None:
        """Take in what the cluster holds."""
        for key in [*self.mirror.resources]:
            if key not in self.cluster.bodies:
                self.mirror.drop(key)
        for key, body in self.cluster.bodies.items():
            self.mirror.put(from_body(body, self.mirror.resources.get(key)))

    async def posted(self) -> None:
        """Post the events that wait."""
        posting = asyncio.create_task(self.events.post())
        await self.events.flush()
        posting.cancel()

    def writes(self, calls: Iterable[str] = AWS_WRITES) -> list[str]:
        """Give the calls that wrote, AWS's unless told otherwise, since this was last asked."""
        found = [one for one in self.log if one in calls]
        self.log.clear()
        return found

    def patches(self) -> list[str]:
        """Give the PATCHes to Kubernetes since this or `writes` was last asked."""
        return self.writes(KUBERNETES_WRITES)

    def status(self, key: Key = RULE) -> dict[str, Any]:
        """Give an object's status as the cluster has it."""
        found: dict[str, Any] = self.cluster.bodies[key].get("status", {})
        return found

    def told(self, key: Key = RULE) -> dict[str, str]:
        """Give an object's conditions as `True InSync`, with the message behind if there is one."""
        return conditions(self.status(key))

    def finalizers(self, key: Key = RULE) -> list[str]:
        """Give an object's finalizers."""
        return list(self.cluster.bodies[key]["metadata"].get("finalizers", []))


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while there is work, here or in a thread, and then jumps to the timer."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._abroad = 0
        super().__init__(_Jumping(self._wait))

    def time(self) -> float:
        """Give the virtual time in seconds."""
        return self._seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Arguments], _Result], *args: *_Arguments
    ) -> asyncio.Future[_Result]:
        """Count what runs in threads."""
        self._abroad += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._back)
        return future

    def _back(self, _: object) -> None:
        self._abroad -= 1

    def _wait(self, timeout: float | None) -> float | None:
        """Give how long to really wait."""
        if timeout is None or self._abroad:
            return None
        self._seconds += timeout
        return 0


class _Jumping(selectors.DefaultSelector):
    def __init__(self, wait: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        return super().select(self._wait(timeout))


def in_virtual_time(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario to its end."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(scenario())
