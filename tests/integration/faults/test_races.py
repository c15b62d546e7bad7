"""Races that the random schedules have found, each arranged so that it happens every time.

The operator does not read AWS at an interval here: what it misses, it does not find later.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.faults.actions import Actions
from tests.integration.faults.aws import Aws
from tests.integration.faults.environment import Environment, Key, Wanted
from tests.integration.faults.kill_points import Probe
from tests.integration.faults.proxy import Proxy
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess
from xray_model import SamplingRule

pytestmark = pytest.mark.process
SLOW_SECONDS = 1.0  # that a call to AWS takes, for something to happen meanwhile
LATE_SECONDS = 4.5  # until AWS carries out a call; a new process reads again for two seconds, and doubts for five
SOON_SECONDS = 30.0  # on a busy machine


@pytest.fixture
def actions(fault_cluster: Cluster, aws: Aws, seldom_reading: OperatorProcess) -> Iterator[Actions]:
    """Return actions in an empty namespace and an AWS without faults."""
    found = Actions(fault_cluster.admin, aws, Environment("races"))
    yield found
    aws.script([])
    try:
        found.clear()
        assert not found.settle(lambda: None, SOON_SECONDS)
    except AssertionError:  # after a failure only; a new process costs seconds
        seldom_reading.kill()
        found.reset()
        seldom_reading.start()
        seldom_reading.wait_ready()


@pytest.fixture
def settled(actions: Actions, seldom_reading: OperatorProcess) -> Callable[[], None]:
    """Return a check that the state of the resources is soon reached."""

    def check() -> None:
        actions.aws.script([])
        problems = actions.settle(lambda: None, SOON_SECONDS)
        assert not problems, "\n".join([*problems, seldom_reading.log[-3000:]])

    return check


def _rule(name: str, rate: float = 0.1) -> SamplingRule:
    return SamplingRule(rule_name=name, priority=100, fixed_rate=rate, reservoir_size=1)


def _slow(actions: Actions, operation: str, seconds: float = SLOW_SECONDS) -> None:
    """Make the next call of an operation slow, and wait in what follows until it has begun."""
    actions.aws.script([{"operation": operation, "delay": seconds}])


def _wait_begun(actions: Actions) -> None:
    while actions.aws.faults():
        time.sleep(0.005)


def test_a_read_in_progress_loses_no_write(actions: Actions, probe: Probe, settled: Callable[[], None]) -> None:
    """A rule that was made after AWS had listed the rules is known, and goes with its resource."""
    _slow(actions, "GetGroups")
    probe.request()
    _wait_begun(actions)
    actions.apply(Wanted(name="made-meanwhile", value=_rule("made-meanwhile")))
    time.sleep(SLOW_SECONDS)
    settled()
    actions.delete(Key("rule", "made-meanwhile"))
    settled()


def test_an_object_deleted_while_the_watch_was_cut_owns_nothing(
    actions: Actions, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """After 410 everything is listed again; what is not in the list does not exist."""
    actions.apply(Wanted(name="first", value=_rule("named-twice")))
    settled()
    _slow(actions, "DeleteSamplingRule")
    actions.delete(Key("rule", "first"))
    _wait_begun(actions)
    proxy.cut(gone=True, hold=2 * SLOW_SECONDS)
    time.sleep(2 * SLOW_SECONDS)
    actions.apply(Wanted(name="second", value=_rule("named-twice")))
    settled()


def test_a_deletion_in_the_answer_to_a_patch_is_seen(
    actions: Actions, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """The watch reports it later, when it is known already."""
    _slow(actions, "CreateSamplingRule")
    actions.apply(Wanted(name="deleted", value=_rule("deleted")))
    _wait_begun(actions)
    proxy.cut(hold=2 * SLOW_SECONDS)
    actions.delete(Key("rule", "deleted"))
    time.sleep(SLOW_SECONDS)
    settled()


def test_a_change_in_the_answer_to_a_patch_is_seen(actions: Actions, proxy: Proxy, settled: Callable[[], None]) -> None:
    """A spec that was changed during a pass is applied to AWS after it."""
    _slow(actions, "CreateSamplingRule")
    actions.apply(Wanted(name="changed", value=_rule("changed")))
    _wait_begun(actions)
    proxy.cut(hold=2 * SLOW_SECONDS)
    actions.apply(Wanted(name="changed", value=_rule("changed", 0.5)))
    time.sleep(SLOW_SECONDS)
    settled()


def test_an_object_deleted_while_its_finalizer_is_added_leaves_nothing(
    actions: Actions, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """The API server deletes an object whose finalizer came during the deletion (it looks for finalizers first)."""
    key = Key("rule", "fleeting")
    proxy.before_next_answer(lambda: actions.vanish(key))
    actions.apply(Wanted(name="fleeting", value=_rule("fleeting")))
    time.sleep(SLOW_SECONDS)
    assert key not in actions.environment.wanted
    settled()


def test_an_object_replaced_by_another_of_its_name_leaves_nothing(
    actions: Actions, settled: Callable[[], None]
) -> None:
    """It vanishes while its rule is created in AWS; the next resource of that name has a rule of another name."""
    key = Key("rule", "fleeting")
    _slow(actions, "CreateSamplingRule")
    actions.apply(Wanted(name="fleeting", value=_rule("first")))
    _wait_begun(actions)
    actions.vanish(key)
    actions.apply(Wanted(name="fleeting", value=_rule("second")))
    time.sleep(SLOW_SECONDS)
    settled()


@pytest.mark.parametrize("operation", ["CreateSamplingRule", "TagResource"])
def test_a_write_of_a_killed_operator_is_undone(
    operation: str, actions: Actions, seldom_reading: OperatorProcess, settled: Callable[[], None]
) -> None:
    """AWS carries out its creation, or its takeover, when the next operator already deletes the resource."""
    value, policies = _rule("late"), {"adoptionPolicy": "IfUnowned"}
    if operation == "TagResource":
        actions.foreign(value, {})
    _slow(actions, operation, LATE_SECONDS)
    actions.apply(Wanted(name="late", value=value, policies=policies))
    _wait_begun(actions)
    late = time.monotonic() + LATE_SECONDS
    seldom_reading.kill()
    actions.delete(Key("rule", "late"))
    seldom_reading.start()
    time.sleep(max(0.0, late + 1 - time.monotonic()))
    settled()
