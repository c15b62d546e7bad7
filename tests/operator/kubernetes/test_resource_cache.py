"""The objects as last seen: what is news, and which of them has the say."""

from dataclasses import replace
from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import rule
from xray_model import SamplingRule
from xray_operator.aws.objects import OWNER_TAG, AwsObject, Observed
from xray_operator.controller.ownership import find_rival
from xray_operator.kubernetes.resource import FINALIZER, Key, Resource, from_body
from xray_operator.kubernetes.resource_cache import ResourceCache

NOTHING = Observed((), {})
VALUE = SamplingRule(rule_name="shared", priority=1, fixed_rate=0.5, reservoir_size=1)


def seen(name: str, version: str = "1", born: int = 1, claimed: bool = False, **spec: Any) -> Resource:
    """Give a rule object that asks for `shared`; `born` is the second of its creation."""
    metadata = {
        "namespace": "default",
        "name": name,
        "uid": f"uid-{name}-{born}",
        "resourceVersion": version,
        "creationTimestamp": f"2026-01-01T00:00:{born:02}Z",
        "finalizers": [FINALIZER] if claimed else [],
    }
    return from_body({**rule(name, ruleName="shared", **spec), "metadata": metadata})


def filled(*resources: Resource) -> ResourceCache:
    """Give a mirror of objects."""
    mirror = ResourceCache()
    for one in resources:
        mirror.put(one)
    return mirror


@pytest.mark.parametrize(
    ("later", "is_news"),
    [
        (seen("a", "10"), True),
        (seen("a", "9"), False),
        (seen("a", "8"), False),
        (seen("a", "1", born=2), True),
    ],
)
def test_only_a_newer_version_or_a_younger_object_is_news(later: Resource, is_news: bool) -> None:
    """Versions are compared as numbers; an echo of our own write is none."""
    mirror = filled(seen("a", "9"))
    assert mirror.put(later) is is_news
    assert mirror.resources[Key("rule", "default", "a")].version == (later.version if is_news else "9")


def test_versions_that_are_no_numbers_are_no_news_for_the_same_object() -> None:
    """Kubernetes promises numbers; anything else is told once."""
    mirror = filled(seen("a", "x"))
    assert mirror.put(seen("a", "y")) is False
    assert mirror.put(seen("a", "2")) is True


def rival(
    cache: ResourceCache, resource: Resource, observed: Observed = NOTHING, cluster_id: str = "local"
) -> Resource | None:
    """Return the resource that manages the target instead."""
    return find_rival(resource, cache.with_same_target(resource), observed, cluster_id)


def test_dropping_gives_those_that_asked_for_the_same() -> None:
    """And forgets the object; the last one leaves nothing behind."""
    mirror = filled(seen("a"), seen("b"))
    assert mirror.drop(Key("rule", "default", "a")) == {Key("rule", "default", "b")}
    assert mirror.drop(Key("rule", "default", "a")) == frozenset()
    assert mirror.drop(Key("rule", "default", "b")) == frozenset()
    assert mirror.resources == {}


def test_an_object_made_anew_for_another_name_is_no_rival_any_more() -> None:
    """The old name is free."""
    mirror = filled(seen("a"), seen("b", born=2))
    assert rival(mirror, seen("b", born=2)) == seen("a")
    metadata = {"uid": "new", "resourceVersion": "2", "creationTimestamp": "2026-01-01T00:00:03Z"}
    moved = from_body({**rule("a"), "metadata": {**rule("a")["metadata"], **metadata}})
    mirror.put(moved)
    assert rival(mirror, seen("b", born=2)) is None


@pytest.mark.parametrize(
    ("mine", "other", "other_decides"),
    [
        (seen("a", born=1), seen("b", born=2), False),
        (seen("a", born=2), seen("b", born=1), True),
        (seen("a", born=1), seen("b", born=2, claimed=True), True),
        (seen("a", born=2, claimed=True), seen("b", born=1), False),
        (seen("a", born=1), seen("b", born=1), False),  # the uid decides in the end
        (seen("a", born=2), seen("b", born=1, managementPolicy="Observe"), False),
        (seen("a", born=2), seen("b", born=1, fixedRate=7), False),
        (seen("a", born=2), replace(seen("b", born=1), deleting=True), False),
        (seen("a", born=2), seen("b", born=1, claimed=True, fixedRate=7), True),
        (seen("a", born=2), replace(seen("b", born=1, claimed=True), deleting=True), True),
    ],
)
def test_who_is_claimed_decides_and_then_who_is_older(mine: Resource, other: Resource, other_decides: bool) -> None:
    """Who only looks, cannot be used or goes away has no say, unless AWS may still hold its object."""
    assert rival(filled(mine, other), mine) == (other if other_decides else None)


def test_the_tag_in_aws_decides_before_anything_else() -> None:
    """A younger object that AWS says is the owner keeps what it has."""
    older, younger = seen("a", born=1, claimed=True), seen("b", born=2)
    observed = Observed((AwsObject(VALUE, "arn:1"),), {"arn:1": {OWNER_TAG: "local/default/b"}})
    mirror = filled(older, younger)
    assert rival(mirror, older, observed, "local") == younger
    assert rival(mirror, younger, observed, "local") is None
    assert rival(mirror, younger, observed, "elsewhere") == older


def test_the_one_with_the_most_say_is_named() -> None:
    """Of several."""
    objects = [seen("c", born=3), seen("b", born=2), seen("a", born=1)]
    assert rival(filled(*objects), objects[0]) == objects[2]


def test_alone_nobody_else_has_the_say() -> None:
    """Not even an object that the mirror does not know."""
    assert rival(filled(), seen("a")) is None
