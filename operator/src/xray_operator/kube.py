"""The Kubernetes API as the controller needs it: PATCH an object's metadata or status, tell an event, ask for one.

kopf lists and watches; this writes. Every PATCH of metadata carries the resourceVersion that it
was decided on, since a list of finalizers is replaced as a whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import aiohttp
import kopf

from xray_operator.crd import GROUP_NAME, GROUPS, RULES, VERSION
from xray_operator.resource import BEFORE_ANNOTATION, FINALIZER, Key, Resource

TIMEOUT_SECONDS = 20
CONNECTIONS = 20
COMPONENT = "xray-operator"
_MERGE = "application/merge-patch+json"
_KINDS = {"rule": RULES, "group": GROUPS}


class KubernetesError(Exception):
    """The Kubernetes API refused or could not be reached; `status` is 0 when there was no answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_gone(self) -> bool:
        """Tell whether the object does not exist any more."""
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """Tell whether somebody else wrote the object meanwhile: a newer version is on its way to us."""
        return self.status == 409


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
    """`Kubernetes` over HTTP. `credentials` is asked again when the API refuses those in use: tokens expire."""

    def __init__(self, credentials: Callable[[], kopf.ConnectionInfo]) -> None:
        self._credentials = credentials
        self._connection: tuple[str, aiohttp.ClientSession] | None = None

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
        if self._connection is not None:
            await self._connection[1].close()
            self._connection = None

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
        body = await self._send(
            "PATCH", f"{_path(resource.key)}/status", {"status": patch}, "application/merge-patch+json"
        )
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

    async def _patch_metadata(self, resource: Resource, metadata: Mapping[str, Any]) -> dict[str, Any]:
        body = {"metadata": {**metadata, "resourceVersion": resource.version}}
        return await self._send("PATCH", _path(resource.key), body, _MERGE)

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content: str = "application/json"
    ) -> dict[str, Any]:
        try:
            status, answer = await self._request(method, path, body, content)
            if status == 401:
                await self.close()
                status, answer = await self._request(method, path, body, content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubernetesError(0, f"the Kubernetes API did not answer: {_why(error)}") from error
        if status >= 400:
            raise KubernetesError(status, f"the Kubernetes API refused: {answer.get('message', status)}")
        return answer

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, content: str
    ) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            self._connection = _connected(self._credentials())
        server, session = self._connection
        headers = {"Content-Type": content}
        async with session.request(method, f"{server}{path}", json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)


def _connected(info: kopf.ConnectionInfo) -> tuple[str, aiohttp.ClientSession]:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=info.as_ssl_context()),
        headers=info.as_http_headers(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
    )
    return info.server.rstrip("/"), session


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _path(key: Key) -> str:
    plural = _KINDS[key.kind].plural
    return f"/apis/{GROUP_NAME}/{VERSION}/namespaces/{key.namespace}/{plural}/{key.name}"
