"""Random schedules of changes and faults: in the end AWS and the cluster are as the resources describe.

FAULT_SCHEDULES is their number and FAULT_SEED the first seed; a failure prints its own.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.faults.actions import Actions
from tests.integration.faults.aws import Aws
from tests.integration.faults.environment import CLUSTER_ID, Environment
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.schedules import schedule
from tests.integration.faults.steps import Context
from tests.integration.faults.summary import SEED
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Number the schedules from the first seed on."""
    if "seed" in metafunc.fixturenames:
        first, number = int(os.environ.get("FAULT_SEED", "1")), int(os.environ.get("FAULT_SCHEDULES", "100"))
        metafunc.parametrize("seed", range(first, first + number))


@pytest.fixture(scope="module")
def operator(aws: Aws, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """Run one operator for all schedules."""
    folder = tmp_path_factory.mktemp("schedules")
    options: dict[str, float | str] = {"cluster_id": CLUSTER_ID, "interval": 1, "aws_timeout": 1, "write_rate": 1000}
    with OperatorProcess(folder, api=aws.api, kubeconfig=kubeconfig, **options) as running:
        running.start()
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def context(fault_cluster: Cluster, aws: Aws, proxy: Proxy, operator: OperatorProcess) -> Context:
    """Return what the schedules act on."""
    return Context(Actions(fault_cluster.admin, aws, Environment("schedules")), operator, fault_cluster, proxy)


def test_a_schedule_ends_as_the_resources_describe(
    seed: int, context: Context, record_property: Callable[[str, object], None]
) -> None:
    """Whatever fails meanwhile: nothing is missing, nothing is left, no foreign object is changed."""
    record_property(SEED, seed)
    try:
        _run(seed, context)
    except BaseException:
        context.operator.kill()
        context.actions.reset()
        context.operator.start()
        raise


def _run(seed: int, context: Context) -> None:
    written = schedule(seed)
    for step in written.steps:
        step.do(context)
        context.operator.revive()
    context.actions.aws.script([])
    _demand("the schedule", str(written), context)
    context.actions.clear()
    _demand("everything was deleted", str(written), context)


def _demand(after: str, written: str, context: Context) -> None:
    problems = context.actions.settle(context.operator.revive)
    listed = "\n".join(f"- {problem}" for problem in problems)
    assert not problems, f"after {after}:\n{listed}\n{written}\n{context.operator.log[-5000:]}"
