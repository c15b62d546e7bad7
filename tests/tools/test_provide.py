"""Which command-line tools are taken from the machine, and which are built."""

import os
from pathlib import Path

import pytest

from tools import provide

GO_MOD = """module example/kubernetes

go 1.24.0

require (
\tk8s.io/kubectl v0.34.3 // indirect
\tk8s.io/kubernetes v1.34.3 // indirect
)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project that pins kubectl 1.34.3."""
    (tmp_path / "tools/go/kubernetes").mkdir(parents=True)
    (tmp_path / "tools/go/kubernetes/go.mod").write_text(GO_MOD)
    return tmp_path


def program(folder: Path, says: str) -> Path:
    """Write a kubectl that prints a version."""
    folder.mkdir(exist_ok=True)
    file = folder / "kubectl"
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("found", "wanted", "parts", "expected"),
    [
        ("1.34.1", "1.34.3", 2, True),
        ("1.32.4", "1.34.3", 2, False),
        ("4.0.2", "4.3.1", 1, True),
        ("3.18.0", "4.3.1", 1, False),
        (None, "4.3.1", 1, False),
    ],
)
def test_a_version_fits_by_its_first_numbers(found: str | None, wanted: str, parts: int, expected: bool) -> None:
    """A patch release of the same minor version will do."""
    assert provide.fits(found, wanted, parts) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("3.18.0", True),
        ("3.18.7", True),
        ("3.22.0", True),
        ("3.9.4", False),
        ("3.17.4", False),
        ("4.3.1", False),
        ("4.19.0", False),
        ("3", False),
        (None, False),
    ],
)
def test_a_newer_version_fits_where_it_may(found: str | None, expected: bool) -> None:
    """Only the last of the numbers may be higher, and numbers are not compared as text."""
    assert provide.fits(found, "3.18.6", 2, newer=True) is expected


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Client Version: v1.34.3\nKustomize Version: v5.7.1", "1.34.3"),
        ("etcd Version: 3.6.5\nGit SHA: Not provided", "3.6.5"),
        ("kind v0.33.0 go1.26.8 linux/amd64", "0.33.0"),
        ("go1.26", "1.26"),
        ("usage: kubectl", None),
    ],
)
def test_the_first_version_in_a_text_counts(text: str, version: str | None) -> None:
    """Each tool prints its version in its own way."""
    assert provide.version_in(text) == version


def test_every_tool_is_pinned_in_its_go_mod() -> None:
    """The go.mod files are where versions stand."""
    pinned = {name: provide.pinned(tool) for name, tool in provide.TOOLS.items()}
    assert pinned["kubectl"] == pinned["kube-apiserver"]
    assert {name: version.split(".")[0] for name, version in pinned.items()} == {
        "kube-apiserver": "1",
        "kubectl": "1",
        "etcd": "3",
        "helm": "4",
        "helm3": "3",
        "docker-compose": "2",
        "otelcol": "0",
        "kind": "0",
        "kstatus": "0",
        "kube-network-policies": "0",
        "skaffold": "2",
        "actionlint": "1",
    }


def test_a_tool_on_path_that_fits_is_linked(root: Path, tmp_path: Path) -> None:
    """Nothing is built then, and KUBEBUILDER_ASSETS comes first."""
    program(tmp_path / "path", "Client Version: v1.34.9")
    fitting = program(tmp_path / "assets", "Client Version: v1.34.1")
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path / "assets"), "PATH": f"{tmp_path / 'path'}{os.pathsep}{os.defpath}"}
    assert provide.provide("kubectl", environ, root) == f"kubectl: 1.34.1, found as {fitting}"
    assert (root / "bin/kubectl").resolve() == fitting.resolve()
    assert provide.provide("kubectl", environ, root) == ""


def test_a_tool_on_path_of_another_version_is_passed_over(root: Path, tmp_path: Path) -> None:
    """The next one that fits is taken."""
    program(tmp_path / "old", "Client Version: v1.32.4")
    fitting = program(tmp_path / "new", "Client Version: v1.34.0")
    environ = {"PATH": os.pathsep.join([str(tmp_path / "old"), str(tmp_path / "new"), os.defpath])}
    assert provide.provide("kubectl", environ, root) == f"kubectl: 1.34.0, found as {fitting}"


def test_a_tool_may_have_another_name_on_path(root: Path, tmp_path: Path) -> None:
    """The collector with all components is called otelcol-contrib, and the one called otelcol lacks ours."""
    (root / "tools/go/otelcol").mkdir(parents=True, exist_ok=True)
    (root / "tools/go/otelcol/go.mod").write_text("require go.opentelemetry.io/collector/otelcol v0.156.0\n")
    for name in ("otelcol", "otelcol-contrib"):
        program(tmp_path / "path", f"{name} version 0.156.1").rename(tmp_path / "path" / name)
    environ = {"PATH": f"{tmp_path / 'path'}{os.pathsep}{os.defpath}"}
    found = tmp_path / "path/otelcol-contrib"
    assert provide.provide("otelcol", environ, root) == f"otelcol: 0.156.1, found as {found}"


def test_both_helms_are_found_under_one_name(root: Path, tmp_path: Path) -> None:
    """Whichever comes first on PATH, each is linked for what it is."""
    for name, version in (("helm", "4.3.1"), ("helm3", "3.18.6")):
        (root / "tools/go" / name).mkdir()
        module = provide.TOOLS[name].module
        (root / "tools/go" / name / "go.mod").write_text(f"require (\n\t{module} v{version} // indirect\n)\n")
    folders = [tmp_path / name for name in ("old", "four", "three")]
    for folder, says in zip(folders, ("v3.17.4+g1", "v4.0.2+g2", "v3.20.2+g3"), strict=True):
        program(folder, says).rename(folder / "helm")
    environ = {"PATH": os.pathsep.join([*map(str, folders), os.defpath])}
    assert provide.provide("helm", environ, root) == f"helm: 4.0.2, found as {tmp_path / 'four/helm'}"
    assert provide.provide("helm3", environ, root) == f"helm3: 3.20.2, found as {tmp_path / 'three/helm'}"
    assert provide.provide("helm3", environ, root) == ""


def test_a_missing_requirement_is_named(root: Path) -> None:
    """The message says which file lacks what."""
    (root / "tools/go/kubernetes/go.mod").write_text("module example/kubernetes\n")
    with pytest.raises(provide.ProvideError, match=r"tools/go/kubernetes/go\.mod does not require k8s\.io/kubernetes"):
        provide.pinned(provide.TOOLS["kubectl"], root)


def test_an_unknown_tool_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names it and what there is."""
    assert provide.main(["kubctl"], {}) == 2
    assert capsys.readouterr().err.startswith("provide: NAME: 'kubctl': expected kube-apiserver, kubectl, etcd")
