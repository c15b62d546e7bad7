"""Events: created in the background and on transitions only; they never delay a pass."""

import asyncio
from dataclasses import replace

import pytest

from tests.operator.environment import Environment
from tests.operator.in_memory_kubernetes import GROUP, RULE, default_rule_at, group, rule
from xray_model import SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.events import QUEUE_MAX, SERIES_MAX, Event
from xray_operator.kubernetes.resource import from_body
from xray_operator.reasons import Reason

THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")


def new_events(environment: Environment) -> list[str]:
    """Return the events since the previous call."""
    found = [*environment.cluster.events]
    environment.cluster.events.clear()
    return found


async def test_rejected_event_is_dropped() -> None:
    """The next ones are created."""
    environment = Environment()
    resource = from_body(environment.cluster.bodies[environment.cluster.apply(rule())])
    environment.cluster.failures["event"] = [KubernetesError(403, "the namespace is being terminated")]
    for number in range(3):
        environment.events.record(resource, Event("Created", str(number)))
    await environment.create_events()
    assert new_events(environment) == ["Normal Created: 1", "Normal Created: 2"]


async def test_events_beyond_the_queue_are_dropped() -> None:
    """The conditions report an outage; events need not."""
    environment = Environment()
    resource = from_body(environment.cluster.bodies[environment.cluster.apply(rule())])
    for number in range(QUEUE_MAX + 5):
        environment.events.record(resource, Event(f"Reason{number}", "x", warning=True))
    await environment.create_events()
    assert new_events(environment)[-1] == f"Warning Reason{QUEUE_MAX - 1}: x"


async def test_repeated_events_are_limited_and_counted() -> None:
    """By object and reason: ten at once, then one in five minutes, which has the number of those left out."""
    environment = Environment()
    resource = from_body(environment.cluster.bodies[environment.cluster.apply(rule())])
    for number in range(172):
        environment.events.record(resource, Event("DriftDetected", str(number)))
    environment.events.record(resource, Event("Updated", "another reason"))
    await environment.create_events()
    assert new_events(environment) == [
        *[f"Normal DriftDetected: {number}" for number in range(10)],
        "Normal Updated: another reason",
    ]
    for environment.seconds in (299, 300, 301):
        environment.events.record(resource, Event("DriftDetected", f"at {environment.seconds}"))
    await environment.create_events()
    assert new_events(environment) == ["Normal DriftDetected: at 300 (x164)"]


async def test_series_of_events_are_bounded() -> None:
    """The oldest is forgotten, and begins again."""
    environment = Environment()
    resource = from_body(environment.cluster.bodies[environment.cluster.apply(rule())])
    for _ in range(20):
        environment.events.record(resource, Event("Updated", "old"))
    for number in range(SERIES_MAX):
        environment.events.record(replace(resource, uid=str(number)), Event("Created", "new"))
    await environment.create_events()
    new_events(environment)
    environment.events.record(resource, Event("Updated", "again"))
    await environment.create_events()
    assert new_events(environment) == ["Normal Updated: again"]


async def test_recorder_runs_until_it_is_cancelled() -> None:
    """It is a task of the controller."""
    environment = Environment()
    posting = asyncio.create_task(environment.events.run())
    await environment.events.flush()
    assert not posting.done()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting


async def test_events_of_a_group() -> None:
    """Each write has one event; a pass without a write has none."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(group(updateStrategy="Recreate")))
    await environment.run_pass(GROUP, fresh=True)
    assert new_events(environment) == ["Normal Created: 'failing': created in AWS"]
    await environment.run_pass(environment.cluster.apply(group(updateStrategy="Recreate", filterExpression="error")))
    assert new_events(environment) == ["Normal Replaced: 'failing': deleted and created again in AWS"]
    await environment.run_pass(environment.cluster.apply(group(filterExpression="fault")))
    assert new_events(environment) == ["Normal Updated: 'failing': updated in AWS"]
    environment.cluster.delete(GROUP)
    await environment.run_pass(GROUP)
    assert new_events(environment) == ["Normal Deleted: 'failing': deleted in AWS"]


async def test_events_of_an_adopted_orphan() -> None:
    """Adopted, updated, released."""
    environment = Environment()
    environment.create_in_aws(SamplingRule(rule_name="backend", priority=100, fixed_rate=0.1, reservoir_size=1))
    await environment.run_pass(environment.cluster.apply(rule(adoptionPolicy="IfUnowned", deletionPolicy="Orphan")))
    environment.cluster.delete(RULE)
    await environment.run_pass()
    assert new_events(environment) == [
        "Normal Adopted: 'backend': took over the existing object in AWS",
        "Normal Updated: 'backend': updated in AWS",
        "Normal Released: 'backend': kept in AWS without our tags",
    ]


async def test_event_of_a_restored_default_rule() -> None:
    """After its resource is deleted."""
    environment = Environment()
    key = environment.cluster.apply(default_rule_at(1.0))
    await environment.run_pass(key)
    environment.cluster.delete(key)
    await environment.run_pass(key)
    assert new_events(environment) == [
        "Normal Updated: 'Default': updated in AWS",
        "Normal Restored: 'Default': restored the previous values in AWS",
    ]


async def test_events_of_a_drift() -> None:
    """Once when it is detected and once when it is repaired, whatever the number of attempts."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule()))
    new_events(environment)
    environment.edit_in_aws("rule", "backend", FixedRate=0.1)
    environment.aws.failures["update"] = [THROTTLED, THROTTLED]
    await environment.run_pass(fresh=True)
    assert new_events(environment) == [
        "Warning DriftDetected: fixedRate: 0.1 -> 0.5",
        "Warning Throttled: ThrottledException: Rate exceeded",
    ]
    await environment.run_pass()
    assert new_events(environment) == []
    await environment.run_pass()
    assert new_events(environment) == [
        "Normal Updated: 'backend': updated in AWS",
        "Normal DriftRepaired: fixedRate: 0.1 -> 0.5",
    ]


async def test_failure_has_one_event_for_each_reason() -> None:
    """A new spec with the same reason has none; another reason has."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=7)))
    await environment.run_pass(environment.cluster.apply(rule(fixedRate=8)))
    assert new_events(environment) == ["Warning InvalidSpec: spec.fixedRate: 7: expected a number from 0 to 1"]
    environment.aws.failures["create"] = [THROTTLED, THROTTLED]
    await environment.run_pass(environment.cluster.apply(rule()))
    await environment.run_pass()
    assert new_events(environment) == ["Warning Throttled: ThrottledException: Rate exceeded"]
    await environment.run_pass()
    assert new_events(environment) == ["Normal Created: 'backend': created in AWS"]


async def test_outage_has_one_event() -> None:
    """For each object, not for each attempt; its end has none."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(rule()))
    new_events(environment)
    environment.aws.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://aws")] * 3
    for seconds in (0, 10, 20):
        environment.seconds = seconds
        await environment.run_pass(fresh=True)
    assert new_events(environment) == ["Warning Unreachable: cannot reach X-Ray at http://aws"]
    environment.seconds = 60
    await environment.run_pass(fresh=True)
    assert (new_events(environment), environment.conditions()["Synced"]) == ([], "True InSync")
