"""`xray-operator crds --apply`: brings the cluster's CRDs to those that this version carries, and never back.

Helm applies the CRDs of a chart at an install and not at an upgrade: the chart's Job calls this before each upgrade.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol

from xray_operator import crd
from xray_operator.kube_http import KubernetesError

# Helm 4 applies CRDs under this name, without force: fields of another name would make its next install fail.
FIELD_MANAGER = "helm"
POLL_SECONDS = 0.5
_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
_APPLY = "application/apply-patch+yaml"
_HOW = "kubectl apply --server-side --field-manager=helm -f charts/cruddur/crds"


class UpgradeError(Exception):
    """The CRDs were not brought up to date; the text is one line."""


class Sends(Protocol):
    """What is asked of Kubernetes: `kube_http.Connection`."""

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content: str = ...
    ) -> dict[str, Any]:
        """Send a request and give the answer, or raise KubernetesError."""
        ...


class CrdUpgrade:
    """Applies both CRDs, or none. `tell` takes one line for each."""

    def __init__(
        self,
        api: Sends,
        tell: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._tell = tell
        self._clock = clock
        self._sleep = sleep

    async def apply(self, seconds: float, *, force: bool) -> None:
        """Apply both and wait until they are served; UpgradeError, with nothing done, if that would be a step back.

        `force` takes that step. KubernetesError if the API refuses.
        """
        carried = [crd.manifest(kind) for kind in crd.KINDS]
        stored = [await self._stored(one["metadata"]["name"]) for one in carried]
        newer = {_name(ours): lost(before, ours) for before, ours in zip(stored, carried, strict=True)}
        backwards = [f"{name} has {', '.join(members)}" for name, members in newer.items() if members]
        if backwards and not force:
            raise UpgradeError(
                f"the cluster's CRDs are newer than this version's: {'; '.join(backwards)}; "
                "expected a newer image, crds.upgrade=false, or --force"
            )
        for before, ours in zip(stored, carried, strict=True):
            await self._apply(before, ours, self._clock() + seconds)

    async def _stored(self, name: str) -> dict[str, Any]:
        try:
            return await self._api.send("GET", _PATH + name)
        except KubernetesError as error:
            if error.is_gone:
                raise UpgradeError(
                    f"the CRD {name} is missing, and this may not create one; expected {_HOW}"
                ) from error
            raise

    async def _apply(self, before: Mapping[str, Any], ours: Mapping[str, Any], until: float) -> None:
        name = _name(ours)
        query = f"?fieldManager={FIELD_MANAGER}&force=true"
        found = await self._api.send("PATCH", f"{_PATH}{name}{query}", ours, _APPLY)
        changed = found["metadata"]["generation"] != before["metadata"]["generation"]
        while not _is_established(found):
            if self._clock() >= until:
                raise UpgradeError(f"the CRD {name} was applied and is not served; see kubectl describe crd {name}")
            await self._sleep(POLL_SECONDS)
            found = await self._stored(name)
        self._tell(f"{'upgraded' if changed else 'up to date'}: {name}")


def lost(stored: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Give the versions, fields and values that a stored CRD knows and ours does not: what a newer one has brought."""
    known = {version["name"]: set(_members(_schema(version))) for version in ours["spec"]["versions"]}
    found: list[str] = []
    for version in stored["spec"]["versions"]:
        name = version["name"]
        if name in known:
            found += [f"{name} {one}" for one in _members(_schema(version)) if one not in known[name]]
        elif version["served"]:
            found.append(name)
    return found


def _schema(version: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = version.get("schema", {}).get("openAPIV3Schema", {})
    return schema


def _members(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for value in schema.get("enum", ()):
        yield f"{path}={value}"
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from _members(inner, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            yield from _members(schema[word], f"{path}[]")


def _name(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"]["name"])


def _is_established(manifest: Mapping[str, Any]) -> bool:
    conditions = manifest.get("status", {}).get("conditions", [])
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
