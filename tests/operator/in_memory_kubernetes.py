"""An in-memory Kubernetes API, and manifests for it."""

import copy
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.resource import FINALIZER, PREVIOUS_ANNOTATION, Key, Resource, from_body, key_of
from xray_operator.manifests.manifest import API_VERSION

START = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Key("rule", "default", "backend")
GROUP = Key("group", "default", "failing")
DEFAULT = Key("rule", "default", "debug")


def rule(name: str = "backend", **spec: Any) -> dict[str, Any]:
    """Return a rule's manifest."""
    return _manifest("XRaySamplingRule", name, {"priority": 100, "fixedRate": 0.5, "reservoirSize": 1, **spec})


def group(name: str = "failing", **spec: Any) -> dict[str, Any]:
    """Return a group's manifest."""
    return _manifest("XRayGroup", name, {"filterExpression": "fault", **spec})


def default_rule_at(rate: float, name: str = "debug", **spec: Any) -> dict[str, Any]:
    """Return a manifest of the Default rule."""
    return _manifest("XRaySamplingRule", name, {"ruleName": "Default", "fixedRate": rate, "reservoirSize": 1, **spec})


def _manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


class InMemoryKubernetes:
    """`Kubernetes` in memory: with versions, generations and finalizers, and with 404 and 409.

    `failures` are the errors to raise, by call; `watch` receives every change.
    """

    def __init__(self, calls: list[str] | None = None) -> None:
        self.bodies: dict[Key, dict[str, Any]] = {}
        self.calls: list[str] = [] if calls is None else calls
        self.events: list[str] = []
        self.statuses: list[dict[str, Any]] = []  # every written status
        self.terminating: set[str] = set()
        self.failures: dict[str, list[Exception]] = {}
        self.watch: Callable[[str, dict[str, Any]], None] = lambda kind, body: None
        self._version = 0
        self._born = 0

    def apply(self, manifest: Mapping[str, Any], **annotations: str) -> Key:
        """Create an object, or change its spec and annotations, as a user does."""
        key = key_of(manifest)
        body = copy.deepcopy(self.bodies.get(key)) or self._new(manifest)
        if body["spec"] != manifest["spec"]:
            body["spec"] = copy.deepcopy(manifest["spec"])
            body["metadata"]["generation"] += 1
        body["metadata"].setdefault("annotations", {}).update(annotations)
        self._store(key, body)
        return key

    def replace(self, manifest: Mapping[str, Any]) -> None:
        """Replace an object by a PUT: without its finalizers and annotations, and with its status."""
        body = copy.deepcopy(self.bodies[key_of(manifest)])
        body["spec"] = copy.deepcopy(manifest["spec"])
        body["metadata"] = {**body["metadata"], "annotations": {}, "generation": body["metadata"]["generation"] + 1}
        body["metadata"].pop("finalizers", None)
        self._store(key_of(manifest), body)

    def delete(self, key: Key) -> None:
        """Delete an object: at once, or when its last finalizer is removed."""
        body = copy.deepcopy(self.bodies[key])
        body["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"
        self._store(key, body)

    async def list_resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """List the objects in these namespaces, or in all; the selector may have one label."""
        self._fail("list")
        label, _, value = selector.partition("=")
        return [
            from_body(body)
            for key, body in self.bodies.items()
            if (not namespaces or key.namespace in namespaces)
            and (not label or body["metadata"].get("labels", {}).get(label) == value)
        ]

    async def request_deletion(self, resource: Resource) -> None:
        """Delete an object."""
        self.calls.append("request_deletion")
        self.delete(resource.key)

    async def is_terminating(self, namespace: str) -> bool:
        """Return whether a namespace is being deleted."""
        self._fail("terminating")
        return namespace in self.terminating

    async def exists(self, resource: Resource) -> bool:
        """Return whether an object exists."""
        return bool(self.bodies.get(resource.key, {}).get("metadata", {}).get("uid") == resource.uid)

    async def claim(self, resource: Resource, previous: str | None) -> Resource:
        """Add our finalizer, and AWS's previous value."""
        body = self._checked("claim", resource, version=resource.version)
        ours = () if resource.claimed else (FINALIZER,)
        body["metadata"]["finalizers"] = [*resource.finalizers, *ours]
        if previous is not None:
            body["metadata"]["annotations"][PREVIOUS_ANNOTATION] = previous
        return resource.patched(self._store(resource.key, body))

    async def remove_finalizer(self, resource: Resource, *, keep_previous: bool = False) -> Resource | None:
        """Remove our finalizer, and the annotation unless it is kept."""
        try:
            body = self._checked("remove_finalizer", resource, version=resource.version)
        except KubernetesError as error:
            if error.is_not_found:
                return None
            raise
        body["metadata"]["finalizers"] = list(resource.other_finalizers)
        if not keep_previous:
            body["metadata"]["annotations"].pop(PREVIOUS_ANNOTATION, None)
        stored = self._store(resource.key, body)
        return resource.patched(stored) if resource.key in self.bodies else None

    async def write_status(self, resource: Resource, patch: Mapping[str, Any]) -> Resource:
        """Merge a patch into the status."""
        body = self._checked("status", resource)
        status = {**body.get("status", {}), **copy.deepcopy(dict(patch))}
        body["status"] = {name: value for name, value in status.items() if value is not None}
        self.statuses.append(body["status"])
        return resource.patched(self._store(resource.key, body))

    async def create_event(self, namespace: str, body: Mapping[str, Any]) -> None:
        """Store an event as one line, with its count if it stands for several."""
        self._fail("event")
        count = f" (x{body['count']})" if body["count"] > 1 else ""
        self.events.append(f"{body['type']} {body['reason']}: {body['message']}{count}")

    async def get_crd(self, name: str) -> dict[str, Any]:
        """No CRDs are stored here."""
        raise KubernetesError(404, f"the Kubernetes API refused: {name} not found")

    async def apply_crd(self, manifest: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
        """No CRDs are stored here."""
        raise KubernetesError(404, "the Kubernetes API refused: not found")

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
        if body == self.bodies.get(key):  # no change: no new version, and no event of the watch
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
