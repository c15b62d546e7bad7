"""One API server for a session; one operator for each file; for each test a namespace and an empty AWS.

No operator outlives its file: it reads AWS each second, which other tests would see in the session's xray-local.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.fixture import OperatorFixture, make_operator
from tools import local_cluster
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run an API server with our CRDs."""
    with local_cluster.running(tmp_path_factory.mktemp("api-server")) as running:
        yield running


@pytest.fixture(scope="module")
def aws(xray_local_process: Any) -> Iterator[Aws]:
    """Return xray-local as the operator and as another client reach it."""
    aws = Aws(xray_local_process.api, xray_local_process.agent)
    yield aws
    aws.reset()
    aws.close()


@pytest.fixture(scope="module")
def operator_process(
    api_server: Cluster, aws: Aws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """Run an operator for all namespaces."""
    with make_operator(api_server, aws, tmp_path_factory.mktemp("operator"), log_level="info") as process:
        process.start()
        process.wait_ready()
        yield process


@pytest.fixture
def operator(api_server: Cluster, aws: Aws, operator_process: OperatorProcess) -> Iterator[OperatorFixture]:
    """Return a namespace of its own, with a running operator and nothing in AWS."""
    aws.reset()
    if not operator_process.is_running:
        operator_process.start()
        operator_process.wait_ready()
    fixture = OperatorFixture(api_server, aws, operator_process, f"test-{next(_NUMBERS)}")
    yield fixture
    if not operator_process.is_running:
        operator_process.start()
    aws.script([])
    fixture.delete_all()
