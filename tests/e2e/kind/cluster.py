"""The kind cluster that the tests run on: KUBECONFIG's, if it is ours, or one that is made and removed.

Each process of pytest has a cluster of its own, on free host ports, so that several run beside each other and beside
that of `make dev`.
"""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.e2e.containers import DOCKER, image
from tests.e2e.kind.results import FOLDER
from tools.kind_cluster import CONFIG, create_command, in_docker, peer_images
from tools.local_cluster import free_port
from tools.provide import ROOT, tool_path

NAME = "cruddur-e2e"
OURS = "kind-cruddur"  # a context that begins so may be used; any other cluster is left alone
MAKE_SECONDS = 900
CALL_SECONDS = 240
SERVICES = "10.96.0.0/16"  # kind's default
IMAGES = (image("cruddur-backend"), image("xray-operator"), image("xray-local"))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: its kind name and the file by which kubectl and helm find it.

    `host_ports` are the ports on 127.0.0.1 at which the node ports that kind-config.yaml maps are reached.
    A cluster that is not `temporary` was there before the tests and is kept.
    """

    name: str
    kubeconfig: Path
    host_ports: Mapping[int, int]
    temporary: bool = False

    def run(self, *command: str | Path, text: str | None = None, seconds: float = CALL_SECONDS) -> str:
        """Run a command for this cluster and return what it wrote; AssertionError with its complaint if it fails."""
        run = subprocess.run(
            command,
            input=text,
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        shown = " ".join(str(part) for part in command)
        assert run.returncode == 0, f"{shown}: {run.stdout[-2000:]}{run.stderr[-4000:]}"
        return run.stdout

    def environment(self) -> Mapping[str, str]:
        """Return the variables under which tools use this cluster and our bin/."""
        path = f"{ROOT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "PATH": path}

    def kubectl(self, *arguments: str, text: str | None = None, seconds: float = CALL_SECONDS) -> str:
        """Run kubectl."""
        return self.run(tool_path("kubectl"), *arguments, text=text, seconds=seconds)

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Apply objects."""
        self.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(documents))

    def items(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """Return the objects of a kind; `arguments` are a namespace and selectors."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "--output=json", *arguments))["items"]
        return found

    def names(self, *scope: str) -> set[str]:
        """Return all objects of all kinds, as `kind/name`, but events: those of --namespace=..., or of no namespace."""
        kinds = self.kubectl("api-resources", "--verbs=list", "--output=name", f"--namespaced={bool(scope)}".lower())
        wanted = [kind for kind in kinds.split() if kind.partition(".")[0] != "events"]
        return set(self.kubectl("get", ",".join(wanted), "--output=name", *scope).split())

    def workers(self) -> list[str]:
        """Return the names of the nodes that run pods: all but the control plane, unless it is alone."""
        nodes = self.items("nodes")
        others = [node for node in nodes if "node-role.kubernetes.io/control-plane" not in node["metadata"]["labels"]]
        return sorted(node["metadata"]["name"] for node in others or nodes)

    def load(self, images: Sequence[str]) -> None:
        """Put images that Docker has on the nodes that run pods; kind would check each node for each image first."""
        with TemporaryDirectory() as folder:
            archive = Path(folder, "images.tar")
            self.run(DOCKER, "save", "--output", archive, *images)
            load = (tool_path("kind"), "load", "image-archive", archive, "--name", self.name)
            self.run(*load, "--nodes", ",".join(self.workers()), seconds=MAKE_SECONDS)

    def export_logs(self, folder: Path) -> None:
        """Keep kind's logs of the nodes and their pods. Raises nothing, since a test has failed already."""
        with contextlib.suppress(AssertionError, OSError, subprocess.SubprocessError):
            self.run(tool_path("kind"), "export", "logs", "--name", self.name, folder)


def _taken(environ: Mapping[str, str]) -> Cluster | None:
    """Return the cluster of KUBECONFIG if its current context is a kind cluster of this project."""
    file = environ.get("KUBECONFIG")
    if not file or not Path(file).exists():
        return None
    context = (yaml.safe_load(Path(file).read_text()) or {}).get("current-context") or ""
    if not context.startswith(OURS):
        return None
    return Cluster(context.removeprefix("kind-"), Path(file), _host_ports(yaml.safe_load(CONFIG.read_text())))


def _refuse_neighbours(cluster: Cluster) -> None:
    """Two operators of the whole cluster would fight over each other's resources."""
    releases = json.loads(cluster.run(tool_path("helm"), "list", "--all-namespaces", "--output=json"))
    others = [
        f"{release['name']} in {release['namespace']}"
        for release in releases
        if release["chart"].startswith("cruddur-")
    ]
    assert not others, f"{cluster.name} has a release of the chart: {', '.join(others)}; expected none (helm uninstall)"


def _mappings(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [mapping for node in config["nodes"] for mapping in node.get("extraPortMappings", ())]


def _host_ports(config: Mapping[str, Any]) -> dict[int, int]:
    return {mapping["containerPort"]: mapping["hostPort"] for mapping in _mappings(config)}


def _with_free_ports(config: dict[str, Any]) -> dict[str, Any]:
    for mapping in _mappings(config):
        mapping["hostPort"] = free_port()
    return config


@contextmanager
def running(folder: Path, environ: Mapping[str, str]) -> Iterator[Cluster]:
    """Return a cluster of kind-config.yaml with the images on its nodes; what was made here is removed."""
    taken = _taken(environ)
    if taken is not None:
        _refuse_neighbours(taken)
        taken.load(images())
        yield taken
        return
    config = _with_free_ports(yaml.safe_load(CONFIG.read_text()))
    (folder / CONFIG.name).write_text(yaml.safe_dump(config))
    name = "-".join([NAME, *filter(None, [environ.get("PYTEST_XDIST_WORKER")])])
    made = Cluster(name, folder / "kubeconfig", _host_ports(config), temporary=True)
    delete = (tool_path("kind"), "delete", "cluster", "--name", name)
    made.run(*delete)  # of a run that was killed
    try:
        _make(made, folder / CONFIG.name, environ.get("KIND_NODE_IMAGE"))
        yield made
    finally:
        made.run(*delete)


def _make(cluster: Cluster, config: Path, node_image: str | None) -> None:
    # By itself kind removes at once what has failed, and with it every reason.
    create = (*create_command(cluster.name, node_image, config), "--retain")
    try:
        cluster.run(*create, "--wait=0s", seconds=MAKE_SECONDS)
        _reject_unrouted(cluster)
        cluster.load(images())
        cluster.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=180s")
    except (AssertionError, subprocess.SubprocessError):
        cluster.export_logs(FOLDER / "nodes")
        raise


def _reject_unrouted(cluster: Cluster) -> None:
    """Keep what kube-proxy does not route from leaving the nodes.

    While a Service gets its first endpoint, connections to its address can pass between two tables of rules. Something
    outside that answers them, as a proxy does with 404, would keep them for as long as they are used.
    """
    rule = f"-d {SERVICES} -p tcp -j REJECT --reject-with tcp-reset"
    for node in cluster.workers():
        cluster.run(DOCKER, "exec", node, "sh", "-c", f"iptables -I FORWARD {rule}")


def images() -> list[str]:
    """Return our images, and the peers' that Docker has already, so that the nodes need not pull them."""
    return [*IMAGES, *in_docker(peer_images(), DOCKER)]
