"""The operator is killed at every call to AWS of every scenario; the next one makes of it what is asked for."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.integration.faults.aws import Aws
from tests.integration.faults.hands import Hands
from tests.integration.faults.kill_points import Executioner, When
from tests.integration.faults.scenarios import SCENARIOS, Scenario
from tests.integration.faults.tally import Tally
from tests.integration.faults.world import CLUSTER_ID, World
from tests.integration.operator_process import OperatorProcess

pytestmark = pytest.mark.process
TIMES: tuple[When, ...] = ("before",)
NEVER = 86_400  # seconds between two reads: only the scenario's own calls are made

BUGS = {  # of the operator, to be mended there; a test that passes then says so
    "expire_surprise": "what was there before is not kept when the adoption follows a refused creation",
    "stolen_rule_keep": "a change of the deletion policy takes over an object that is another's by now",
    "stolen_rule_expire": "an expiry deletes an object that is another's by now",
}


def _parameter(scenario: Scenario) -> Any:
    reason = BUGS.get(scenario.name)
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(scenario, id=scenario.name, marks=marks)


@pytest.fixture(scope="module")
def executioner(
    fault_cluster: Cluster, aws: Aws, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Executioner]:
    """Run an operator and give the one who kills it."""
    operator = OperatorProcess(
        tmp_path_factory.mktemp("kill-points"),
        api=aws.api,
        kubeconfig=kubeconfig,
        cluster_id=CLUSTER_ID,
        interval=NEVER,
        write_rate=1000,
    )
    hands, probe = (Hands(fault_cluster.admin, aws, World(one)) for one in ("kill-points", "probe"))
    with operator:
        operator.start()
        operator.wait_ready()
        yield Executioner(hands, probe, operator)


@pytest.mark.parametrize("scenario", list(map(_parameter, SCENARIOS)))
def test_a_killed_operator_ends_where_an_undisturbed_one_does(
    scenario: Scenario, executioner: Executioner, tally: Tally
) -> None:
    """At each call, before it is done and after: the end is what the resources ask for."""
    tally.scenarios += 1
    try:
        calls = executioner.record(scenario)
        assert calls, "the scenario makes no call to AWS"
        for call, when in product(calls, TIMES):
            executioner.kill_at(scenario, call, when)
            tally.kill_points += 1
    except BaseException:
        tally.violations += 1
        executioner.start_over()
        raise
