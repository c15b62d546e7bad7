"""skaffold: `run` and `verify` on the node ports of kind-config.yaml, and `dev` with a changed source."""

import json
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.release import containers
from tests.e2e.containers import TAG
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import RESTRICTED, Release, until
from tests.e2e.kind.results import note
from tools.provide import ROOT, tool_path

pytestmark = pytest.mark.e2e
NAMESPACE = "cruddur"
BACKEND, PAGE = 30567, 30890  # node ports in kind-config.yaml
HOME = "/api/activities/home"
RUN_SECONDS = 420
TREE = ("backend", "charts", "deploy", "libs", "operator", "xray-local")
FILES = ("pyproject.toml", "uv.lock", "skaffold.yaml", ".dockerignore")
SOURCE = "backend/src/cruddur/services/activity.py"


def answers(cluster: Cluster, port: int, path: str = "/") -> str:
    """Return what the host port of a node port answers, nothing when it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{cluster.host_ports[port]}{path}", timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@pytest.fixture(scope="module")
def tree(cluster: Cluster, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of what skaffold reads, so that a test may change a source; what it installed is removed."""
    there = [item["metadata"]["name"] for item in cluster.items("namespaces")]
    assert NAMESPACE not in there, (
        f"{cluster.name} has a namespace {NAMESPACE}; expected none, for skaffold's is made and removed here "
        f"(kubectl delete namespace {NAMESPACE})"
    )
    release.uninstall()
    copy = tmp_path_factory.mktemp("skaffold")
    for name in TREE:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    try:
        yield copy
        skaffold(cluster, copy, "delete")
    finally:
        # Nothing of it is waited for: its agents serve on for half a minute.
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def command(cluster: Cluster, verb: str, *options: str) -> list[str]:
    """Return a skaffold command on the cluster; some have no option for the context, and use the current one."""
    context = () if verb in {"render", "verify"} else (f"--kube-context=kind-{cluster.name}",)
    return [str(tool_path("skaffold")), verb, *context, "--interactive=false", *options]


def environment(cluster: Cluster) -> dict[str, str]:
    """Return the variables of a skaffold that connects to the cluster only, as in `make dev`."""
    return {**cluster.environment(), "SKAFFOLD_CONFIG": str(ROOT / "deploy/kind/skaffold-config.yaml")}


def skaffold(cluster: Cluster, folder: Path, verb: str, *options: str) -> str:
    """Run skaffold to its end and return what it wrote."""
    run = subprocess.run(
        command(cluster, verb, *options),
        cwd=folder,
        env=environment(cluster),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run.stdout + run.stderr


BACKEND_ALONE, SIDECARS = {"backend": ["backend"]}, {"backend": ["daemon", "collector", "backend"]}
DAEMON, COLLECTOR = {"daemon": ["daemon"]}, {"collector": ["collector"]}
OPERATOR, XRAY_LOCAL = {"operator": ["operator"]}, {"xray-local": ["xray-local"]}


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        ("", BACKEND_ALONE | DAEMON | COLLECTOR | OPERATOR | XRAY_LOCAL),
        ("dev", BACKEND_ALONE | DAEMON | COLLECTOR | OPERATOR | XRAY_LOCAL),
        ("collector", BACKEND_ALONE | COLLECTOR | OPERATOR | XRAY_LOCAL),
        ("sidecar", SIDECARS | OPERATOR | XRAY_LOCAL),
        ("aws", BACKEND_ALONE | DAEMON | OPERATOR),
        ("aws,collector", BACKEND_ALONE | COLLECTOR | OPERATOR),
    ],
)
def test_each_profile_has_its_parts(
    cluster: Cluster, tmp_path: Path, profiles: str, expected: dict[str, list[str]]
) -> None:
    """Rendered by skaffold itself: each part with its containers, and the backend writable in `dev` alone."""
    built, rendered = tmp_path / "built.json", tmp_path / "rendered.yaml"
    names = ("cruddur-backend", "xray-operator", "xray-local")
    built.write_text(json.dumps({"builds": [{"imageName": name, "tag": f"{name}:{TAG}"} for name in names]}))
    chosen = (f"--profile={profiles}",) if profiles else ()
    skaffold(cluster, ROOT, "render", f"--build-artifacts={built}", f"--output={rendered}", *chosen)
    found = [manifest for manifest in yaml.safe_load_all(rendered.read_text()) if manifest]
    workloads = {
        manifest["metadata"]["labels"]["app.kubernetes.io/component"]: containers(manifest["spec"]["template"])
        for manifest in found
        if manifest["kind"] in {"Deployment", "DaemonSet"}
    }
    assert {part: [container["name"] for container in its] for part, its in workloads.items()} == expected
    backend = workloads["backend"][-1]
    assert backend["image"] == f"cruddur-backend:{TAG}"
    assert backend["securityContext"]["readOnlyRootFilesystem"] is (profiles != "dev")


def test_run_and_verify(cluster: Cluster, tree: Path) -> None:
    """Three images, one release, both host ports, and one trace that a Job in the cluster has found."""
    skaffold(cluster, tree, "run")
    assert "uuid" in until(lambda: answers(cluster, BACKEND, HOME), "the backend is on the host's port")
    assert "xray-local" in until(lambda: answers(cluster, PAGE), "the page is on the host's port").lower()
    # `run` cannot write the names of what it has built, which `verify` needs; nothing is built a second time.
    artifacts = tree / "artifacts.json"
    skaffold(cluster, tree, "build", f"--file-output={artifacts}")
    printed = skaffold(cluster, tree, "verify", f"--build-artifacts={artifacts}")
    assert "answered, trace id 1-" in printed
    note("skaffold", {"run and verify": "passed"})


def test_dev_brings_a_changed_source_into_the_pod(cluster: Cluster, tree: Path, tmp_path: Path) -> None:
    """Touch, wait, see the change: the file is synced, and gunicorn reloads its workers; no image is built."""
    log = tmp_path / "dev.log"
    with log.open("w") as out:
        running = subprocess.Popen(
            command(cluster, "dev", "--auto-sync=true", "--cleanup=false"),
            cwd=tree,
            env=environment(cluster),
            stdout=out,
            stderr=out,
        )
        try:
            until(lambda: "Watching for changes" in log.read_text(), "skaffold dev watches", seconds=RUN_SECONDS)
            source = tree / SOURCE
            source.write_text(source.read_text().replace("Cloud is fun!", "Changed while it runs!"))
            until(
                lambda: "Changed while it runs!" in answers(cluster, BACKEND, HOME),
                "the changed source answers",
                seconds=60,
            )
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=60)
    assert "Syncing" in log.read_text()
    note("skaffold", {"dev": "a changed source answered"})
