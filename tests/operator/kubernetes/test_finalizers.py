"""`xray-operator finalizers`: what it deletes and releases, what it prints, and its timeout."""

import pytest

from tests.operator.in_memory_kubernetes import InMemoryKubernetes, group, rule
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.finalizers import FinalizerRemover, Scope
from xray_operator.kubernetes.resource import FINALIZER, Key, from_body

RULE = Key("rule", "default", "backend")
GROUP = Key("group", "default", "failing")


class FinalizersEnvironment:
    """Objects in memory, a clock that moves when the command sleeps, and an operator that acts in the meantime."""

    def __init__(self) -> None:
        self.cluster = InMemoryKubernetes()
        self.lines: list[str] = []
        self.seconds = 0.0
        self.remover = FinalizerRemover(self.cluster, self.lines.append, clock=lambda: self.seconds, sleep=self.sleep)
        self.operator_claims: set[Key] = set()
        self.operator_deletes = False

    async def sleep(self, seconds: float) -> None:
        """Let time pass, in which an operator acts."""
        self.seconds += seconds
        for key in [*self.cluster.bodies]:
            resource = from_body(self.cluster.bodies[key])
            if resource.deleting and self.operator_deletes:
                await self.cluster.remove_finalizer(resource)
            elif key in self.operator_claims:
                await self.cluster.claim(resource, None)

    def add_claimed(self, manifest: dict[str, object], **status: str) -> None:
        """Add an object that an operator has claimed."""
        key = self.cluster.apply(manifest)
        others = ["other/one"] if "other" in status else []
        self.cluster.bodies[key]["metadata"]["finalizers"] = [*others, FINALIZER]
        self.cluster.bodies[key]["status"] = status

    def finalizers(self, key: Key) -> list[str]:
        """Return an object's finalizers."""
        return list(self.cluster.bodies[key]["metadata"]["finalizers"])


@pytest.fixture
def environment() -> FinalizersEnvironment:
    """Return an environment."""
    return FinalizersEnvironment()


async def test_finalizers_are_removed_and_the_lines_name_what_aws_keeps(environment: FinalizersEnvironment) -> None:
    """The objects and the finalizers of others stay."""
    environment.add_claimed(rule(), arn="arn:1", other="yes")
    environment.add_claimed(group())
    await environment.remover.remove(Scope(), 60)
    assert environment.lines == [
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)",
        "finalizer removed: XRayGroup default/failing; its status has no ARN of a group 'failing'",
    ]
    assert (environment.finalizers(RULE), environment.finalizers(GROUP)) == (["other/one"], [])
    assert environment.seconds == 3


async def test_class_limits_the_scope(environment: FinalizersEnvironment) -> None:
    """An empty one to objects without a class; the objects of another operator keep their finalizers."""
    environment.add_claimed(rule(**{"class": "eu"}), arn="arn:1")
    environment.add_claimed(group(), arn="arn:2")
    await environment.remover.remove(Scope(resource_class=""), 60)
    assert (environment.finalizers(RULE), environment.finalizers(GROUP)) == ([FINALIZER], [])
    await environment.remover.remove(Scope(resource_class="eu"), 60)
    assert environment.finalizers(RULE) == []


async def test_object_that_is_claimed_again_is_released_until_the_timeout(environment: FinalizersEnvironment) -> None:
    """A running operator is named; the command does not wait longer."""
    environment.add_claimed(rule(), arn="arn:1")
    environment.operator_claims = {RULE}
    await environment.remover.remove(Scope(), 7)
    assert environment.seconds == 9
    assert environment.lines == [
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)",
        "claimed again: XRaySamplingRule default/backend; a running operator manages it",
    ]


async def test_cluster_without_finalizers_is_listed_again(environment: FinalizersEnvironment) -> None:
    """So is a cluster without CRDs."""
    await environment.remover.remove(Scope(), 60)
    assert (environment.lines, environment.seconds) == ([], 3)


async def test_delete_waits_for_the_operator(environment: FinalizersEnvironment) -> None:
    """Deleted objects are reported, and no finalizer is removed."""
    environment.add_claimed(rule(), arn="arn:1")
    environment.cluster.apply(group())
    environment.operator_deletes = True
    await environment.remover.delete(Scope(), 60)
    assert environment.lines == ["deleted: XRayGroup default/failing", "deleted: XRaySamplingRule default/backend"]
    assert (environment.cluster.bodies, environment.seconds) == ({}, 1)


async def test_delete_removes_finalizers_after_the_timeout(environment: FinalizersEnvironment) -> None:
    """An uninstall is never blocked; the lines name what AWS keeps."""
    environment.add_claimed(rule(), arn="arn:1")
    await environment.remover.delete(Scope(), 5)
    assert environment.lines == [
        "resources not deleted after 5 s: 1; expected a running operator with access to AWS",
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)",
    ]
    assert environment.cluster.bodies == {}


async def test_second_run_finishes_an_interrupted_delete(environment: FinalizersEnvironment) -> None:
    """It waits for the deletions that the first has requested."""
    environment.add_claimed(rule())
    environment.cluster.delete(RULE)
    environment.cluster.calls.clear()
    environment.operator_deletes = True
    await environment.remover.delete(Scope(), 60)
    assert "request_deletion" not in environment.cluster.calls
    assert environment.lines == ["deleted: XRaySamplingRule default/backend"]


async def test_objects_out_of_scope_are_left_alone(environment: FinalizersEnvironment) -> None:
    """By namespace and by labels."""
    environment.add_claimed(rule())
    environment.add_claimed({**group(), "metadata": {"name": "failing", "labels": {"app": "shop"}}})
    await environment.remover.remove(Scope(("elsewhere",)), 60)
    await environment.remover.remove(Scope(("default",), "app=shop"), 60)
    assert (environment.finalizers(RULE), environment.finalizers(GROUP)) == ([FINALIZER], [])


async def test_unreachable_api_server_is_retried(environment: FinalizersEnvironment) -> None:
    """A forbidden request is not, and the timeout ends the retries."""
    environment.add_claimed(rule())
    environment.cluster.failures["list"] = [KubernetesError(0, "away"), KubernetesError(503, "starting")]
    await environment.remover.remove(Scope(), 60)
    assert environment.finalizers(RULE) == []
    environment.cluster.failures["list"] = [KubernetesError(403, "forbidden")]
    with pytest.raises(KubernetesError, match="forbidden"):
        await environment.remover.remove(Scope(), 60)
    environment.cluster.failures["list"] = [KubernetesError(0, "away")] * 9
    with pytest.raises(KubernetesError, match="away"):
        await environment.remover.delete(Scope(), 5)


async def test_object_that_is_modified_is_retried(environment: FinalizersEnvironment) -> None:
    """It is reported once."""
    environment.add_claimed(rule(), arn="arn:1")
    environment.cluster.failures["remove_finalizer"] = [KubernetesError(409, "modified")]
    await environment.remover.remove(Scope(), 60)
    assert environment.lines == [
        "finalizer removed: XRaySamplingRule default/backend; AWS keeps the rule 'backend' (arn:1)"
    ]
    assert environment.finalizers(RULE) == []
