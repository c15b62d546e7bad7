"""The operator is killed at every call to AWS of every scenario; the next one makes of it what is asked for."""

import pytest

from tests.cluster import Cluster
from tests.integration.faults.aws import Aws
from tests.integration.faults.hands import Hands
from tests.integration.faults.kill_points import Executioner, Probe, kill_points
from tests.integration.faults.scenarios import SCENARIOS, Scenario
from tests.integration.faults.tally import Tally
from tests.integration.faults.world import World
from tests.integration.operator_process import OperatorProcess

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def executioner(fault_cluster: Cluster, aws: Aws, probe: Probe, seldom_reading: OperatorProcess) -> Executioner:
    """Give the one who kills the operator."""
    return Executioner(Hands(fault_cluster.admin, aws, World("kill-points")), probe, seldom_reading)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_killed_operator_ends_where_an_undisturbed_one_does(
    scenario: Scenario, executioner: Executioner, tally: Tally
) -> None:
    """At each call, before it is done, and after if it writes: the end is what the resources ask for."""
    tally.scenarios += 1
    try:
        calls = executioner.record(scenario)
        assert calls, "the scenario makes no call to AWS"
        for call, when in kill_points(calls):
            executioner.kill_at(scenario, call, when)
            tally.kill_points += 1
    except BaseException:
        tally.violations += 1
        executioner.start_over()
        raise
