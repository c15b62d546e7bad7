"""What `xray-operator release` deletes and lets go, what it tells, and when it stops waiting."""

import pytest

from tests.operator.in_memory_kubernetes import InMemoryKubernetes, group, rule
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.finalizers import FinalizerRemover, Scope
from xray_operator.kubernetes.resource import FINALIZER, Key, from_body

RULE = Key("rule", "default", "backend")
GROUP = Key("group", "default", "failing")


class Bench:
    """Objects in memory, a clock that moves when somebody sleeps, and what happens meanwhile."""

    def __init__(self) -> None:
        self.cluster = InMemoryKubernetes()
        self.lines: list[str] = []
        self.seconds = 0.0
        self.release = FinalizerRemover(self.cluster, self.lines.append, clock=lambda: self.seconds, sleep=self.sleep)
        self.operator_takes: set[Key] = set()
        self.operator_deletes = False

    async def sleep(self, seconds: float) -> None:
        """Let time pass, in which an operator works."""
        self.seconds += seconds
        for key in [*self.cluster.bodies]:
            resource = from_body(self.cluster.bodies[key])
            if resource.deleting and self.operator_deletes:
                await self.cluster.remove_finalizer(resource)
            elif key in self.operator_takes:
                await self.cluster.claim(resource, None)

    def held(self, manifest: dict[str, object], **status: str) -> None:
        """Put an object into the cluster that an operator has claimed."""
        key = self.cluster.apply(manifest)
        others = ["other/one"] if "other" in status else []
        self.cluster.bodies[key]["metadata"]["finalizers"] = [*others, FINALIZER]
        self.cluster.bodies[key]["status"] = status

    def finalizers(self, key: Key) -> list[str]:
        """Give an object's finalizers."""
        return list(self.cluster.bodies[key]["metadata"]["finalizers"])


@pytest.fixture
def bench() -> Bench:
    """Give a bench."""
    return Bench()


async def test_objects_are_let_go_and_what_aws_keeps_is_told(bench: Bench) -> None:
    """The finalizers of others stay, and so do the objects."""
    bench.held(rule(), arn="arn:1", other="yes")
    bench.held(group())
    await bench.release.remove(Scope(), 60)
    assert bench.lines == [
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)",
        "finalizer removed: XRayGroup default/failing; its status has no ARN of a group 'failing'",
    ]
    assert (bench.finalizers(RULE), bench.finalizers(GROUP)) == (["other/one"], [])
    assert bench.seconds == 3


async def test_what_an_operator_takes_again_is_let_go_until_the_time_is_over(bench: Bench) -> None:
    """An operator that runs on is named; the command does not wait for ever."""
    bench.held(rule(), arn="arn:1")
    bench.operator_takes = {RULE}
    await bench.release.remove(Scope(), 7)
    assert bench.seconds == 9
    assert bench.lines == [
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)",
        "claimed again: XRaySamplingRule default/backend; a running operator manages it",
    ]


async def test_nothing_to_let_go_is_looked_at_twice(bench: Bench) -> None:
    """So is a cluster without CRDs, which holds nothing."""
    await bench.release.remove(Scope(), 60)
    assert (bench.lines, bench.seconds) == ([], 3)


async def test_a_running_operator_carries_the_deletion_out(bench: Bench) -> None:
    """What is gone is told, and nothing is let go."""
    bench.held(rule(), arn="arn:1")
    bench.cluster.apply(group())
    bench.operator_deletes = True
    await bench.release.delete(Scope(), 60)
    assert bench.lines == ["deleted: XRayGroup default/failing", "deleted: XRaySamplingRule default/backend"]
    assert (bench.cluster.bodies, bench.seconds) == ({}, 1)


async def test_without_an_operator_the_deleted_are_let_go_after_the_time(bench: Bench) -> None:
    """So an uninstall is never held up; what AWS keeps is named."""
    bench.held(rule(), arn="arn:1")
    await bench.release.delete(Scope(), 5)
    assert bench.lines == [
        "not deleted after 5 s: 1; expected a running operator with access to AWS",
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)",
    ]
    assert bench.cluster.bodies == {}


async def test_a_deletion_that_was_begun_is_not_asked_for_again(bench: Bench) -> None:
    """A second run waits for what the first has asked for."""
    bench.held(rule())
    bench.cluster.delete(RULE)
    bench.cluster.calls.clear()
    bench.operator_deletes = True
    await bench.release.delete(Scope(), 60)
    assert "request_deletion" not in bench.cluster.calls
    assert bench.lines == ["deleted: XRaySamplingRule default/backend"]


async def test_only_what_is_in_scope_is_touched(bench: Bench) -> None:
    """By namespace and by labels."""
    bench.held(rule())
    bench.held({**group(), "metadata": {"name": "failing", "labels": {"app": "shop"}}})
    await bench.release.remove(Scope(("elsewhere",)), 60)
    await bench.release.remove(Scope(("default",), "app=shop"), 60)
    assert (bench.finalizers(RULE), bench.finalizers(GROUP)) == ([FINALIZER], [])


async def test_an_api_server_that_is_away_for_a_while_is_asked_again(bench: Bench) -> None:
    """A refusal is not: it stays as it is."""
    bench.held(rule())
    bench.cluster.failures["list"] = [KubernetesError(0, "away"), KubernetesError(503, "starting")]
    await bench.release.remove(Scope(), 60)
    assert bench.finalizers(RULE) == []
    bench.cluster.failures["list"] = [KubernetesError(403, "forbidden")]
    with pytest.raises(KubernetesError, match="forbidden"):
        await bench.release.remove(Scope(), 60)
    bench.cluster.failures["list"] = [KubernetesError(0, "away")] * 9
    with pytest.raises(KubernetesError, match="away"):
        await bench.release.delete(Scope(), 5)


async def test_an_object_that_changes_meanwhile_is_let_go_at_the_next_look(bench: Bench) -> None:
    """It is told once it is done."""
    bench.held(rule(), arn="arn:1")
    bench.cluster.failures["let_go"] = [KubernetesError(409, "modified")]
    await bench.release.remove(Scope(), 60)
    assert bench.lines == ["finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)"]
    assert bench.finalizers(RULE) == []
