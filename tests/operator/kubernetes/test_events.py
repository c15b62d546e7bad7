"""Events: posted in the background, on transitions only, and never in anybody's way."""

import asyncio

import pytest

from tests.operator.environment import Environment
from tests.operator.in_memory_kubernetes import GROUP, RULE, default_rule_at, group, rule
from xray_model import SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.events import QUEUE_MAX, Event
from xray_operator.kubernetes.resource import from_body
from xray_operator.reasons import Reason

THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")


def told(environment: Environment) -> list[str]:
    """Give the events since this was last asked."""
    found = [*environment.cluster.events]
    environment.cluster.events.clear()
    return found


async def test_an_event_that_is_refused_is_passed_over() -> None:
    """The next one is posted."""
    environment = Environment()
    resource = from_body(environment.cluster.bodies[environment.cluster.apply(rule())])
    environment.cluster.failures["event"] = [KubernetesError(403, "the namespace is being terminated")]
    for number in range(3):
        environment.events.record(resource, Event("Created", str(number)))
    await environment.create_events()
    assert told(environment) == ["Normal Created: 1", "Normal Created: 2"]


async def test_too_many_events_are_dropped_and_nobody_waits() -> None:
    """The conditions tell of an outage; events need not."""
    environment = Environment()
    resource = from_body(environment.cluster.bodies[environment.cluster.apply(rule())])
    for number in range(QUEUE_MAX + 5):
        environment.events.record(resource, Event("Created", str(number), warning=True))
    await environment.create_events()
    assert told(environment)[-1] == f"Warning Created: {QUEUE_MAX - 1}"


async def test_posting_goes_on_until_it_is_cancelled() -> None:
    """It is one task of the controller's."""
    environment = Environment()
    posting = asyncio.create_task(environment.events.run())
    await environment.events.flush()
    assert not posting.done()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting


async def test_a_life_in_events() -> None:
    """Each write is told once; a pass that writes nothing tells nothing."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(group(updateStrategy="Recreate")))
    await environment.run_pass(GROUP, fresh=True)
    assert told(environment) == ["Normal Created: 'failing': created in AWS"]
    await environment.run_pass(environment.cluster.apply(group(updateStrategy="Recreate", filterExpression="error")))
    assert told(environment) == ["Normal Replaced: 'failing': deleted and created again in AWS"]
    await environment.run_pass(environment.cluster.apply(group(filterExpression="fault")))
    assert told(environment) == ["Normal Updated: 'failing': updated in AWS"]
    environment.cluster.delete(GROUP)
    await environment.run_pass(GROUP)
    assert told(environment) == ["Normal Deleted: 'failing': deleted in AWS"]


async def test_an_orphans_life_in_events() -> None:
    """Adopted, released."""
    environment = Environment()
    environment.create_in_aws(SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1))
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned", deletionPolicy="Orphan")))
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert told(environment) == [
        "Normal Adopted: 'backend': took over the existing object in AWS",
        "Normal Released: 'backend': kept in AWS without our tags",
    ]


async def test_a_restored_default_rule_is_told() -> None:
    """When its object is deleted."""
    environment = Environment()
    key = environment.cluster.apply(default_rule_at(1.0))
    await environment.run_pass(key)
    environment.cluster.delete(key)
    await environment.run_pass(key)
    assert told(environment) == [
        "Normal Updated: 'Default': updated in AWS",
        "Normal Restored: 'Default': restored the previous values in AWS",
    ]


async def test_drift_is_told_when_it_is_seen_and_when_it_is_repaired() -> None:
    """A repair that fails again and again is told once."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule()))
    told(environment)
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    environment.aws.failures["update"] = [THROTTLED, THROTTLED]
    await environment.run_pass(fresh=True)
    assert told(environment) == [
        "Warning DriftDetected: FixedRate: 0.1 -> 0.5",
        "Warning Throttled: ThrottledException: Rate exceeded",
    ]
    await environment.run_pass()
    assert told(environment) == []
    await environment.run_pass()
    assert told(environment) == [
        "Normal Updated: 'backend': updated in AWS",
        "Normal DriftRepaired: FixedRate: 0.1 -> 0.5",
    ]


async def test_a_synced_that_turns_false_is_told_once_for_each_reason() -> None:
    """A new spec with the same trouble is no news; another trouble is."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=7)))
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=8)))
    assert told(environment) == ["Warning InvalidSpec: spec.fixedRate: 7: expected a number from 0 to 1"]
    environment.aws.failures["create"] = [THROTTLED, THROTTLED]
    await environment.run_pass(environment.cluster.apply(rule()))
    await environment.run_pass()
    assert told(environment) == ["Warning Throttled: ThrottledException: Rate exceeded"]
    await environment.run_pass()
    assert told(environment) == ["Normal Created: 'backend': created in AWS"]


async def test_an_outage_is_told_once() -> None:
    """For each object, not for each attempt; its end needs no event."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule()))
    told(environment)
    environment.aws.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://aws")] * 3
    for seconds in (0, 10, 20):
        environment.seconds = seconds
        await environment.run_pass(fresh=True)
    assert told(environment) == ["Warning Unreachable: cannot reach X-Ray at http://aws"]
    environment.seconds = 60
    await environment.run_pass(fresh=True)
    assert (told(environment), environment.conditions()["Synced"]) == ([], "True InSync")
