"""The operator is killed at every call to AWS of every scenario; the next process reaches the state of the resources.

FAULT_KILL_POINTS limits how many of its points each scenario is run at, spread over the scenarios; 0 is all.
"""

import os
from collections.abc import Callable

import pytest

from tests.integration.faults.actions import Actions
from tests.integration.faults.aws import Aws
from tests.integration.faults.environment import Environment
from tests.integration.faults.kill_points import Probe, ScenarioRunner, kill_points, spread
from tests.integration.faults.scenarios import SCENARIOS, Scenario
from tests.integration.faults.summary import KILL_POINTS
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process
LIMIT = int(os.environ.get("FAULT_KILL_POINTS", "0"))
NUMBERED = list(enumerate(SCENARIOS))[::-1]  # the last ones take longest: no process begins with them at the end


@pytest.fixture(scope="module")
def runner(fault_cluster: Cluster, aws: Aws, probe: Probe, seldom_reading: OperatorProcess) -> ScenarioRunner:
    """Return the runner of the scenarios, which kills the operator."""
    return ScenarioRunner(Actions(fault_cluster.admin, aws, Environment("kill-points")), probe, seldom_reading)


@pytest.mark.parametrize("half", [0, 1])  # of the points: one test would take two minutes, and others wait for it
@pytest.mark.parametrize(("index", "scenario"), NUMBERED, ids=[scenario.name for _, scenario in NUMBERED])
def test_a_killed_operator_ends_where_an_undisturbed_one_does(
    index: int, scenario: Scenario, half: int, runner: ScenarioRunner, record_property: Callable[[str, object], None]
) -> None:
    """At each call, before AWS carries it out, and after if it writes: the end is what the resources describe."""
    killed = 0
    try:
        calls = runner.record(scenario)
        assert calls, "the scenario makes no call to AWS"
        for call, when in spread(list(kill_points(calls)), LIMIT, index)[half::2]:
            runner.kill_at(scenario, call, when)
            killed += 1
    except BaseException:
        runner.reset()
        raise
    finally:
        record_property(KILL_POINTS, killed)
