"""Two operators with one Lease: one writes, the other takes over after a kill, a clean end or a freeze of the first."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.fixture import OperatorFixture, group, make_operator, rule
from tools.local_cluster import Cluster, lease_of
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process
LEASE_SECONDS = 3
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def operators(
    api_server: Cluster, aws: Aws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[OperatorProcess]]:
    """Run two operators that differ only in their identity."""
    api_server.kubectl("-n", lease_of()[0], "delete", "lease", lease_of()[1], "--ignore-not-found")
    folder = tmp_path_factory.mktemp("two")
    made = [
        make_operator(api_server, aws, folder / name, identity=name, lease_seconds=LEASE_SECONDS)
        for name in ("first", "second")
    ]
    for process in made:
        process.start()
    yield made
    for process in made:
        process.kill()


@pytest.fixture
def leading(
    operators: list[OperatorProcess], api_server: Cluster, aws: Aws
) -> Iterator[tuple[OperatorFixture, OperatorProcess]]:
    """Return a namespace with the leader as its operator, and the standby."""
    aws.reset()
    for process in operators:
        if not process.is_running:
            process.start()
        process.wait_ready()
    namespace = f"two-{next(_NUMBERS)}"
    leader, standby = sorted(operators, key=lambda process: not process.leads)
    fixture = OperatorFixture(api_server, aws, leader, namespace)
    fixture.wait_until(lambda: [leader.leads, standby.leads], [True, False])
    yield fixture, standby
    aws.script([])
    fixture.delete_all()


def lease(operator: OperatorFixture) -> dict[str, Any]:
    """Read the Lease's spec."""
    namespace, name = lease_of()
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"
    return dict(operator.cluster.admin.call("GET", path)["spec"])


def seconds_until_it_leads(process: OperatorProcess) -> float:
    """Wait until a process leads."""
    start = time.monotonic()
    while not process.leads:
        assert time.monotonic() < start + 30, process.log[-3000:]
        time.sleep(0.02)
    return time.monotonic() - start


def test_standby_is_ready_and_writes_nothing(leading: tuple[OperatorFixture, OperatorProcess]) -> None:
    """Neither AWS nor a status: its log has no write, and its metrics only what every process has."""
    operator, standby = leading
    operator.apply_in_sync(rule(), group())
    spec = lease(operator)
    assert {"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"} == spec.keys()
    holder = spec["holderIdentity"]
    assert standby.probe("/readyz") == f"ok\nstandby; the leader is {holder}\n"
    assert standby.probe("/healthz") == "ok\n"
    metrics = standby.probe("/metrics")
    assert "xray_operator_leader 0.0" in metrics
    assert "xray_operator_objects" not in metrics
    assert "xray_operator_aws_calls_total{" not in metrics
    assert "aws.written" not in standby.log
    assert '"leader.elected"' in operator.process.log


def test_leader_killed_during_a_write_is_replaced(leading: tuple[OperatorFixture, OperatorProcess]) -> None:
    """After the Lease's duration the other finishes what the first had begun; nothing is written twice."""
    operator, standby = leading
    operator.apply_in_sync(rule())
    operator.aws.script([{"operation": "CreateGroup", "delay": 1}])
    operator.apply(group())
    operator.wait_until(lambda: len(operator.aws.faults()), 0)
    operator.process.kill()
    assert LEASE_SECONDS / 2 < seconds_until_it_leads(standby) < LEASE_SECONDS + 5
    operator.wait_in_sync("xg/slow")
    operator.apply_in_sync(rule(fixedRate=0.5))
    assert operator.rate() == 0.5
    calls = operator.calls()
    assert (calls.count("CreateSamplingRule"), calls.count("DeleteGroup")) == (1, 0)


def test_clean_end_hands_over_at_once(leading: tuple[OperatorFixture, OperatorProcess]) -> None:
    """The Lease is released, so that the standby does not wait for its end; nothing is written for it."""
    operator, standby = leading
    operator.apply_in_sync(rule(), group())
    before, transitions = operator.patches(), lease(operator)["leaseTransitions"]
    operator.aws.forget_calls()
    assert operator.process.terminate() == 0
    assert '"leader.released"' in operator.process.log
    assert seconds_until_it_leads(standby) < 2
    assert lease(operator)["leaseTransitions"] == transitions + 1
    operator.wait_until(lambda: operator.calls().count("GetGroups") >= 2, expected=True)
    assert not {call for call in operator.calls() if call.startswith(("Create", "Update", "Delete", "Tag", "Untag"))}
    assert operator.patches() == before


def test_operators_of_two_classes_manage_their_own_resources(
    leading: tuple[OperatorFixture, OperatorProcess], api_server: Cluster, aws: Aws, tmp_path: Path
) -> None:
    """Side by side; an operator without a class takes the resources without one."""
    operator, _ = leading
    with make_operator(api_server, aws, tmp_path, (), lease="", **{"class": "eu"}) as other:
        operator.apply(rule("of-eu", **{"class": "eu"}), rule("of-none", priority=200))
        operator.wait_in_sync("xsr/of-none")
        operator.wait_for_reads()
        assert operator.read("xsr/of-eu")["status"] == {"observedGeneration": -1}
        other.start()
        operator.wait_in_sync("xsr/of-eu")
        operator.delete("xsr/of-eu")
        other.wait_ready()
        assert other.terminate() == 0
        writes = [line for line in other.log.splitlines() if '"aws.written"' in line]
        assert len([line for line in writes if "of-eu" in line]) == len(writes) == 2


def test_operators_of_one_class_do_not_fight_over_a_status(
    leading: tuple[OperatorFixture, OperatorProcess], api_server: Cluster, aws: Aws, tmp_path: Path
) -> None:
    """With another cluster id: each writes a status once, and the one without the object yields."""
    operator, _ = leading
    operator.apply_in_sync(rule())
    before = len(operator.patches())
    with make_operator(api_server, aws, tmp_path, lease="", cluster_id="other") as other:
        other.start()
        operator.wait_until(lambda: "OtherOperator" in operator.events("xsr/checkout"), expected=True)
        operator.wait_in_sync("xsr/checkout")
        operator.wait_for_reads(6)
        assert "xray_operator_conflicts 1.0" in other.probe("/metrics")
    assert len(operator.patches()) - before <= 3
    assert operator.status("xsr/checkout")["operator"] == "test/us-east-1"


def test_frozen_leader_writes_nothing_when_it_resumes(leading: tuple[OperatorFixture, OperatorProcess]) -> None:
    """Not even the second call of a replacement, which is in a thread of its own: DeleteGroup, then CreateGroup."""
    operator, standby = leading
    operator.apply_in_sync(group(updateStrategy="Recreate"))
    operator.aws.script([{"operation": "DeleteGroup", "delay": 1, "when": "after"}])
    operator.aws.forget_calls()
    operator.apply(group(updateStrategy="Recreate", filterExpression="fault"))
    operator.wait_until(lambda: len(operator.aws.faults()), 0)
    operator.process.pause()
    seconds_until_it_leads(standby)
    operator.wait_in_sync("xg/slow")
    operator.process.resume()
    operator.wait_until(lambda: '"leader.lost"' in operator.process.log, expected=True)
    operator.wait_for_reads()
    assert operator.process.probe("/readyz").startswith("ok\nstandby; the leader is")
    assert "aws.written" not in operator.process.log.partition('"leader.lost"')[2]
    operator.wait_in_sync("xg/slow")
