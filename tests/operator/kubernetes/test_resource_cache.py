"""The cache of resources: which versions are new, and which resources name the same object in AWS."""

from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import rule
from xray_operator.kubernetes.resource import Key, Resource, from_body
from xray_operator.kubernetes.resource_cache import ResourceCache

A, B = Key("rule", "default", "a"), Key("rule", "default", "b")


def resource(name: str, version: str = "1", created: int = 1, target: str = "shared") -> Resource:
    """Return a rule resource that names `target` in AWS; `created` is in seconds."""
    metadata: dict[str, Any] = {
        "namespace": "default",
        "name": name,
        "uid": f"uid-{name}-{created}",
        "resourceVersion": version,
        "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
    }
    return from_body({**rule(name, ruleName=target), "metadata": metadata})


def filled(*resources: Resource) -> ResourceCache:
    """Return a cache of resources."""
    cache = ResourceCache()
    for each in resources:
        cache.put(each)
    return cache


@pytest.mark.parametrize(
    ("later", "is_new"),
    [
        (resource("a", "10"), True),
        (resource("a", "9"), False),
        (resource("a", "8"), False),
        (resource("a", "1", created=2), True),
        (resource("a", "99", created=0), False),
    ],
)
def test_newer_version_or_younger_resource_is_new(later: Resource, is_new: bool) -> None:
    """Versions are compared as numbers; the echo of our own write is not new."""
    cache = filled(resource("a", "9"))
    assert cache.put(later) is is_new
    assert cache.resources[A].version == (later.version if is_new else "9")


def test_version_that_is_not_a_number_is_not_new() -> None:
    """Kubernetes promises numbers."""
    cache = filled(resource("a", "x"))
    assert cache.put(resource("a", "y")) is False
    assert cache.put(resource("a", "2")) is True


def test_drop_returns_the_resources_with_the_same_target() -> None:
    """The last one leaves an empty cache."""
    cache = filled(resource("a"), resource("b"))
    assert cache.drop(A) == {B}
    assert cache.drop(A) == frozenset()
    assert cache.drop(B) == frozenset()
    assert cache.resources == {}


def test_recreated_resource_with_another_target_frees_the_old_one() -> None:
    """A name in AWS is immutable, but the resource may be deleted and created again."""
    cache = filled(resource("a"), resource("b"))
    assert [found.key for found in cache.with_same_target(resource("b"))] == [A]
    cache.put(resource("a", "2", created=3, target="other"))
    assert list(cache.with_same_target(resource("b"))) == []
