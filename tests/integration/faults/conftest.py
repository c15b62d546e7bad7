"""The fault suite's cluster, its proxy and AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.faults.actions import Actions
from tests.integration.faults.aws import Aws
from tests.integration.faults.environment import CLUSTER_ID, Environment
from tests.integration.faults.kill_points import Probe
from tests.integration.faults.proxy import Proxy
from tools import local_cluster
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess


@pytest.fixture(scope="session")
def fault_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run an API server for the suite."""
    with local_cluster.running(tmp_path_factory.mktemp("fault-cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def proxy(fault_cluster: Cluster) -> Iterator[Proxy]:
    """Run the proxy in front of it."""
    with Proxy(fault_cluster.admin.server, fault_cluster.admin.ca) as running:
        yield running


@pytest.fixture(scope="session")
def kubeconfig(fault_cluster: Cluster, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the operator's kubeconfig: through the proxy, with the chart's rights."""
    file = tmp_path_factory.mktemp("kubeconfig") / "operator"
    return fault_cluster.operator_client().kubeconfig(file, proxy.url)


@pytest.fixture(scope="module")
def aws(xray_local_process: Any) -> Iterator[Aws]:
    """Return xray-local, emptied for each module."""
    reached = Aws(xray_local_process.api, xray_local_process.agent)
    reached.reset()
    yield reached
    reached.reset()
    reached.close()


@pytest.fixture(scope="module")
def seldom_reading(aws: Aws, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """Run an operator that reads AWS at its start and on request, not at an interval."""
    folder = tmp_path_factory.mktemp("operator")
    options: dict[str, float | str] = {"cluster_id": CLUSTER_ID, "interval": 86_400, "write_rate": 1000}
    with OperatorProcess(folder, api=aws.api, kubeconfig=kubeconfig, **options) as running:
        running.start()
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def probe(fault_cluster: Cluster, aws: Aws) -> Probe:
    """Return the probe, by which a test makes the operator read AWS."""
    return Probe(Actions(fault_cluster.admin, aws, Environment("probe")))
