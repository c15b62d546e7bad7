"""Races that the random schedules have found, each arranged so that it happens every time.

The operator does not read AWS at an interval here: what it misses stays missed.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.faults.hands import Hands
from tests.integration.faults.kill_points import Probe
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.world import Key, Wanted, World
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess
from xray_model import SamplingRule

pytestmark = pytest.mark.process
SLOW_SECONDS = 1.0  # that a call to AWS takes, for something to happen meanwhile
SOON_SECONDS = 8.0


@pytest.fixture
def hands(fault_cluster: Cluster, aws: Aws, seldom_reading: OperatorProcess) -> Iterator[Hands]:
    """Return hands in an empty namespace and an AWS without faults."""
    found = Hands(fault_cluster.admin, aws, World("races"))
    try:
        yield found
    finally:
        seldom_reading.kill()
        found.start_over()
        seldom_reading.start()
        seldom_reading.wait_ready()


@pytest.fixture
def settled(hands: Hands, seldom_reading: OperatorProcess) -> Callable[[], None]:
    """Return the demand that all is soon as the resources ask."""

    def demand() -> None:
        hands.aws.script([])
        problems = hands.settle(lambda: None, SOON_SECONDS)
        assert not problems, "\n".join([*problems, seldom_reading.log[-3000:]])

    return demand


def _rule(name: str, rate: float = 0.1) -> SamplingRule:
    return SamplingRule(rule_name=name, priority=100, fixed_rate=rate, reservoir_size=1)


def _slow(hands: Hands, operation: str) -> None:
    """Make the next call of an operation slow, and wait in what follows until it has begun."""
    hands.aws.script([{"operation": operation, "delay": SLOW_SECONDS}])


def _wait_begun(hands: Hands) -> None:
    while hands.aws.faults():
        time.sleep(0.005)


def test_a_read_under_way_forgets_no_write(hands: Hands, probe: Probe, settled: Callable[[], None]) -> None:
    """A rule that was made after AWS had listed the rules is known, and goes with its resource."""
    _slow(hands, "GetGroups")
    probe.ask()
    _wait_begun(hands)
    hands.apply(Wanted(name="made-meanwhile", value=_rule("made-meanwhile")))
    time.sleep(SLOW_SECONDS)
    settled()
    hands.delete(Key("rule", "made-meanwhile"))
    settled()


def test_an_object_that_was_gone_while_the_watch_was_cut_has_no_say(
    hands: Hands, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """After 410 everything is listed anew; what is not in the list does not exist."""
    hands.apply(Wanted(name="first", value=_rule("asked-twice")))
    settled()
    _slow(hands, "DeleteSamplingRule")
    hands.delete(Key("rule", "first"))
    _wait_begun(hands)
    proxy.cut(gone=True, hold=2 * SLOW_SECONDS)
    time.sleep(2 * SLOW_SECONDS)
    hands.apply(Wanted(name="second", value=_rule("asked-twice")))
    settled()


def test_a_deletion_told_by_the_answer_to_a_patch_is_seen(
    hands: Hands, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """The watch tells of it later, and then it is no news."""
    _slow(hands, "CreateSamplingRule")
    hands.apply(Wanted(name="deleted", value=_rule("deleted")))
    _wait_begun(hands)
    proxy.cut(hold=2 * SLOW_SECONDS)
    hands.delete(Key("rule", "deleted"))
    time.sleep(SLOW_SECONDS)
    settled()


def test_a_change_told_by_the_answer_to_a_patch_is_seen(
    hands: Hands, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """A spec that was changed during a pass is brought to AWS after it."""
    _slow(hands, "CreateSamplingRule")
    hands.apply(Wanted(name="changed", value=_rule("changed")))
    _wait_begun(hands)
    proxy.cut(hold=2 * SLOW_SECONDS)
    hands.apply(Wanted(name="changed", value=_rule("changed", 0.5)))
    time.sleep(SLOW_SECONDS)
    settled()


def test_an_object_that_is_gone_as_soon_as_it_is_claimed_leaves_nothing(
    hands: Hands, proxy: Proxy, settled: Callable[[], None]
) -> None:
    """The API server deletes an object whose finalizer came during the deletion (it looks for finalizers first)."""
    key = Key("rule", "fleeting")
    proxy.before_next_answer(lambda: hands.vanish(key))
    hands.apply(Wanted(name="fleeting", value=_rule("fleeting")))
    time.sleep(SLOW_SECONDS)
    assert key not in hands.world.wanted
    settled()
