"""The Lease (coordination.k8s.io/v1) that names the leader: read, and replaced by its resourceVersion.

The chart makes it without a spec; one that is missing is created, if the operator may.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from xray_operator.kubernetes.connection import Connection, Credentials, KubernetesError

API_VERSION = "coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Lease:
    """A Lease's spec; `acquired` and `renewed` are texts of the holder's clock, which no other process compares.

    `metadata` is the stored object's, with the resourceVersion that a replacement requires; empty: not stored yet.
    """

    holder: str = ""
    seconds: int = 0
    acquired: str = ""
    renewed: str = ""
    transitions: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)


class Leases(Protocol):
    """The calls for one Lease. Each raises KubernetesError."""

    async def read(self) -> Lease:
        """Read the Lease; an empty one if there is none."""
        ...

    async def write(self, lease: Lease) -> Lease:
        """Replace the Lease, or create it if none was read; a conflict if it was written since it was read."""
        ...


class LeaseApi:
    """`Leases` over HTTP. It has a connection of its own: no other request delays a renewal."""

    def __init__(self, credentials: Credentials, namespace: str, name: str) -> None:
        self._connection = Connection(credentials)
        self._path = f"/apis/{API_VERSION}/namespaces/{namespace}/leases/{name}"
        self._namespace = namespace
        self._name = name

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def read(self) -> Lease:
        """Read the Lease; an empty one if there is none."""
        try:
            return _lease(await self._connection.send("GET", self._path))
        except KubernetesError as error:
            if error.is_not_found:
                return Lease()
            raise

    async def write(self, lease: Lease) -> Lease:
        """Replace the Lease, or create it if none was read; a conflict if it was written since it was read.

        Always by PUT: for a POST the right to create could not be limited to the Lease's name.
        """
        try:
            return _lease(await self._connection.send("PUT", self._path, self._body(lease)))
        except KubernetesError as error:
            if lease.metadata or error.status not in {403, 422}:
                raise
            raise self._creation_error(error) from error

    def _creation_error(self, error: KubernetesError) -> KubernetesError:
        if error.status == 422:  # another process has created it in the meantime
            return KubernetesError(409, str(error))
        name = f"--lease: '{self._namespace}/{self._name}'"
        return KubernetesError(403, f"{name}: not found: expected the Lease, or the right to create it: {error}")

    def _body(self, lease: Lease) -> dict[str, Any]:
        spec = {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": lease.seconds,
            "acquireTime": lease.acquired,
            "renewTime": lease.renewed,
            "leaseTransitions": lease.transitions,
        }
        metadata = dict(lease.metadata) or {"name": self._name}
        return {"apiVersion": API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}


def _lease(body: Mapping[str, Any]) -> Lease:
    spec = body.get("spec") or {}
    return Lease(
        holder=spec.get("holderIdentity") or "",
        seconds=spec.get("leaseDurationSeconds") or 0,
        acquired=spec.get("acquireTime") or "",
        renewed=spec.get("renewTime") or "",
        transitions=spec.get("leaseTransitions") or 0,
        metadata=body["metadata"],
    )
