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
from tests.integration.faults.pair import LEASE_SECONDS, OperatorPair
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.schedules import schedule
from tests.integration.faults.steps import Context
from tests.integration.faults.summary import SEED
from tools.local_cluster import ApiError, Cluster, lease_of
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Number the schedules from the first seed on."""
    if "seed" in metafunc.fixturenames:
        first, number = int(os.environ.get("FAULT_SEED", "1")), int(os.environ.get("FAULT_SCHEDULES", "100"))
        metafunc.parametrize("seed", range(first, first + number))


@pytest.fixture(scope="module")
def operators(
    fault_cluster: Cluster, aws: Aws, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorPair]:
    """Run two operators with one Lease for all schedules."""
    folder, (namespace, name) = tmp_path_factory.mktemp("schedules"), lease_of()
    options: dict[str, float | str] = {"cluster_id": CLUSTER_ID, "interval": 1, "aws_timeout": 1, "write_rate": 1000}
    election: dict[str, float | str] = {"lease": f"{namespace}/{name}", "lease_seconds": LEASE_SECONDS}
    processes = {
        identity: OperatorProcess(
            folder / identity, api=aws.api, kubeconfig=kubeconfig, identity=identity, **election, **options
        )
        for identity in ("first", "second")
    }
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"

    def holder() -> str:
        try:
            return str(fault_cluster.admin.call("GET", path)["spec"].get("holderIdentity") or "")
        except ApiError:
            return ""

    pair = OperatorPair(processes, holder)
    try:
        pair.start()
        yield pair
    finally:
        pair.kill()


@pytest.fixture(scope="module")
def context(fault_cluster: Cluster, aws: Aws, proxy: Proxy, operators: OperatorPair) -> Context:
    """Return what the schedules act on."""
    return Context(Actions(fault_cluster.admin, aws, Environment("schedules")), operators, fault_cluster, proxy)


def test_a_schedule_ends_as_the_resources_describe(
    seed: int, context: Context, record_property: Callable[[str, object], None]
) -> None:
    """Whatever fails meanwhile: nothing is missing, nothing is left, no foreign object is changed."""
    record_property(SEED, seed)
    try:
        _run(seed, context)
    except BaseException:
        context.operators.kill()
        context.actions.reset()
        context.operators.start()
        raise


def _run(seed: int, context: Context) -> None:
    written = schedule(seed)
    for step in written.steps:
        step.do(context)
        context.operators.revive()
    context.actions.aws.script([])
    _demand("the schedule", str(written), context)
    context.actions.clear()
    _demand("everything was deleted", str(written), context)


def _demand(after: str, written: str, context: Context) -> None:
    problems = context.actions.settle(context.operators.revive)
    listed = "\n".join(f"- {problem}" for problem in problems)
    assert not problems, f"after {after}:\n{listed}\n{written}\n{context.operators.log}"
