"""The chart's NetworkPolicies, enforced by kube-network-policies: what must connect does, and nothing else."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.e2e.containers import DOCKER, image
from tests.e2e.kind import programs
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.peers import HARDENED, restricted
from tests.e2e.kind.release import NAME, Release, until
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule
from tests.e2e.kind.traffic import ROUTES, arrived, ask

pytestmark = pytest.mark.e2e
ENFORCER = "kube-network-policies"
SYSTEM = "kube-system"
STRANGER = "stranger"
QUEUE = 98
POLICIES = {"networkPolicy": {"enabled": True, "egress": {"enabled": True}}}
# Rules of iptables rather than nftables', which the program writes itself: not every kernel has nftables' queues.
CHAIN = (
    "-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
    "-m owner --uid-owner 0 -j RETURN",
    f"-j NFQUEUE --queue-num {QUEUE}",
)
CONNECT = """
import json, socket
from concurrent.futures import ThreadPoolExecutor
def connects(target):
    try:
        socket.create_connection(target, timeout=3).close()
    except OSError:
        return False
    return True
targets = {targets!r}
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(dict(zip(targets, pool.map(connects, targets.values())))))
"""


def chain(cluster: Cluster, *commands: str) -> None:
    """Run commands of iptables on the nodes that run pods."""
    script = " && ".join(f"iptables -t mangle {command}" for command in commands)
    for node in cluster.workers():
        cluster.run(DOCKER, "exec", node, "sh", "-c", script)


@pytest.fixture(scope="module")
def _enforced(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the enforcer on each node, and let it decide about new connections of pods."""
    cluster.apply(*_enforcer(programs.load(cluster, ENFORCER, tmp_path_factory.mktemp(ENFORCER))))
    cluster.kubectl("--namespace", SYSTEM, "rollout", "status", f"daemonset/{ENFORCER}", "--timeout=60s")
    chain(cluster, "-N POLICIES", *[f"-A POLICIES {rule}" for rule in CHAIN], "-I POSTROUTING -j POLICIES")
    yield
    chain(cluster, "-D POSTROUTING -j POLICIES", "-F POLICIES", "-X POLICIES")
    cluster.kubectl("--namespace", SYSTEM, "delete", f"daemonset/{ENFORCER}")


def _enforcer(name: str) -> list[dict[str, Any]]:
    """Build the program's objects: it reads pods, namespaces and policies, and runs in the nodes' network."""
    readable = [
        {"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list", "watch"]},
    ]
    container = {
        "name": ENFORCER,
        "image": name,
        "args": ["--node=$(NODE)", f"--queue={QUEUE}"],
        "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "securityContext": {"privileged": True, "runAsUser": 0},
    }
    pod = {"hostNetwork": True, "serviceAccountName": ENFORCER, "containers": [container]}
    labels = {"app": ENFORCER}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": ENFORCER}}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ENFORCER, "namespace": SYSTEM}},
        {**rbac, "kind": "ClusterRole", "rules": readable},
        {
            **rbac,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ENFORCER},
            "subjects": [{"kind": "ServiceAccount", "name": ENFORCER, "namespace": SYSTEM}],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": ENFORCER, "namespace": SYSTEM},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        },
    ]


@pytest.fixture(scope="module")
def stranger(release: Release) -> Iterator[str]:
    """Run a pod in the release's namespace that is not the release's; it listens on port 8000."""
    container = {
        "name": STRANGER,
        "image": image("cruddur-backend"),
        "command": ["python3", "-m", "http.server"],
        "securityContext": HARDENED,
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": STRANGER}, "spec": restricted([container], [])}
    release.apply(pod)
    release.kubectl("wait", "--for=condition=Ready", f"pod/{STRANGER}", "--timeout=60s")
    yield release.kubectl("get", "pod", STRANGER, "--output=jsonpath={.status.podIP}")
    release.kubectl("delete", "pod", STRANGER, "--now")


def connections(release: Release, stranger: str) -> Mapping[str, bool]:
    """Return who connects to what: a stranger to each part, and a backend to the stranger and the API server."""
    [operator] = release.pods("operator")
    backend = release.pods("backend")[0]["metadata"]["name"]
    parts = {
        "backend": ("cruddur-backend", 4567),
        "agent": ("cruddur-agent", 2000),
        "collector": ("cruddur-collector", 4318),
        "page": ("cruddur-xray-local", 8900),
        "operator": (operator["status"]["podIP"], 8080),
    }
    outside = {"stranger": (stranger, 8000), "API server": ("kubernetes.default", 443)}
    found = json.loads(release.python(STRANGER, CONNECT.format(targets=parts)))
    leaving = json.loads(release.python(backend, CONNECT.format(targets=outside)))
    return {f"to {part}": value for part, value in found.items()} | {
        f"backend to {part}": value for part, value in leaving.items()
    }


@pytest.mark.usefixtures("_enforced")
def test_only_what_the_policies_allow_connects(release: Release, store: Store, stranger: str) -> None:
    """Without them all connects; with them the release works as before, and of the rest only the backend answers."""
    release.ensure({})
    assert set(connections(release, stranger).values()) == {True}
    release.ensure(POLICIES)
    until(lambda: not connections(release, stranger)["to page"], "the policies are enforced")
    found = connections(release, stranger)
    assert [name for name in found if found[name]] == ["to backend"]
    assert "Succeeded" in release.helm("test", NAME, "--logs")
    for pod in release.pods("backend"):
        arrived(store, [trace_id for _, _, trace_id in ask(release, pod["metadata"]["name"], ROUTES)])
    release.apply(rule(0.5))
    release.kubectl("wait", "--for=condition=Ready", "--timeout=30s", "xsr/all")
    release.kubectl("delete", "xsr/all", "--timeout=30s")
