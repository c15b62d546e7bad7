"""The Kubernetes API as the controller needs it: PATCH an object's metadata or status, tell an event, ask for one.

kopf lists and watches; this writes, and lists when an operator is leaving. Every PATCH of metadata carries the
resourceVersion that it was decided on, since a list of finalizers is replaced as a whole.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import kopf

from xray_operator.crd import GROUP_NAME, GROUPS, RULES, VERSION, ResourceKind
from xray_operator.kube_http import MERGE, Connection, KubernetesError
from xray_operator.resource import BEFORE_ANNOTATION, FINALIZER, Key, Resource, from_body

COMPONENT = "xray-operator"
PAGE = 500  # objects in one answer to a list
_KINDS = {"rule": RULES, "group": GROUPS}


@dataclass(frozen=True, slots=True)
class Told:
    """An event for `kubectl describe`: a reason of one word, and a message."""

    reason: str
    message: str
    warning: bool = False


class Kubernetes(Protocol):
    """What the controller asks of Kubernetes. Each raises KubernetesError."""

    async def exists(self, resource: Resource) -> bool:
        """Tell whether an object is there: a watch that was cut does not tell what went meanwhile."""
        ...

    async def claim(self, resource: Resource, before: str | None) -> Resource:
        """Store our finalizer, and what was in AWS before."""
        ...

    async def release(self, resource: Resource) -> Resource | None:
        """Take our finalizer and annotation away; None when the object is gone with it."""
        ...

    async def write_status(self, resource: Resource, patch: Mapping[str, Any]) -> Resource:
        """Merge a patch into the status."""
        ...

    async def tell(self, resource: Resource, event: Told, now: datetime) -> None:
        """Post an event."""
        ...


class KubernetesApi:
    """`Kubernetes` over HTTP; see `kube_http` for `credentials`."""

    def __init__(self, credentials: Callable[[], kopf.ConnectionInfo]) -> None:
        self._connection = Connection(credentials)
        self._send = self._connection.send

    async def missing_kinds(self) -> list[str]:
        """Give those of our kinds that the cluster does not serve."""
        try:
            served = await self._send("GET", f"/apis/{GROUP_NAME}/{VERSION}")
        except KubernetesError as error:
            if not error.is_gone:
                raise
            served = {"resources": []}
        names = {one["name"] for one in served["resources"]}
        return [kind.kind for kind in _KINDS.values() if kind.plural not in names]

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def exists(self, resource: Resource) -> bool:
        """Ask by a list of one, for which the permission to list is enough."""
        folder, _, name = _path(resource.key).rpartition("/")
        found = await self._send("GET", f"{folder}?fieldSelector=metadata.name%3D{name}")
        return any(one["metadata"]["uid"] == resource.uid for one in found["items"])

    async def claim(self, resource: Resource, before: str | None) -> Resource:
        """Store our finalizer, and what was in AWS before."""
        ours = () if resource.claimed else (FINALIZER,)
        metadata: dict[str, Any] = {"finalizers": [*resource.finalizers, *ours]}
        if before is not None:
            metadata["annotations"] = {BEFORE_ANNOTATION: before}
        return resource.patched(await self._patch_metadata(resource, metadata))

    async def release(self, resource: Resource) -> Resource | None:
        """Take our finalizer and annotation away."""
        left = [one for one in resource.finalizers if one != FINALIZER]
        metadata = {"finalizers": left, "annotations": {BEFORE_ANNOTATION: None}}
        try:
            body = await self._patch_metadata(resource, metadata)
        except KubernetesError as error:
            if error.is_gone:
                return None
            raise
        return None if resource.deleting and not left else resource.patched(body)

    async def write_status(self, resource: Resource, patch: Mapping[str, Any]) -> Resource:
        """Merge a patch into the status."""
        body = await self._send("PATCH", f"{_path(resource.key)}/status", {"status": patch}, MERGE)
        return resource.patched(body)

    async def tell(self, resource: Resource, event: Told, now: datetime) -> None:
        """Post an event; its name is the API server's to give."""
        time = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        key, kind = resource.key, _KINDS[resource.key.kind]
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{key.name[:200]}.", "namespace": key.namespace},
            "involvedObject": {
                "apiVersion": f"{GROUP_NAME}/{VERSION}",
                "kind": kind.kind,
                "namespace": key.namespace,
                "name": key.name,
                "uid": resource.uid,
                "resourceVersion": resource.version,
            },
            "reason": event.reason,
            "message": event.message[:1024],
            "type": "Warning" if event.warning else "Normal",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        }
        await self._send("POST", f"/api/v1/namespaces/{key.namespace}/events", body)

    async def resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """Give the objects in these namespaces, or in all; none of a kind that the cluster does not serve."""
        found: list[Resource] = []
        for kind in _KINDS.values():
            for namespace in namespaces or ("",):
                where = f"/namespaces/{namespace}" if namespace else ""
                found += await self._listed(kind, f"/apis/{GROUP_NAME}/{VERSION}{where}/{kind.plural}", selector)
        return found

    async def _listed(self, kind: ResourceKind, path: str, selector: str) -> list[Resource]:
        query, found = {"limit": str(PAGE), "labelSelector": selector}, []
        while True:
            try:
                page = await self._send("GET", f"{path}?{urlencode(query)}")
            except KubernetesError as error:
                if error.is_gone:
                    return []
                raise
            found += [from_body({**one, "kind": kind.kind}) for one in page["items"]]
            query["continue"] = page.get("metadata", {}).get("continue", "")
            if not query["continue"]:
                return found

    async def request_deletion(self, resource: Resource) -> None:
        """Ask for an object's deletion; an object that is gone, or is another one by now, is passed over."""
        try:
            await self._send("DELETE", _path(resource.key), {"preconditions": {"uid": resource.uid}})
        except KubernetesError as error:
            if not (error.is_gone or error.is_conflict):
                raise

    async def let_go(self, resource: Resource) -> bool:
        """Take our finalizer away and leave what AWS was before for the next operator; False when it was changed."""
        left = [one for one in resource.finalizers if one != FINALIZER]
        try:
            await self._patch_metadata(resource, {"finalizers": left})
        except KubernetesError as error:
            if not (error.is_gone or error.is_conflict):
                raise
            return error.is_gone
        return True

    async def is_terminating(self, namespace: str) -> bool:
        """Tell whether a namespace is being deleted: then the API server refuses to create anything in it.

        An event is tried, but not stored: that is a right which we have; to read the namespace would be one more.
        """
        involved = {"apiVersion": "v1", "kind": "Namespace", "namespace": namespace, "name": namespace}
        metadata = {"generateName": f"{COMPONENT}.", "namespace": namespace}
        body = {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": involved}
        try:
            await self._send("POST", f"/api/v1/namespaces/{namespace}/events?dryRun=All", body)
        except KubernetesError as error:
            if error.cause == "NamespaceTerminating":
                return True
            raise
        return False

    async def _patch_metadata(self, resource: Resource, metadata: Mapping[str, Any]) -> dict[str, Any]:
        body = {"metadata": {**metadata, "resourceVersion": resource.version}}
        return await self._send("PATCH", _path(resource.key), body, MERGE)


def _path(key: Key) -> str:
    plural = _KINDS[key.kind].plural
    return f"/apis/{GROUP_NAME}/{VERSION}/namespaces/{key.namespace}/{plural}/{key.name}"
