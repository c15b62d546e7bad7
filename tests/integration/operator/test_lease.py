"""The Lease of the leader election: the chart's, one that is missing, and one that may not be created."""

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.fixture import OperatorFixture, make_operator
from tools.local_cluster import Cluster, lease_of
from tools.provide import ROOT, tool_path
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.credentials import find_credentials
from xray_operator.kubernetes.lease import Lease, LeaseApi

pytestmark = pytest.mark.process
CHART = ROOT / "charts/cruddur"
NAME = "demo-cruddur-operator"
TIME = "2026-01-01T00:00:00.000000Z"
HELD = {"spec": {"holderIdentity": "first", "leaseDurationSeconds": 15, "leaseTransitions": 3}}


def helm(tool: str, cluster: Cluster, *arguments: str) -> None:
    """Run a version of Helm in a namespace of its own, without the chart's Jobs, which no kubelet would run."""
    scope = [f"--kubeconfig={cluster.folder / 'admin.kubeconfig'}", f"--namespace=lease-{tool}", "--no-hooks"]
    subprocess.run([tool_path(tool), *arguments, *scope], capture_output=True, check=True)


def read(cluster: Cluster, namespace: str) -> list[Mapping[str, Any]]:
    """Return the Leases of a namespace."""
    text = cluster.kubectl("-n", namespace, "get", "leases", "--output=json")
    found: list[Mapping[str, Any]] = json.loads(text)["items"]
    return found


@pytest.mark.parametrize("tool", ["helm", "helm3"])
def test_upgrade_keeps_the_holder_and_uninstall_deletes_the_lease(api_server: Cluster, tool: str) -> None:
    """The chart's Lease has no spec: Helm neither writes nor owns the operator's."""
    values = f"--values={CHART / 'ci/operator-alone-values.yaml'}"
    helm(tool, api_server, "install", "demo", str(CHART), values, "--create-namespace", "--skip-crds")
    [created] = read(api_server, f"lease-{tool}")
    assert created.get("spec", {}) == {}
    api_server.kubectl("-n", f"lease-{tool}", "patch", "lease", NAME, "--type=merge", "--patch", json.dumps(HELD))
    helm(tool, api_server, "upgrade", "demo", str(CHART), values, "--set=commonLabels.team=shop", "--skip-crds")
    [upgraded] = read(api_server, f"lease-{tool}")
    assert upgraded["metadata"]["labels"]["team"] == "shop"
    assert upgraded["spec"] == HELD["spec"]
    helm(tool, api_server, "uninstall", "demo")
    assert read(api_server, f"lease-{tool}") == []


def test_missing_lease_that_may_not_be_created_is_reported_once(api_server: Cluster, aws: Aws, tmp_path: Path) -> None:
    """The process is not ready meanwhile, and leads when another client has created the Lease."""
    namespace, name = lease_of()
    with make_operator(api_server, aws, tmp_path, lease_seconds=3) as process:
        role = [{"op": "replace", "path": "/rules/0/verbs", "value": ["get", "update"]}]
        api_server.kubectl("-n", namespace, "patch", "role", f"{name}-lease", "--type=json", "-p", json.dumps(role))
        api_server.kubectl("-n", namespace, "delete", "lease", name)
        operator = OperatorFixture(api_server, aws, process, "test-lease")
        process.start()
        operator.wait_until(lambda: "lease.unavailable" in process.log, expected=True)
        attempts = len(api_server.audited(":operator"))
        operator.wait_until(lambda: len(api_server.audited(":operator")) > attempts + 5, expected=True)
        [line] = [json.loads(line) for line in process.log.splitlines() if "lease.unavailable" in line]
        expected = f"--lease: '{namespace}/{name}': not found: expected the Lease, or the right to create it: "
        assert line["error"].startswith(expected)
        assert not process.is_ready()
        api_server.kubectl("-n", namespace, "create", "-f", "-", text=json.dumps(unheld(name)))
        operator.wait_until(lambda: process.leads, expected=True)


def unheld(name: str) -> Mapping[str, Any]:
    """Return a Lease without a spec."""
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}}


def test_lease_that_another_process_created_first_is_a_conflict(
    api_server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the right to create one Lease by its name, and no other."""
    monkeypatch.setitem(os.environ, "KUBECONFIG", str(api_server.operator_client().kubeconfig(tmp_path / "config")))
    namespace, name = lease_of()
    api_server.kubectl("-n", namespace, "delete", "lease", name)

    async def create(name: str) -> int:
        leases = LeaseApi(find_credentials, namespace, name)
        try:
            await leases.write(Lease(holder="first", seconds=15, acquired=TIME, renewed=TIME))
        except KubernetesError as error:
            return error.status
        finally:
            await leases.close()
        return 201

    assert [asyncio.run(create(lease)) for lease in (name, name, "another")] == [201, 409, 403]
    api_server.kubectl("-n", namespace, "delete", "lease", name)
