"""What stands outside the release in some tests: an xray-local in AWS's place, or in Honeycomb's."""

from typing import Any

from tests.e2e.containers import image
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import RESTRICTED

READY = {"httpGet": {"path": "/_local/health", "port": 8900}, "periodSeconds": 1}
HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def start(cluster: Cluster, namespace: str, name: str) -> str:
    """Run one under a Service and give the name of its host, as pods of other namespaces need it."""
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
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
