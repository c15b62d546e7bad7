"""`xray-operator crds --apply` on a real API server, with the rights of the chart's Job."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.operator.bench import rule
from tools import local_cluster
from tools.local_cluster import CRDS, RULES, Cluster

pytestmark = pytest.mark.process
NAME = "xraysamplingrules.xray.cruddur.io"
OTHER = "xraygroups.xray.cruddur.io"
FIELDS = ("spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec", "properties")


def fields(manifest: Any) -> dict[str, Any]:
    """Give the schema of a CRD's spec."""
    for step in FIELDS:
        manifest = manifest[step]
    found: dict[str, Any] = manifest
    return found


def _path(name: str) -> str:
    return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"


class Upgrade:
    """An API server, and the Job as a process."""

    def __init__(self, running: Cluster, folder: Path) -> None:
        self.cluster = running
        rules = yaml.safe_load((RULES.parent / "crds-rules.yaml").read_text())
        self._kubeconfig = running.account("crds", rules, ()).kubeconfig(folder / "kubeconfig")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the command to its end and give its exit code and all that it said."""
        environ = {**os.environ, "KUBECONFIG": str(self._kubeconfig)}
        command = [sys.executable, "-m", "xray_operator", "crds", "--apply", *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def read(self, name: str = NAME) -> dict[str, Any]:
        """Read a CRD."""
        return dict(self.cluster.admin.call("GET", _path(name)))

    def appliers(self) -> set[str]:
        """Give the names under which the rules' CRD was applied: with two, Helm's next install has a conflict."""
        managed = self.cluster.admin.call("GET", _path(NAME))["metadata"]["managedFields"]
        return {one["manager"] for one in managed if one["operation"] == "Apply"}

    def install(self, manifest: dict[str, Any]) -> None:
        """Put a CRD in as Helm does."""
        self.cluster.kubectl("delete", "crd", NAME)
        text = yaml.safe_dump(manifest)
        self.cluster.kubectl("apply", "--server-side", "--field-manager=helm", "-f", "-", text=text)
        self.cluster.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=30s")


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    """Run an API server with our CRDs, put in by Helm."""
    folder = tmp_path_factory.mktemp("crds")
    with local_cluster.running(folder / "cluster") as running:
        yield Upgrade(running, folder)


def carried() -> dict[str, Any]:
    """Give the rules' CRD as this version has it."""
    return dict(yaml.safe_load((CRDS / "xraysamplingrules.yaml").read_text()))


def test_an_older_crd_is_brought_up_to_date_and_objects_stay(upgrade: Upgrade) -> None:
    """A field is new, a limit is another one; a second run changes nothing."""
    older = carried()
    del fields(older)["expiresAt"]
    fields(older)["host"]["maxLength"] = 10
    upgrade.install(older)
    upgrade.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump(rule()))
    assert upgrade.run() == (0, f"upgraded: {NAME}\nup to date: {OTHER}\n")
    assert fields(upgrade.read()) == fields(carried())
    assert upgrade.appliers() == {"helm"}
    later = rule(expiresAt="2030-01-31T12:00:00Z", host="a-host-with-a-long-name")
    upgrade.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump(later))
    assert upgrade.cluster.kubectl("get", "xsr", "-o", "name") == "xraysamplingrule.xray.cruddur.io/checkout\n"
    generation = upgrade.read()["metadata"]["generation"]
    assert upgrade.run() == (0, f"up to date: {NAME}\nup to date: {OTHER}\n")
    assert upgrade.read()["metadata"]["generation"] == generation


def test_a_newer_crd_is_left_alone_unless_that_is_forced(upgrade: Upgrade) -> None:
    """An older image tells what it would take away."""
    newer = carried()
    fields(newer)["colour"] = {"type": "string"}
    upgrade.install(newer)
    code, told = upgrade.run()
    assert code == 1
    assert f"{NAME} has v1alpha1 .spec.colour; expected a newer image, crds.upgrade=false, or --force" in told
    assert "colour" in fields(upgrade.read())
    assert upgrade.run("--force")[0] == 0
    assert "colour" not in fields(upgrade.read())


def test_it_may_touch_these_two_and_create_none(upgrade: Upgrade) -> None:
    """A missing CRD is told; the rights are all used, and no more was asked for."""
    upgrade.cluster.kubectl("delete", "crd", OTHER)
    code, told = upgrade.run()
    upgrade.cluster.install_crds()
    assert (code, f"the CRD {OTHER} is missing" in told) == (1, True)
    calls = upgrade.cluster.audited(":crds")
    assert {(one["verb"], one["objectRef"]["name"]) for one in calls} == {
        (verb, name) for verb in ("get", "patch") for name in (NAME, OTHER)
    }
    assert {one["responseStatus"]["code"] for one in calls} == {200, 404}
