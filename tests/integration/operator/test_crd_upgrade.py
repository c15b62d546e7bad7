"""`xray-operator crds --apply` on a real API server, with the rights of the chart's Job."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.operator.fixture import rule
from tools import local_cluster
from tools.local_cluster import CRDS, RULES, Cluster

pytestmark = pytest.mark.process
NAME = "xraysamplingrules.xray.cruddur.io"
OTHER = "xraygroups.xray.cruddur.io"
FIELDS = ("spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec", "properties")


def fields(manifest: Any) -> dict[str, Any]:
    """Return the schemas of a CRD's spec fields."""
    for step in FIELDS:
        manifest = manifest[step]
    found: dict[str, Any] = manifest
    return found


def _path(name: str) -> str:
    return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"


class Upgrade:
    """The Job of the chart as a process."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        rules = yaml.safe_load((RULES.parent / "crds-rules.yaml").read_text())
        self._kubeconfig = cluster.account("crds", rules, ()).kubeconfig(folder / "kubeconfig")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the command to its end and return its exit code and its output."""
        environ = {**os.environ, "KUBECONFIG": str(self._kubeconfig)}
        command = [sys.executable, "-m", "xray_operator", "crds", "--apply", *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def read(self, name: str = NAME) -> dict[str, Any]:
        """Read a CRD."""
        return dict(self.cluster.admin.call("GET", _path(name)))

    def field_managers(self) -> set[str]:
        """Return the field managers that applied the rules' CRD: with two, Helm's next install has a conflict."""
        return {entry["manager"] for entry in self.read()["metadata"]["managedFields"] if entry["operation"] == "Apply"}

    def install(self, manifest: dict[str, Any]) -> None:
        """Install the rules' CRD as Helm does."""
        self.cluster.kubectl("delete", "crd", NAME)
        text = yaml.safe_dump(manifest)
        self.cluster.kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", text=text)
        self.cluster.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=30s")


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    """Run an API server of its own, since the tests delete CRDs, and return the Job for it."""
    folder = tmp_path_factory.mktemp("crds")
    with local_cluster.running(folder / "cluster") as running:
        yield Upgrade(running, folder)


def current() -> dict[str, Any]:
    """Return the rules' CRD of this version."""
    return dict(yaml.safe_load((CRDS / "xraysamplingrules.yaml").read_text()))


def test_older_crd_is_upgraded_and_objects_stay(upgrade: Upgrade) -> None:
    """It lacks a field and has a lower limit; a second run changes nothing."""
    older = current()
    del fields(older)["expiresAt"]
    fields(older)["host"]["maxLength"] = 10
    upgrade.install(older)
    upgrade.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump(rule()))
    assert upgrade.run() == (0, f"upgraded: {NAME}\nup to date: {OTHER}\n")
    assert fields(upgrade.read()) == fields(current())
    assert upgrade.field_managers() == {"helm"}
    later = rule(expiresAt="2030-01-31T12:00:00Z", host="a-host-with-a-long-name")
    upgrade.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump(later))
    assert upgrade.cluster.kubectl("get", "xsr", "-o", "name") == "xraysamplingrule.xray.cruddur.io/checkout\n"
    generation = upgrade.read()["metadata"]["generation"]
    assert upgrade.run() == (0, f"up to date: {NAME}\nup to date: {OTHER}\n")
    assert upgrade.read()["metadata"]["generation"] == generation


def test_newer_crd_is_replaced_only_by_force(upgrade: Upgrade) -> None:
    """The message names the field that would be lost."""
    newer = current()
    fields(newer)["colour"] = {"type": "string"}
    upgrade.install(newer)
    code, output = upgrade.run()
    assert code == 1
    assert f"{NAME} has v1alpha1 .spec.colour; expected a newer image, crds.upgrade=false, or --force" in output
    assert "colour" in fields(upgrade.read())
    assert upgrade.run("--force")[0] == 0
    assert "colour" not in fields(upgrade.read())


def test_missing_crd_is_reported_and_not_created(upgrade: Upgrade) -> None:
    """The rights to read and patch the two CRDs are all used, and suffice."""
    earlier = len(upgrade.cluster.audited(":crds"))
    assert upgrade.run()[0] == 0
    upgrade.cluster.kubectl("delete", "crd", OTHER)
    code, output = upgrade.run()
    upgrade.cluster.install_crds()
    assert (code, f"the CRD {OTHER} is missing" in output) == (1, True)
    calls = upgrade.cluster.audited(":crds")[earlier:]
    assert {(call["verb"], call["objectRef"]["name"]) for call in calls} == {
        (verb, name) for verb in ("get", "patch") for name in (NAME, OTHER)
    }
    assert {call["responseStatus"]["code"] for call in calls} == {200, 404}
