"""One API server and one operator for each file of tests; each test has a namespace and an empty AWS.

None of them outlives its file: the operator reads AWS each second, which other tests would see in their xray-local.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.bench import Bench
from tools import local_cluster
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

_NUMBERS = count(1)
CLUSTER_ID = "test"


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run an API server with our CRDs."""
    with local_cluster.running(tmp_path_factory.mktemp("api-server")) as running:
        yield running


@pytest.fixture(scope="module")
def aws_process(xray_local_process: Any) -> Iterator[Aws]:
    """Give xray-local by both doors."""
    aws = Aws(xray_local_process.api, xray_local_process.agent)
    yield aws
    aws.reset()
    aws.close()


@pytest.fixture(scope="module")
def operator_process(
    api_server: Cluster, aws_process: Aws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """Run an operator with the chart's rights that reads AWS each second."""
    folder = tmp_path_factory.mktemp("operator")
    kubeconfig = api_server.operator_client().kubeconfig(folder / "kubeconfig")
    options: dict[str, float | str] = {"cluster_id": CLUSTER_ID, "interval": 1, "aws_timeout": 1, "log_level": "info"}
    with OperatorProcess(folder, api=aws_process.api, kubeconfig=kubeconfig, **options) as running:
        running.start()
        running.wait_ready()
        yield running


@pytest.fixture
def bench(api_server: Cluster, aws_process: Aws, operator_process: OperatorProcess) -> Iterator[Bench]:
    """Give a namespace of its own, with the operator at work and nothing in AWS."""
    aws_process.reset()
    made = Bench(api_server, aws_process, operator_process, f"test-{next(_NUMBERS)}")
    yield made
    made.clear()
