"""Events: posted in the background, on transitions only, and never in anybody's way."""

import asyncio

import pytest

from tests.operator.kubernetes import GROUP, RULE, World, default_rule_at, group, rule
from xray_model import SamplingRule
from xray_operator.errors import GatewayError, Reason
from xray_operator.events import WAITING_MAX
from xray_operator.kube import Told
from xray_operator.kube_http import KubernetesError
from xray_operator.resource import from_body

THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")


def told(world: World) -> list[str]:
    """Give the events since this was last asked."""
    found = [*world.cluster.events]
    world.cluster.events.clear()
    return found


async def test_an_event_that_is_refused_is_passed_over() -> None:
    """The next one is posted."""
    world = World()
    resource = from_body(world.cluster.bodies[world.cluster.apply(rule())])
    world.cluster.failures["event"] = [KubernetesError(403, "the namespace is being terminated")]
    for number in range(3):
        world.events.tell(resource, Told("Created", str(number)))
    await world.posted()
    assert told(world) == ["Normal Created: 1", "Normal Created: 2"]


async def test_too_many_events_are_dropped_and_nobody_waits() -> None:
    """The conditions tell of an outage; events need not."""
    world = World()
    resource = from_body(world.cluster.bodies[world.cluster.apply(rule())])
    for number in range(WAITING_MAX + 5):
        world.events.tell(resource, Told("Created", str(number), warning=True))
    await world.posted()
    assert told(world)[-1] == f"Warning Created: {WAITING_MAX - 1}"


async def test_posting_goes_on_until_it_is_cancelled() -> None:
    """It is one task of the controller's."""
    world = World()
    posting = asyncio.create_task(world.events.post())
    await world.events.flush()
    assert not posting.done()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting


async def test_a_life_in_events() -> None:
    """Each write is told once; a pass that writes nothing tells nothing."""
    world = World()
    await world.look(world.cluster.apply(group(updateStrategy="Recreate")))
    await world.look(GROUP, fresh=True)
    assert told(world) == ["Normal Created: 'failing': created in AWS"]
    await world.look(world.cluster.apply(group(updateStrategy="Recreate", filterExpression="error")))
    assert told(world) == ["Normal Replaced: 'failing': deleted and created anew in AWS"]
    await world.look(world.cluster.apply(group(filterExpression="fault")))
    assert told(world) == ["Normal Updated: 'failing': updated in AWS"]
    world.cluster.delete(GROUP)
    await world.look(GROUP)
    assert told(world) == ["Normal Deleted: 'failing': deleted in AWS"]


async def test_an_orphans_life_in_events() -> None:
    """Adopted, released."""
    world = World()
    world.given(SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1))
    await world.look(world.cluster.apply(rule(adoptionPolicy="IfUnowned", deletionPolicy="Orphan")))
    world.cluster.delete(RULE)
    await world.look()
    assert told(world) == [
        "Normal Adopted: 'backend': took over what was in AWS",
        "Normal Released: 'backend': left in AWS without our tags",
    ]


async def test_a_restored_default_rule_is_told() -> None:
    """When its object is deleted."""
    world = World()
    key = world.cluster.apply(default_rule_at(1.0))
    await world.look(key)
    world.cluster.delete(key)
    await world.look(key)
    assert told(world) == [
        "Normal Updated: 'Default': updated in AWS",
        "Normal Restored: 'Default': put back what was in AWS before",
    ]


async def test_drift_is_told_when_it_is_seen_and_when_it_is_repaired() -> None:
    """A repair that fails again and again is told once."""
    world = World()
    await world.look(world.cluster.apply(rule()))
    told(world)
    world.edit("rule", "backend", FixedRate=0.1)
    world.aws.failures["update"] = [THROTTLED, THROTTLED]
    await world.look(fresh=True)
    assert told(world) == [
        "Warning DriftDetected: FixedRate: 0.1 -> 0.5",
        "Warning Throttled: ThrottledException: Rate exceeded",
    ]
    await world.look()
    assert told(world) == []
    await world.look()
    assert told(world) == ["Normal Updated: 'backend': updated in AWS", "Normal DriftRepaired: FixedRate: 0.1 -> 0.5"]


async def test_a_synced_that_turns_false_is_told_once_for_each_reason() -> None:
    """A new spec with the same trouble is no news; another trouble is."""
    world = World()
    await world.look(world.cluster.apply(rule(fixedRate=7)))
    await world.look(world.cluster.apply(rule(fixedRate=8)))
    assert told(world) == ["Warning InvalidSpec: spec.fixedRate: 7: expected a number from 0 to 1"]
    world.aws.failures["create"] = [THROTTLED, THROTTLED]
    await world.look(world.cluster.apply(rule()))
    await world.look()
    assert told(world) == ["Warning Throttled: ThrottledException: Rate exceeded"]
    await world.look()
    assert told(world) == ["Normal Created: 'backend': created in AWS"]


async def test_an_outage_is_told_once() -> None:
    """For each object, not for each attempt; its end needs no event."""
    world = World()
    await world.look(world.cluster.apply(rule()))
    told(world)
    world.aws.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://aws")] * 3
    for seconds in (0, 10, 20):
        world.seconds = seconds
        await world.look(fresh=True)
    assert told(world) == ["Warning Unreachable: cannot reach X-Ray at http://aws"]
    world.seconds = 60
    await world.look(fresh=True)
    assert (told(world), world.told()["Synced"]) == ([], "True InSync")
