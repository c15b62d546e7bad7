"""The loop around the passes, in virtual time: the watch, the timer, retries, expiry, and the stop."""

import asyncio
import copy
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.operator.environment import Environment, not_ready
from tests.operator.in_memory_kubernetes import DEFAULT, RULE, InMemoryKubernetes, default_rule_at, group, rule
from tests.operator.virtual_time import in_virtual_time
from xray_model import default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.controller.controller import DRAIN_SECONDS, Controller
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.resource import RECONCILE_ANNOTATION, Key, Resource
from xray_operator.reasons import Reason

READ = ["rules", "groups", "statistics"]
THROTTLED = GatewayError(Reason.THROTTLED, "ThrottledException: Rate exceeded")
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")


class Operator(Environment):
    """An environment with the loop; draws are always 0.5, so an interval is exact and a retry waits half its bound."""

    def __init__(self, interval: float = 60, after: Environment | None = None) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(clock=loop.time, after=after)
        self.controller = Controller(
            self.state,
            self.cache,
            self.reconciler,
            self.events,
            interval=interval,
            now=self.now,
            draw=lambda: 0.5,
        )
        self.cluster.watch = self._watched

    def _watched(self, kind: str, body: dict[str, Any]) -> None:
        handler = self.controller.object_deleted if kind == "DELETED" else self.controller.object_changed
        asyncio.get_running_loop().call_soon(handler, body)

    async def started(self, *manifests: dict[str, Any]) -> "Operator":
        """Run until these objects are in sync, and empty the log."""
        for manifest in manifests:
            self.cluster.apply(manifest)
        self.controller.start()
        await asyncio.sleep(0.01)
        self.log.clear()
        return self

    async def called(self, seconds: float) -> list[str]:
        """Return the calls of the next seconds."""
        self.log.clear()
        await asyncio.sleep(seconds)
        return [*self.log]


def virtually(scenario: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def test() -> None:
        in_virtual_time(scenario)

    test.__doc__ = scenario.__doc__
    return test


@virtually
async def test_watch_events_are_reconciled() -> None:
    """Added, changed, deleted; the echo of our own writes is ignored."""
    operator = await Operator().started()
    operator.cluster.apply(rule())
    assert await operator.called(1) == ["claim", "create", "status"]
    operator.cluster.apply(rule(fixedRate=0.7))
    assert await operator.called(1) == ["tags", "update", "status"]
    operator.cluster.delete(RULE)
    assert await operator.called(1) == ["tags", "delete", "remove_finalizer"]
    assert operator.cache.resources == {}
    await operator.controller.stop()


@virtually
async def test_many_objects_share_one_read() -> None:
    """At the start and at each interval."""
    operator = Operator()
    for number in range(20):
        operator.cluster.apply(group(f"group-{number}"))
    operator.controller.start()
    await asyncio.sleep(0.5)
    assert [operator.log.count(call) for call in (*READ, "claim", "create")] == [1, 1, 1, 20, 20]
    await operator.called(20)
    assert await operator.called(60) == READ
    await operator.controller.stop()


@virtually
async def test_relisted_object_is_ignored() -> None:
    """kopf lists everything after each reconnect."""
    operator = await Operator().started(rule())
    operator.controller.object_changed(operator.cluster.bodies[RULE])
    assert await operator.called(1) == []
    await operator.controller.stop()


@virtually
async def test_timer_reads_aws_and_finds_drift() -> None:
    """Nothing in Kubernetes has changed; without a difference there are three reads and no write."""
    operator = await Operator(interval=60).started(rule())
    assert await operator.called(58) == []
    assert await operator.called(3) == READ
    operator.edit_in_aws("rule", "backend", FixedRate=0.1)
    assert await operator.called(60) == [*READ, "tags", "status", "update", "status"]
    assert operator.conditions()["Drifted"] == "False DriftRepaired fixedRate: 0.1 -> 0.5"
    await operator.controller.stop()


@virtually
async def test_failed_reads_back_off() -> None:
    """Retries follow after 1, 3 and 7 s; a successful read ends the series."""
    operator = Operator(interval=60)
    operator.aws.failures["rules"] = [UNREACHABLE] * 3
    await operator.started(rule())
    assert operator.conditions()["Synced"] == "False Unreachable cannot reach X-Ray"
    assert (await operator.called(2)).count("rules") == 1
    assert (await operator.called(3)).count("rules") == 1
    assert await operator.called(3) == [*READ, "claim", "create", "status"]
    assert operator.controller.is_alive
    await operator.controller.stop()


@virtually
async def test_failed_passes_back_off() -> None:
    """Retries follow after 0.5, 1.5 and 3.5 s; a successful pass ends the series."""
    operator = await Operator().started()
    operator.aws.failures["create"] = [THROTTLED] * 3
    operator.cluster.apply(rule())
    calls = [await operator.called(seconds) for seconds in (0.4, 0.2, 0.8, 0.2, 1.8, 0.2)]
    assert calls == [["claim", "create", "status"], ["create"], [], ["create"], [], ["create", "status"]]
    operator.aws.failures["update"] = [THROTTLED]
    operator.cluster.apply(rule(fixedRate=0.7))
    assert (await operator.called(0.4)).count("update") == 1
    assert (await operator.called(0.2)).count("update") == 1
    await operator.controller.stop()


@virtually
async def test_kubernetes_errors_are_retried() -> None:
    """A conflict, a server error, and no response."""
    operator = await Operator().started()
    operator.cluster.failures["claim"] = [KubernetesError(status, "no") for status in (409, 500, 0)]
    operator.cluster.apply(rule())
    assert await operator.called(0.1) == ["claim"]
    assert await operator.called(4) == ["claim", "claim", "claim", "create", "status"]
    await operator.controller.stop()


@virtually
async def test_deleted_object_is_dropped_and_its_rival_reconciled() -> None:
    """Before the watch reports the deletion; there is no retry."""
    operator = await Operator().started(rule("a", ruleName="x"), rule("b", ruleName="x"))
    first, second = Key("rule", "default", "a"), Key("rule", "default", "b")
    operator.cluster.apply(rule("a", ruleName="x", fixedRate=7))
    del operator.cluster.bodies[first]
    del operator.aws.values["rule", "x"]
    assert (await operator.called(120)).count("create") == 1
    assert [*operator.cache.resources] == [second]
    assert operator.conditions(second)["Ready"] == "True Available"
    await operator.controller.stop()


@virtually
async def test_object_deleted_before_its_pass_is_ignored() -> None:
    """Its key is in the queue already."""
    operator = await Operator().started()
    operator.cluster.delete(operator.cluster.apply(rule()))
    assert await operator.called(50) == []
    await operator.controller.stop()


@virtually
async def test_unexpected_exception_does_not_end_a_worker() -> None:
    """It is logged and in the status, the pass is retried, and the other objects are reconciled."""
    operator = await Operator().started()
    operator.cluster.failures["claim"] = [ZeroDivisionError()]
    operator.cluster.apply(rule())
    operator.cluster.apply(group())
    assert (await operator.called(0.1)).count("create") == 1
    internal = "InternalError unexpected ZeroDivisionError: see the operator's log"
    assert operator.conditions() == not_ready("Reconciling", internal)
    assert operator.controller.is_alive
    assert (await operator.called(0.5)).count("create") == 1
    await operator.controller.stop()


@virtually
async def test_cancelled_call_does_not_end_a_worker() -> None:
    """kopf cancels newer tasks when its watches start again, such as the opening of a connection."""
    operator = await Operator().started()
    operator.cluster.failures["claim"] = [asyncio.CancelledError()]
    operator.cluster.apply(rule())
    await asyncio.sleep(5)
    assert operator.controller.is_alive
    assert operator.conditions()["Ready"] == "True Available"
    await operator.controller.stop()


@virtually
async def test_duplicate_is_reconciling_while_the_other_is_deleted() -> None:
    """So that a tool that waits for a renamed resource does not fail."""
    operator = await Operator().started(rule("a", ruleName="x"), rule("b", ruleName="x"))
    first, second = (Key("rule", "default", name) for name in "ab")
    assert "Stalled" in operator.conditions(second)
    operator.aws.failures["delete"] = [UNREACHABLE]
    operator.cluster.delete(first)
    await asyncio.sleep(0.05)
    assert "Reconciling" in operator.conditions(second)
    await asyncio.sleep(30)
    assert operator.conditions(second)["Ready"] == "True Available"
    await operator.controller.stop()


@virtually
async def test_token_requests_a_read() -> None:
    """Each token once."""
    operator = await Operator().started(rule())
    operator.edit_in_aws("rule", "backend", FixedRate=0.1)
    operator.cluster.apply(rule(), **{RECONCILE_ANNOTATION: "now"})
    assert await operator.called(0.5) == [*READ, "tags", "status", "update", "status"]
    assert operator.status()["lastHandledReconcileAt"] == "now"
    assert await operator.called(10) == []
    await operator.controller.stop()


@virtually
async def test_object_expires_at_its_time_whatever_the_interval() -> None:
    """One hour stays one hour when AWS is read once a day."""
    operator = Operator(interval=86400)
    await operator.started(default_rule_at(1.0, expiresAt="2026-01-01T01:00:00Z"))
    assert await operator.called(3599) == []
    assert await operator.called(1) == ["update", "status", "remove_finalizer", "status"]
    assert operator.aws.values["rule", "Default"] == default_rule()
    assert operator.conditions(DEFAULT)["Ready"] == "True Expired"
    await operator.controller.stop()


@virtually
async def test_write_updates_the_status_of_other_objects() -> None:
    """The used quota and the warnings follow within two seconds, without a read."""
    operator = await Operator().started(rule("a"))
    await asyncio.sleep(2)
    operator.cluster.apply(rule("b"))
    assert await operator.called(0.5) == ["claim", "create", "status"]
    first = Key("rule", "default", "a")
    assert operator.status(first)["quota"] == "1/25"
    assert await operator.called(1) == ["status"]
    assert (operator.status(first)["quota"], len(operator.status(first)["lint"])) == ("2/25", 1)
    await operator.controller.stop()


@virtually
async def test_object_in_aws_has_one_pass_at_a_time() -> None:
    """Ten resources that arrive at once create one rule."""
    operator = await Operator().started()
    for number in range(10):
        operator.cluster.apply(rule(f"rule-{number}", ruleName="x"))
    assert (await operator.called(0.5)).count("create") == 1
    ready = [operator.conditions(Key("rule", "default", f"rule-{number}"))["Ready"] for number in range(10)]
    assert sorted(text.split(" '")[0] for text in ready) == ["False Duplicate"] * 9 + ["True Available"]
    await operator.controller.stop()


@virtually
async def test_stop_finishes_the_current_pass_and_starts_no_other() -> None:
    """Its events are created as well."""
    operator = await Operator().started()
    operator.cluster.apply(rule())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await operator.controller.stop()
    assert operator.log == ["claim", "create", "status"]
    assert operator.cluster.events == ["Normal Created: 'backend': created in AWS"]
    operator.cluster.apply(rule(fixedRate=0.7))
    assert await operator.called(1000) == []
    assert not operator.controller.is_alive


@virtually
async def test_change_in_a_patch_response_is_reconciled() -> None:
    """A spec that changed during a pass, while the watch is interrupted."""
    operator = await Operator().started()
    operator.cluster.apply(rule())

    def cut(kind: str, body: dict[str, Any]) -> None:
        operator.cluster.watch = lambda kind, body: None
        operator.cluster.apply(rule(fixedRate=0.7))

    operator.cluster.watch = cut  # called for the claim
    await asyncio.sleep(30)
    assert operator.aws.values["rule", "backend"].to_api()["FixedRate"] == 0.7
    await operator.controller.stop()


@virtually
async def test_claimed_object_that_vanishes_is_deleted_in_aws() -> None:
    """The API server can delete an object while the finalizer is added; AWS is retried until it succeeds."""
    operator = await Operator().started(rule())
    operator.aws.failures["delete"] = [UNREACHABLE, THROTTLED]
    operator.controller.object_deleted(operator.cluster.bodies.pop(RULE))
    await asyncio.sleep(30)
    assert (("rule", "backend") in operator.aws.values, operator.cache.resources) == (False, {})
    await operator.controller.stop()


@pytest.mark.parametrize("change", [{"suspend": True}, {"fixedRate": 7}, {}])
def test_object_that_is_deleted_after_a_put_is_deleted_in_aws(change: dict[str, Any]) -> None:
    """The PUT removes the finalizer, and the operator cannot claim: it is suspended, invalid, or AWS is unreachable."""

    @virtually
    async def scenario() -> None:
        operator = await Operator().started(rule())
        operator.aws.failures["rules"] = [UNREACHABLE] * (not change)
        await operator.state.refresh()
        operator.cluster.replace(rule(**change))
        await asyncio.sleep(0.1)
        assert operator.finalizers() == []
        operator.controller.object_deleted(operator.cluster.bodies.pop(RULE))
        await asyncio.sleep(30)
        assert (("rule", "backend") in operator.aws.values, operator.cache.resources) == (False, {})
        await operator.controller.stop()

    scenario()


@virtually
async def test_replaced_object_is_deleted_in_aws() -> None:
    """It vanished in that way; the next one of its name has another name in AWS. AWS is retried until it succeeds."""
    operator = await Operator().started(rule(ruleName="first"))
    operator.aws.failures["delete"] = [UNREACHABLE, THROTTLED]
    operator.cluster.bodies.pop(RULE)
    operator.cluster.apply(rule(ruleName="second"))
    await asyncio.sleep(0.1)
    assert operator.conditions()["Synced"] == "True InSync"
    await asyncio.sleep(30)
    assert {name for _, name in operator.aws.values} == {"Default", "second"}
    assert operator.cache.replaced(RULE) == ()
    await operator.controller.stop()


@virtually
async def test_deletion_of_a_replaced_object_goes_on_after_that_of_the_next_one() -> None:
    """The retry does not end with the object that came after it."""
    operator = await Operator().started(rule(ruleName="first", deletionPolicy="Orphan"))
    operator.aws.failures["untag"] = [THROTTLED] * 2
    operator.cluster.bodies.pop(RULE)
    operator.cluster.apply(rule(ruleName="second"))
    await asyncio.sleep(0.1)
    operator.cluster.delete(RULE)
    await asyncio.sleep(30)
    assert {name for _, name in operator.aws.values} == {"Default", "first"}
    assert list(operator.aws.tags_by_arn.values()) == [{}]
    assert operator.cache.resources == {}
    await operator.controller.stop()


@virtually
async def test_next_object_waits_until_the_previous_values_are_restored() -> None:
    """Otherwise it would store the values of the one that it has replaced as the previous ones."""
    operator = await Operator().started(default_rule_at(0.9))
    operator.aws.failures["update"] = [THROTTLED]
    operator.cluster.bodies.pop(DEFAULT)
    operator.cluster.apply(default_rule_at(1.0))
    await asyncio.sleep(0.1)
    managed = "Duplicate 'Default' is already managed by XRaySamplingRule default/debug"
    assert not_ready("Reconciling", managed).items() <= operator.conditions(DEFAULT).items()
    await asyncio.sleep(10)
    assert operator.conditions(DEFAULT)["Synced"] == "True InSync"
    operator.cluster.delete(DEFAULT)
    await asyncio.sleep(10)
    assert operator.aws.values["rule", "Default"] == default_rule()
    await operator.controller.stop()


@virtually
async def test_late_deletion_of_an_earlier_object_is_ignored() -> None:
    """Of two objects with one name, the event of the first one's deletion may come last."""
    operator = await Operator().started(rule())
    earlier = copy.deepcopy(operator.cluster.bodies[RULE])
    earlier["metadata"]["uid"] = "an earlier uid"
    operator.controller.object_deleted(earlier)
    assert RULE in operator.cache.resources
    await operator.controller.stop()


def replace_by_another(operator: Operator) -> None:
    """Delete the object without waiting for a finalizer, and create another one of its name with another rate."""
    operator.cluster.bodies.pop(RULE)
    operator.cluster.apply(rule(fixedRate=0.7))


@virtually
async def test_object_that_is_created_again_during_a_pass_is_applied() -> None:
    """The spec of the first object does not become that of the second, whose generation is the same."""
    operator = await Operator().started()
    watch = operator.cluster.watch

    def replace(kind: str, body: dict[str, Any]) -> None:
        operator.cluster.watch = watch
        replace_by_another(operator)

    operator.cluster.apply(rule())
    operator.cluster.watch = replace  # called for the claim
    await asyncio.sleep(30)
    assert operator.aws.values["rule", "backend"].to_api()["FixedRate"] == 0.7
    assert operator.conditions()["Synced"] == "True InSync"
    await operator.controller.stop()


class LateKubernetes(InMemoryKubernetes):
    """Answers the first claim that the object does not exist, after it was created again."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    async def claim(self, resource: Resource, previous: str | None) -> Resource:
        """Respond late, once."""
        if resource.uid != "uid-1":
            return await super().claim(resource, previous)
        self.meanwhile()
        await asyncio.sleep(1)
        raise KubernetesError(404, "the Kubernetes API refused: not found")


@virtually
async def test_late_refusal_of_an_earlier_object_is_ignored() -> None:
    """The response to a PATCH comes after the watch has reported another object of that name."""
    earlier = Environment()
    cluster = LateKubernetes(earlier.log)
    earlier.cluster = cluster
    operator = Operator(after=earlier)
    cluster.meanwhile = lambda: replace_by_another(operator)
    await operator.started(rule())
    await asyncio.sleep(30)
    assert operator.aws.values["rule", "backend"].to_api()["FixedRate"] == 0.7
    await operator.controller.stop()


class HangingKubernetes(InMemoryKubernetes):
    """Never responds to a claim."""

    async def claim(self, resource: Resource, previous: str | None) -> Resource:
        """Wait until it is cancelled."""
        await asyncio.Event().wait()
        raise AssertionError


@virtually
async def test_stop_has_a_timeout() -> None:
    """A pass that hangs is cancelled."""
    earlier = Environment()
    earlier.cluster = HangingKubernetes(earlier.log)
    operator = await Operator(after=earlier).started(rule())
    start = asyncio.get_running_loop().time()
    await operator.controller.stop()
    assert asyncio.get_running_loop().time() - start == DRAIN_SECONDS


@virtually
async def test_stop_before_start_is_a_no_op() -> None:
    """kopf calls the shutdown after a failed start, too."""
    operator = Operator()
    assert not operator.controller.is_alive
    await operator.controller.stop()


@virtually
async def test_defect_of_the_gateway_does_not_end_the_timer() -> None:
    """It is the reason in every status until AWS is read again; Ready stays."""
    operator = await Operator().started(rule())
    statistics, operator.aws.statistics_by_rule = operator.aws.statistics_by_rule, None  # type: ignore[assignment]
    await asyncio.sleep(61)
    assert operator.controller.is_alive
    internal = "Unknown InternalError cannot read AWS: unexpected TypeError"
    assert (operator.conditions()["Synced"], operator.conditions()["Ready"]) == (internal, "True Available")
    operator.aws.statistics_by_rule = statistics
    await asyncio.sleep(120)
    assert operator.conditions()["Synced"] == "True InSync"
    await operator.controller.stop()


@virtually
async def test_dead_task_is_not_alive() -> None:
    """The liveness probe reports it."""
    operator = await Operator().started()
    alive = [operator.controller.is_alive]
    [timer] = [task for task in asyncio.all_tasks() if task.get_name() == "timer"]
    timer.cancel()
    await asyncio.sleep(0.1)
    assert [*alive, operator.controller.is_alive] == [True, False]
    await operator.controller.stop()
