"""Upgrades the cluster's CRDs to this version's, and never back: `xray-operator crds --apply`.

Helm applies a chart's CRDs at an install and not at an upgrade; the chart's Job runs this before each upgrade.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from xray_operator.kubernetes import crds
from xray_operator.kubernetes.api import Kubernetes
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.manifests.kinds import KINDS

# Helm 4 applies CRDs as this field manager, without force: under another name its next install would conflict.
FIELD_MANAGER = "helm"
POLL_SECONDS = 0.5
_COMMAND = "kubectl apply --server-side --field-manager=helm -f charts/cruddur/crds"


class UpgradeError(Exception):
    """The CRDs were not upgraded; the text is one line."""


class CrdUpgrade:
    """Applies both CRDs, or none. `report` receives one line for each."""

    def __init__(
        self,
        kubernetes: Kubernetes,
        report: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._kubernetes = kubernetes
        self._report = report
        self._clock = clock
        self._sleep = sleep

    async def apply(self, seconds: float, *, force: bool) -> None:
        """Apply both and wait until they are served; UpgradeError, with nothing done, if it would be a downgrade.

        `force` allows a downgrade. KubernetesError if the API refuses.
        """
        manifests = [crds.manifest(info) for info in KINDS.values()]
        stored = [await self._stored(_name(manifest)) for manifest in manifests]
        lost = {_name(ours): lost_members(before, ours) for before, ours in zip(stored, manifests, strict=True)}
        newer = [f"{name} has {', '.join(members)}" for name, members in lost.items() if members]
        if newer and not force:
            raise UpgradeError(
                f"the cluster's CRDs are newer than this version's: {'; '.join(newer)}; "
                "expected a newer image, crds.upgrade=false, or --force"
            )
        for before, ours in zip(stored, manifests, strict=True):
            await self._apply(before, ours, self._clock() + seconds)

    async def _stored(self, name: str) -> dict[str, Any]:
        try:
            return await self._kubernetes.get_crd(name)
        except KubernetesError as error:
            if error.is_not_found:
                raise UpgradeError(f"the CRD {name} is missing: expected {_COMMAND}") from error
            raise

    async def _apply(self, before: Mapping[str, Any], ours: Mapping[str, Any], until: float) -> None:
        name = _name(ours)
        found = await self._kubernetes.apply_crd(ours, FIELD_MANAGER)
        changed = found["metadata"]["generation"] != before["metadata"]["generation"]
        while not _is_established(found):
            if self._clock() >= until:
                raise UpgradeError(f"the CRD {name} was applied but is not served: see kubectl describe crd {name}")
            await self._sleep(POLL_SECONDS)
            found = await self._stored(name)
        self._report(f"{'upgraded' if changed else 'up to date'}: {name}")


def lost_members(stored: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Return the versions, fields and values that a stored, newer CRD has and ours does not."""
    ours_by_version = {version["name"]: set(_members(_schema(version))) for version in ours["spec"]["versions"]}
    found: list[str] = []
    for version in stored["spec"]["versions"]:
        name = version["name"]
        if name in ours_by_version:
            found += [
                f"{name} {member}" for member in _members(_schema(version)) if member not in ours_by_version[name]
            ]
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
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
