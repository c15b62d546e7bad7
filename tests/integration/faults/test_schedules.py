"""Random schedules of changes and faults: when all is over, AWS and the cluster are as the resources ask.

FAULT_SCHEDULES is their number and FAULT_SEED the first seed; a failure prints its own.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.faults.hands import Hands
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.schedules import schedule
from tests.integration.faults.steps import Stage
from tests.integration.faults.summary import SEED
from tests.integration.faults.world import CLUSTER_ID, World
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
def stage(fault_cluster: Cluster, aws: Aws, proxy: Proxy, operator: OperatorProcess) -> Stage:
    """Return what the schedules act on."""
    return Stage(Hands(fault_cluster.admin, aws, World("schedules")), operator, fault_cluster, proxy)


def test_a_schedule_ends_as_the_resources_ask(
    seed: int, stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    """Whatever fails meanwhile: nothing is missing, nothing is left, nothing of others is touched."""
    record_property(SEED, seed)
    try:
        _run(seed, stage)
    except BaseException:
        stage.operator.kill()
        stage.hands.start_over()
        stage.operator.start()
        raise


def _run(seed: int, stage: Stage) -> None:
    written = schedule(seed)
    for step in written.steps:
        step.do(stage)
        stage.operator.revive()
    stage.hands.aws.script([])
    _demand("the schedule", str(written), stage)
    stage.hands.clear()
    _demand("everything was deleted", str(written), stage)


def _demand(after: str, written: str, stage: Stage) -> None:
    problems = stage.hands.settle(stage.operator.revive)
    told = "\n".join(f"- {problem}" for problem in problems)
    assert not problems, f"after {after}:\n{told}\n{written}\n{stage.operator.log[-5000:]}"
