"""The operator is killed at every call to AWS of every scenario; the next one makes of it what is asked for.

FAULT_KILL_POINTS limits how many of its points each scenario is run at, spread over the scenarios; 0 is all.
"""

import os
from collections.abc import Callable

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.faults.hands import Hands
from tests.integration.faults.kill_points import Executioner, Probe, kill_points, spread
from tests.integration.faults.scenarios import SCENARIOS, Scenario
from tests.integration.faults.summary import KILL_POINTS
from tests.integration.faults.world import World
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process
LIMIT = int(os.environ.get("FAULT_KILL_POINTS", "0"))


@pytest.fixture(scope="module")
def executioner(fault_cluster: Cluster, aws: Aws, probe: Probe, seldom_reading: OperatorProcess) -> Executioner:
    """Return the one who kills the operator."""
    return Executioner(Hands(fault_cluster.admin, aws, World("kill-points")), probe, seldom_reading)


@pytest.mark.parametrize(
    ("index", "scenario"), list(enumerate(SCENARIOS)), ids=[scenario.name for scenario in SCENARIOS]
)
def test_a_killed_operator_ends_where_an_undisturbed_one_does(
    index: int, scenario: Scenario, executioner: Executioner, record_property: Callable[[str, object], None]
) -> None:
    """At each call, before it is done, and after if it writes: the end is what the resources ask for."""
    killed = 0
    try:
        calls = executioner.record(scenario)
        assert calls, "the scenario makes no call to AWS"
        for call, when in spread(list(kill_points(calls)), LIMIT, index):
            executioner.kill_at(scenario, call, when)
            killed += 1
    except BaseException:
        executioner.start_over()
        raise
    finally:
        record_property(KILL_POINTS, killed)
