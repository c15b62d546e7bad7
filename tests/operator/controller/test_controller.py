"""The loop around the passes, in virtual time: the watch, the timer, retries, expiry, and the end."""

import asyncio
import copy
from collections.abc import Callable, Coroutine
from typing import Any

from tests.operator.environment import Environment
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
    """A environment with the loop; draws are always 0.5, so an interval is exact and a retry waits half its bound."""

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
        hear = self.controller.object_deleted if kind == "DELETED" else self.controller.object_changed
        asyncio.get_running_loop().call_soon(hear, body)

    async def started(self, *manifests: dict[str, Any]) -> "Operator":
        """Run until these objects are in step, and empty the log."""
        for manifest in manifests:
            self.cluster.apply(manifest)
        self.controller.start()
        await asyncio.sleep(0.01)
        self.log.clear()
        return self

    async def called(self, seconds: float) -> list[str]:
        """Give the calls of the next seconds."""
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
async def test_what_the_watch_tells_is_brought_to_aws() -> None:
    """Added, changed, deleted; the echo of our own writes is no news."""
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
async def test_many_objects_wait_for_one_read() -> None:
    """Those that were there at the start."""
    operator = Operator()
    for number in range(20):
        operator.cluster.apply(group(f"group-{number}"))
    operator.controller.start()
    await asyncio.sleep(0.5)
    assert [operator.log.count(one) for one in (*READ, "claim", "create")] == [1, 1, 1, 20, 20]
    await operator.controller.stop()


@virtually
async def test_an_object_that_is_listed_again_is_no_news() -> None:
    """kopf lists everything after each reconnect."""
    operator = await Operator().started(rule())
    operator.controller.object_changed(operator.cluster.bodies[RULE])
    assert await operator.called(1) == []
    await operator.controller.stop()


@virtually
async def test_the_timer_reads_aws_and_finds_drift() -> None:
    """Nothing in Kubernetes has changed; without a difference there are three reads and no write."""
    operator = await Operator(interval=60).started(rule())
    assert await operator.called(58) == []
    assert await operator.called(3) == READ
    operator.edit_in_aws("rule", "backend", FixedRate=0.1)
    assert await operator.called(60) == [*READ, "tags", "status", "update", "status"]
    assert operator.conditions()["Drifted"] == "False DriftRepaired FixedRate: 0.1 -> 0.5"
    await operator.controller.stop()


@virtually
async def test_while_aws_cannot_be_read_it_is_asked_more_and_more_slowly() -> None:
    """After 1, 3 and 7 s, and never more slowly than the interval; then all is as before."""
    operator = Operator(interval=60)
    operator.aws.failures["rules"] = [UNREACHABLE] * 3
    await operator.started(rule())
    assert operator.conditions()["Synced"] == "False Unreachable cannot reach X-Ray"
    assert (await operator.called(2)).count("rules") == 1
    assert (await operator.called(3)).count("rules") == 1
    assert await operator.called(3) == [*READ, "claim", "create", "status"]
    await operator.controller.stop()


@virtually
async def test_a_pass_that_failed_is_tried_again_more_and_more_slowly() -> None:
    """After 0.5, 1.5 and 3.5 s; success ends the series."""
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
async def test_what_kubernetes_refuses_is_tried_again() -> None:
    """A conflict, a server error, nobody there."""
    operator = await Operator().started()
    operator.cluster.failures["claim"] = [KubernetesError(status, "no") for status in (409, 500, 0)]
    operator.cluster.apply(rule())
    assert await operator.called(0.1) == ["claim"]
    assert await operator.called(4) == ["claim", "claim", "claim", "create", "status"]
    await operator.controller.stop()


@virtually
async def test_an_object_that_is_gone_is_forgotten() -> None:
    """Before the watch tells of it; it is not tried again, and who asked for the same has its turn."""
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
async def test_an_object_that_comes_and_goes_at_once_is_nothing_to_do() -> None:
    """Its key waits in the queue for nobody."""
    operator = await Operator().started()
    operator.cluster.delete(operator.cluster.apply(rule()))
    assert await operator.called(50) == []
    await operator.controller.stop()


@virtually
async def test_a_defect_stops_one_pass_and_no_worker() -> None:
    """It is logged and tried again, and the others go on."""
    operator = await Operator().started()
    operator.cluster.failures["claim"] = [ZeroDivisionError()]
    operator.cluster.apply(rule())
    operator.cluster.apply(group())
    assert (await operator.called(0.1)).count("create") == 1
    assert operator.controller.is_alive
    assert (await operator.called(0.5)).count("create") == 1
    await operator.controller.stop()


@virtually
async def test_a_token_asks_for_a_fresh_read() -> None:
    """Each token once."""
    operator = await Operator().started(rule())
    operator.edit_in_aws("rule", "backend", FixedRate=0.1)
    operator.cluster.apply(rule(), **{RECONCILE_ANNOTATION: "now"})
    assert await operator.called(0.5) == [*READ, "tags", "status", "update", "status"]
    assert operator.status()["lastHandledReconcileAt"] == "now"
    assert await operator.called(10) == []
    await operator.controller.stop()


@virtually
async def test_an_object_ends_at_its_time_whatever_the_interval() -> None:
    """An hour of debugging is an hour, though AWS is read once a day."""
    operator = Operator(interval=86400)
    await operator.started(default_rule_at(1.0, expiresAt="2026-01-01T01:00:00Z"))
    assert await operator.called(3599) == []
    assert await operator.called(1) == ["update", "remove_finalizer", "status"]
    assert operator.aws.values["rule", "Default"] == default_rule()
    assert operator.conditions(DEFAULT)["Ready"] == "False Expired"
    await operator.controller.stop()


@virtually
async def test_what_a_write_means_for_others_is_told_soon() -> None:
    """The quota in use, a second later, and without a read."""
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
async def test_one_name_in_aws_has_one_pass_at_a_time() -> None:
    """Ten objects that come at once make one rule."""
    operator = await Operator().started()
    for number in range(10):
        operator.cluster.apply(rule(f"rule-{number}", ruleName="x"))
    assert (await operator.called(0.5)).count("create") == 1
    told = [operator.conditions(Key("rule", "default", f"rule-{number}"))["Ready"] for number in range(10)]
    assert sorted(told) == ["False Duplicate"] * 9 + ["True Available"]
    await operator.controller.stop()


@virtually
async def test_the_end_waits_for_what_is_being_done_and_takes_nothing_new() -> None:
    """Events are posted as well."""
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
async def test_what_a_patch_answers_is_looked_at_when_the_watch_is_cut() -> None:
    """A spec that was changed during a pass, of which only the answer to our own PATCH tells."""
    operator = await Operator().started()
    operator.cluster.apply(rule())

    def cut(kind: str, body: dict[str, Any]) -> None:
        operator.cluster.watch = lambda kind, body: None
        operator.cluster.apply(rule(fixedRate=0.7))

    operator.cluster.watch = cut  # it hears of the claim
    await asyncio.sleep(30)
    [held] = [one for (kind, name), one in operator.aws.values.items() if name == "backend"]
    assert held.to_api()["FixedRate"] == 0.7
    await operator.controller.stop()


@virtually
async def test_an_object_that_vanishes_with_our_finalizer_is_let_go_in_aws() -> None:
    """The API server deletes one whose finalizer comes too late; and AWS is asked until it is done."""
    operator = await Operator().started(rule())
    operator.aws.failures["delete"] = [UNREACHABLE, THROTTLED]
    operator.controller.object_deleted(operator.cluster.bodies.pop(RULE))
    await asyncio.sleep(30)
    assert (("rule", "backend") in operator.aws.values, operator.cache.resources) == (False, {})
    await operator.controller.stop()


@virtually
async def test_the_end_of_an_earlier_object_is_not_that_of_the_new_one() -> None:
    """Of two objects with one name, the word of the first one's end may come last."""
    operator = await Operator().started(rule())
    earlier = copy.deepcopy(operator.cluster.bodies[RULE])
    earlier["metadata"]["uid"] = "an earlier one"
    operator.controller.object_deleted(earlier)
    assert RULE in operator.cache.resources
    await operator.controller.stop()


class HangingKubernetes(InMemoryKubernetes):
    """Never answers a claim."""

    async def claim(self, resource: Resource, before: str | None) -> Resource:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError


@virtually
async def test_the_end_does_not_wait_for_ever() -> None:
    """What hangs is given up."""
    earlier = Environment()
    earlier.cluster = HangingKubernetes(earlier.log)
    operator = await Operator(after=earlier).started(rule())
    begun = asyncio.get_running_loop().time()
    await operator.controller.stop()
    assert asyncio.get_running_loop().time() - begun == DRAIN_SECONDS


@virtually
async def test_who_never_started_need_not_stop() -> None:
    """kopf calls the end after a failed start, too."""
    operator = Operator()
    assert not operator.controller.is_alive
    await operator.controller.stop()


@virtually
async def test_a_timer_that_has_died_is_noticed() -> None:
    """The liveness probe asks."""
    operator = await Operator().started()
    alive = [operator.controller.is_alive]
    operator.aws.statistics_by_rule = None  # type: ignore[assignment] # a defect of the gateway's
    await asyncio.sleep(61)
    assert [*alive, operator.controller.is_alive] == [True, False]
    await operator.controller.stop()
