"""The upgrade of the CRDs: both or none, and a downgrade only by force."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import InMemoryKubernetes
from xray_operator.kubernetes import crds
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.crd_upgrade import CrdUpgrade, UpgradeError, lost_members
from xray_operator.manifests.kinds import KINDS

NAMES = ["xraysamplingrules.xray.cruddur.io", "xraygroups.xray.cruddur.io"]


class Cluster(InMemoryKubernetes):
    """Stores CRDs by name; applied CRDs are served after a number of reads."""

    def __init__(self, reads: int = 0) -> None:
        super().__init__()
        self.stored = {f"{info.plural}.xray.cruddur.io": crds.manifest(info) for info in KINDS.values()}
        for manifest in self.stored.values():
            manifest["metadata"]["generation"] = 1
            manifest["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        self.reads = reads
        self.patches: list[str] = []

    async def get_crd(self, name: str) -> dict[str, Any]:
        """Read a CRD; after a patch, one read fewer remains until it is served."""
        if name not in self.stored:
            raise KubernetesError(404, "the Kubernetes API refused: not found")
        if self.patches and self.reads:
            self.reads -= 1
        return self._served(self.stored[name])

    async def apply_crd(self, manifest: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
        """Store a CRD as the API server does."""
        stored = self.stored[manifest["metadata"]["name"]]
        self.patches.append(field_manager)
        if stored["spec"] != manifest["spec"]:
            stored["spec"] = copy.deepcopy(manifest["spec"])
            stored["metadata"]["generation"] += 1
        return self._served(stored)

    def _served(self, stored: dict[str, Any]) -> dict[str, Any]:
        stored["status"]["conditions"][0]["status"] = "False" if self.patches and self.reads else "True"
        return copy.deepcopy(stored)

    def spec(self, number: int = 0) -> dict[str, Any]:
        """Return the properties of a CRD's spec, which a test may change."""
        version = self.stored[NAMES[number]]["spec"]["versions"][0]
        properties: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        return properties


class Upgrade:
    """An upgrade whose clock moves when it sleeps."""

    def __init__(self, api: Cluster) -> None:
        self.lines: list[str] = []
        self.seconds = 0.0
        self._upgrade = CrdUpgrade(api, self.lines.append, clock=lambda: self.seconds, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.seconds += seconds

    async def run(self, *, force: bool = False) -> list[str]:
        """Apply, and return the lines."""
        await self._upgrade.apply(5, force=force)
        return self.lines


async def test_older_crd_is_upgraded_and_the_other_is_up_to_date() -> None:
    """By a server-side apply as Helm's field manager, so that Helm has no conflict with it later."""
    api = Cluster()
    del api.spec()["expiresAt"]
    assert await Upgrade(api).run() == [f"upgraded: {NAMES[0]}", f"up to date: {NAMES[1]}"]
    assert "expiresAt" in api.spec()
    assert api.patches == ["helm", "helm"]
    assert await Upgrade(api).run() == [f"up to date: {name}" for name in NAMES]


async def test_upgrade_waits_until_the_crds_are_served() -> None:
    """It fails after the timeout."""
    assert len(await Upgrade(Cluster(reads=3)).run()) == 2
    with pytest.raises(UpgradeError, match=f"the CRD {NAMES[0]} was applied but is not served"):
        await Upgrade(Cluster(reads=99)).run()


async def test_newer_crd_stops_the_upgrade_of_both() -> None:
    """The message names what would be lost and how to continue; --force upgrades."""
    api = Cluster()
    del api.spec(0)["expiresAt"]
    api.spec(1)["colour"] = {"type": "string"}
    with pytest.raises(UpgradeError) as raised:
        await Upgrade(api).run()
    assert str(raised.value) == (
        f"the cluster's CRDs are newer than this version's: {NAMES[1]} has v1alpha1 .spec.colour; "
        "expected a newer image, crds.upgrade=false, or --force"
    )
    assert api.patches == []
    assert len(await Upgrade(api).run(force=True)) == 2
    assert "colour" not in api.spec(1)


async def test_missing_crd_is_not_created() -> None:
    """No right could be limited to it; the message says how to create it."""
    api = Cluster()
    del api.stored[NAMES[1]]
    with pytest.raises(
        UpgradeError, match=f"the CRD {NAMES[1]} is missing.*kubectl apply --server-side --field-manager=helm -f"
    ):
        await Upgrade(api).run()
    assert api.patches == []


async def test_forbidden_request_is_an_error() -> None:
    """It does not count as a missing CRD."""

    class Refuses(Cluster):
        async def get_crd(self, name: str) -> dict[str, Any]:
            raise KubernetesError(403, "you are not allowed")

    with pytest.raises(KubernetesError, match="you are not allowed"):
        await Upgrade(Refuses()).run()


def _version(name: str, schema: dict[str, Any], *, served: bool = True) -> dict[str, Any]:
    return {"name": name, "served": served, "schema": {"openAPIV3Schema": schema}}


def _crd(*versions: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"versions": list(versions)}}


@pytest.mark.parametrize(
    ("stored", "ours", "expected"),
    [
        ({"properties": {"a": {}}}, {"properties": {"a": {}, "b": {}}}, []),
        ({"properties": {"a": {"properties": {"b": {}}}}}, {"properties": {"a": {}}}, ["v1 .a.b"]),
        ({"properties": {"a": {"enum": ["x", "y"]}}}, {"properties": {"a": {"enum": ["x"]}}}, ["v1 .a=y"]),
        ({"items": {"properties": {"a": {}}}}, {"items": {}}, ["v1 [].a"]),
        ({"additionalProperties": {"enum": [1]}}, {"additionalProperties": True}, ["v1 []=1"]),
        ({"maxLength": 5}, {"maxLength": 4}, []),
    ],
)
def test_lost_fields_and_values_are_named(stored: dict[str, Any], ours: dict[str, Any], expected: list[str]) -> None:
    """Limits and descriptions may change in both directions."""
    assert lost_members(_crd(_version("v1", stored)), _crd(_version("v1", ours))) == expected


def test_served_version_would_be_lost() -> None:
    """A version that is not served may be removed."""
    stored = _crd(_version("v1", {}), _version("v2", {}), _version("v0", {}, served=False))
    assert lost_members(stored, _crd(_version("v1", {}))) == ["v2"]
