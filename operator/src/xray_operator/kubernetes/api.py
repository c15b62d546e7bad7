"""The Kubernetes API for our two kinds: claims, status, events, lists, deletions and CRDs.

Every PATCH of metadata carries the resourceVersion on which it was decided, since a list of finalizers is replaced as a
whole.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from xray_operator.kubernetes.connection import (
    APPLY_PATCH,
    JSON,
    MERGE_PATCH,
    Connection,
    Credentials,
    KubernetesError,
)
from xray_operator.kubernetes.resource import API_PATH, FINALIZER, PREVIOUS_ANNOTATION, Key, Resource, from_body
from xray_operator.manifests.kinds import KINDS, KindInfo

COMPONENT = "xray-operator"
PAGE = 500  # objects in one response to a list
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"


class Kubernetes(Protocol):
    """The operator's calls to Kubernetes. Each raises KubernetesError."""

    async def list_resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """List the objects in these namespaces, or in all; none of a kind that the cluster does not serve."""
        ...

    async def exists(self, resource: Resource) -> bool:
        """Return whether an object still exists: an interrupted watch misses deletions."""
        ...

    async def claim(self, resource: Resource, previous: str | None) -> Resource:
        """Add our finalizer, and the annotation with AWS's previous value."""
        ...

    async def remove_finalizer(self, resource: Resource, *, keep_previous: bool = False) -> Resource | None:
        """Remove our finalizer, and the annotation unless it is to be kept; None if the object no longer exists."""
        ...

    async def write_status(self, resource: Resource, patch: Mapping[str, Any]) -> Resource:
        """Merge a patch into the status."""
        ...

    async def request_deletion(self, resource: Resource) -> None:
        """Delete an object; one that does not exist, or was replaced by another, is ignored."""
        ...

    async def create_event(self, namespace: str, body: Mapping[str, Any]) -> None:
        """Create an event."""
        ...

    async def is_terminating(self, namespace: str) -> bool:
        """Return whether a namespace is being deleted."""
        ...

    async def get_crd(self, name: str) -> dict[str, Any]:
        """Read a CustomResourceDefinition."""
        ...

    async def apply_crd(self, manifest: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
        """Apply a CustomResourceDefinition on the server, with force."""
        ...


class KubernetesApi:
    """`Kubernetes` over HTTP; `credentials` as for `Connection`. While `may_write` is false, only reads are sent."""

    def __init__(self, credentials: Credentials, may_write: Callable[[], bool] = lambda: True) -> None:
        self._connection = Connection(credentials)
        self._may_write = may_write

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = JSON
    ) -> dict[str, Any]:
        if method != "GET" and not self._may_write():
            raise KubernetesError(0, "not sent: this process no longer leads")
        return await self._connection.send(method, path, body, content_type)

    async def missing_kinds(self) -> list[str]:
        """Return those of our kinds that the cluster does not serve."""
        try:
            answer = await self._send("GET", API_PATH)
        except KubernetesError as error:
            if not error.is_not_found:
                raise
            answer = {"resources": []}
        served = {resource["name"] for resource in answer["resources"]}
        return [info.name for info in KINDS.values() if info.plural not in served]

    async def may_watch(self, namespace: str) -> bool:
        """Return whether the permission to list is there; also if that cannot be read now."""
        try:
            for info in KINDS.values():
                await self._send("GET", f"{API_PATH}/namespaces/{namespace}/{info.plural}?limit=1")
        except KubernetesError as error:
            return error.status != 403
        return True

    async def list_resources(self, namespaces: Collection[str], selector: str = "") -> list[Resource]:
        """List the objects in these namespaces, or in all; none of a kind that the cluster does not serve."""
        found: list[Resource] = []
        for info in KINDS.values():
            for namespace in namespaces or ("",):
                prefix = f"/namespaces/{namespace}" if namespace else ""
                found += await self._list(info, f"{API_PATH}{prefix}/{info.plural}", selector)
        return found

    async def _list(self, info: KindInfo, path: str, selector: str) -> list[Resource]:
        query, found = {"limit": str(PAGE), "labelSelector": selector}, []
        while True:
            try:
                page = await self._send("GET", f"{path}?{urlencode(query)}")
            except KubernetesError as error:
                if error.is_not_found:
                    return []
                raise
            found += [from_body({**item, "kind": info.name}) for item in page["items"]]
            query["continue"] = page.get("metadata", {}).get("continue", "")
            if not query["continue"]:
                return found

    async def exists(self, resource: Resource) -> bool:
        """Return whether an object still exists, by a list of one: the permission to list is enough."""
        folder, _, name = _path(resource.key).rpartition("/")
        page = await self._send("GET", f"{folder}?fieldSelector=metadata.name%3D{name}")
        return any(item["metadata"]["uid"] == resource.uid for item in page["items"])

    async def claim(self, resource: Resource, previous: str | None) -> Resource:
        """Add our finalizer, and the annotation with AWS's previous value."""
        ours = () if resource.claimed else (FINALIZER,)
        metadata: dict[str, Any] = {"finalizers": [*resource.finalizers, *ours]}
        if previous is not None:
            metadata["annotations"] = {PREVIOUS_ANNOTATION: previous}
        return resource.patched(await self._patch_metadata(resource, metadata))

    async def remove_finalizer(self, resource: Resource, *, keep_previous: bool = False) -> Resource | None:
        """Remove our finalizer, and the annotation unless it is to be kept; None if the object no longer exists."""
        metadata: dict[str, Any] = {"finalizers": list(resource.other_finalizers)}
        if not keep_previous:
            metadata["annotations"] = {PREVIOUS_ANNOTATION: None}
        try:
            body = await self._patch_metadata(resource, metadata)
        except KubernetesError as error:
            if error.is_not_found:
                return None
            raise
        return None if resource.deleting and not resource.other_finalizers else resource.patched(body)

    async def write_status(self, resource: Resource, patch: Mapping[str, Any]) -> Resource:
        """Merge a patch into the status."""
        body = await self._send("PATCH", f"{_path(resource.key)}/status", {"status": patch}, MERGE_PATCH)
        return resource.patched(body)

    async def request_deletion(self, resource: Resource) -> None:
        """Delete an object; one that does not exist, or was replaced by another, is ignored."""
        try:
            await self._send("DELETE", _path(resource.key), {"preconditions": {"uid": resource.uid}})
        except KubernetesError as error:
            if not (error.is_not_found or error.is_conflict):
                raise

    async def create_event(self, namespace: str, body: Mapping[str, Any]) -> None:
        """Create an event."""
        await self._send("POST", f"/api/v1/namespaces/{namespace}/events", body)

    async def is_terminating(self, namespace: str) -> bool:
        """Return whether a namespace is being deleted: then the API server refuses to create objects in it.

        The probe is an event with dryRun: a permission that the operator has, unlike reading the namespace.
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

    async def get_crd(self, name: str) -> dict[str, Any]:
        """Read a CustomResourceDefinition."""
        return await self._send("GET", _CRDS + name)

    async def apply_crd(self, manifest: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
        """Apply a CustomResourceDefinition on the server, with force."""
        path = f"{_CRDS}{manifest['metadata']['name']}?fieldManager={field_manager}&force=true"
        return await self._send("PATCH", path, manifest, APPLY_PATCH)

    async def _patch_metadata(self, resource: Resource, metadata: Mapping[str, Any]) -> dict[str, Any]:
        body = {"metadata": {**metadata, "resourceVersion": resource.version}}
        return await self._send("PATCH", _path(resource.key), body, MERGE_PATCH)


def _path(key: Key) -> str:
    return f"{API_PATH}/namespaces/{key.namespace}/{KINDS[key.kind].plural}/{key.name}"
