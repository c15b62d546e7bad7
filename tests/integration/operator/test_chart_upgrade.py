"""An upgrade of the chart's previous version on a real API server, which refuses changes of immutable fields."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import previous_chart
from tools.local_cluster import Cluster
from tools.provide import ROOT, tool_path

pytestmark = pytest.mark.process
VALUES = sorted(path.name for path in (ROOT / "charts/cruddur/ci").glob("*-values.yaml"))
# The API server has no kinds of the Prometheus operator.
WITHOUT_MONITORS = "--set=monitoring.serviceMonitor.enabled=false,monitoring.prometheusRule.enabled=false"
KINDS = "deployments,daemonsets,services,configmaps,secrets,serviceaccounts,roles,rolebindings,persistentvolumeclaims"


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the chart of the previous version."""
    return previous_chart.extract(tmp_path_factory.mktemp("previous"))


@pytest.fixture
def namespace(api_server: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """Create a namespace, and delete what the release has outside it."""
    name = f"upgrade-{VALUES.index(request.node.callspec.params['values'])}"
    api_server.kubectl("create", "namespace", name)
    yield name
    helm(api_server, name, "uninstall", "demo", "--ignore-not-found")


def helm(cluster: Cluster, namespace: str, *arguments: str) -> None:
    """Run Helm without the chart's Jobs, which no kubelet would run."""
    scope = [f"--kubeconfig={cluster.folder / 'admin.kubeconfig'}", f"--namespace={namespace}", "--no-hooks"]
    run = subprocess.run([tool_path("helm"), *arguments, *scope], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def objects(cluster: Cluster, namespace: str) -> set[str]:
    """Return the kinds and names of a namespace's objects."""
    return set(cluster.kubectl("-n", namespace, "get", KINDS, "--output=name").split())


@pytest.mark.parametrize("values", VALUES)
def test_release_of_the_previous_version_is_upgraded_with_its_values(
    api_server: Cluster, previous: Path, namespace: str, values: str
) -> None:
    """No object gets another name, so no address and no volume changes."""
    file = f"--values={previous / 'ci' / values}"
    helm(api_server, namespace, "install", "demo", str(previous), file, WITHOUT_MONITORS, "--skip-crds")
    before = objects(api_server, namespace)
    helm(api_server, namespace, "upgrade", "demo", str(ROOT / "charts/cruddur"), "--reset-then-reuse-values")
    assert before - objects(api_server, namespace) == set()
