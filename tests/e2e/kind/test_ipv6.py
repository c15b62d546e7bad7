"""A cluster of IPv6 alone: the release works, by both wires."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.containers import DOCKER
from tests.e2e.kind import cluster as kind
from tests.e2e.kind.release import NAME, installed
from tests.e2e.kind.store import opened
from tests.e2e.kind.test_sampling import rule
from tests.e2e.kind.traffic import ROUTES, arrived, ask
from tools.kind_cluster import create_command
from tools.provide import tool_path

pytestmark = pytest.mark.e2e
CONFIG = {
    "kind": "Cluster",
    "apiVersion": "kind.x-k8s.io/v1alpha4",
    "networking": {"ipFamily": "ipv6", "disableDefaultCNI": True},
    "nodes": [{"role": "control-plane"}],
}
# One node needs no routes to others, and a node image's own network may be of IPv4 alone.
NETWORK = {
    "cniVersion": "0.3.1",
    "name": "pods",
    "plugins": [
        {
            "type": "ptp",
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "fd00:10:244::/64"}]],
                "routes": [{"dst": "::/0"}],
            },
        }
    ],
}


@pytest.fixture
def ipv6(tmp_path: Path) -> Iterator[kind.Cluster]:
    """A cluster of one node with the images."""
    name = "-".join([kind.NAME, "ipv6", *filter(None, [os.environ.get("PYTEST_XDIST_WORKER")])])
    made = kind.Cluster(name, tmp_path / "kubeconfig", {}, temporary=True)
    (tmp_path / "kind.yaml").write_text(yaml.safe_dump(CONFIG))
    (tmp_path / "network").write_text(json.dumps(NETWORK))
    node = f"{name}-control-plane"
    try:
        create = create_command(name, os.environ.get("KIND_NODE_IMAGE"), tmp_path / "kind.yaml")
        made.run(*create, "--wait=0s", seconds=kind.MAKE_SECONDS)
        made.run(DOCKER, "cp", tmp_path / "network", f"{node}:/etc/cni/net.d/10-pods.conflist")
        made.run(DOCKER, "exec", node, "sysctl", "--write", "net.ipv6.conf.all.forwarding=1")
        made.load(kind.images())
        made.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s")
        yield made
    finally:
        made.run(tool_path("kind"), "delete", "cluster", "--name", name)


def test_the_release_works_on_a_cluster_of_ipv6_alone(ipv6: kind.Cluster, tmp_path: Path) -> None:
    """Each route is one trace by both wires, and a rule reaches X-Ray; no address is of IPv4."""
    with installed(ipv6, "cruddur-e2e", tmp_path, remove=False) as release:
        release.ensure({"ipv6": True, "tracing": {"agent": "collector"}, "backend": {"replicas": 1}})
        assert all(":" in pod["status"]["podIP"] for pod in release.pods())
        assert "Succeeded" in release.helm("test", NAME, "--logs")
        [backend] = release.pods("backend")
        with opened(ipv6, release.namespace) as store:
            arrived(store, [trace_id for _, _, trace_id in ask(release, backend["metadata"]["name"], ROUTES)])
        release.apply(rule(0.5))
        release.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "xsr/all")
