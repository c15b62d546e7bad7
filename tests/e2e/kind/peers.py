"""What stands outside the release in some tests: an xray-local in AWS's place, or in Honeycomb's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.e2e.containers import image
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import RESTRICTED, Release
from tests.e2e.kind.store import Store, opened

AWS = "aws"  # the namespace of the one that stands in for AWS
READY = {"httpGet": {"path": "/_local/health", "port": 8900}, "periodSeconds": 1}
_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@contextmanager
def running(cluster: Cluster, name: str) -> Iterator[Store]:
    """Run one in a namespace of its own, both under one name, and remove it."""
    start(cluster, name, name)
    with opened(cluster, name, name) as found:
        yield found
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def endpoint(name: str) -> str:
    """Return the address in the cluster of the one that is `running`."""
    return f"http://{name}.{name}.svc:8900"


def outside(name: str) -> dict[str, Any]:
    """Return the values by which a release takes the one that is `running` for AWS, with the keys of `give_keys`."""
    return {
        "xrayLocal": {"enabled": False},
        "aws": {
            "region": "eu-west-1",
            "endpoint": endpoint(name),
            "credentials": {"mode": "secret", "existingSecret": "keys"},
        },
        "operator": {"clusterId": "e2e"},
    }


def give_keys(release: Release) -> None:
    """Put the Secret that `outside` names into a release's namespace."""
    release.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": _KEYS})


def restricted(containers: Sequence[Mapping[str, Any]], volumes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a pod's spec that Pod Security `restricted` takes, when its containers are HARDENED."""
    return {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": list(containers),
        "volumes": list(volumes),
    }


def start(cluster: Cluster, namespace: str, name: str) -> str:
    """Run one under a Service and return the name of its host, as pods of other namespaces need it."""
    host = f"{name}.{namespace}.svc"
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}},
        _deployment(namespace, name, host),
        _service(namespace, name),
    )
    cluster.kubectl("--namespace", namespace, "rollout", "status", f"deployment/{name}", "--timeout=60s")
    return host


def _service(namespace: str, name: str) -> dict[str, Any]:
    ports = [{"name": "api", "port": 8900}, {"name": "otlp", "port": 4318}]
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def _deployment(namespace: str, name: str, host: str) -> dict[str, Any]:
    container = {
        "name": "xray-local",
        "image": image("xray-local"),
        "env": [{"name": "XRAY_LOCAL_ALLOW_HOST", "value": host}],
        "readinessProbe": READY,
        "securityContext": HARDENED,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    pod = restricted([container], [{"name": "tmp", "emptyDir": {}}])
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
