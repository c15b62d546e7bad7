"""The objects of our kinds as last seen, in memory."""

from collections import defaultdict

from xray_operator.aws.objects import Target
from xray_operator.kubernetes.resource import Key, Resource


class ResourceDeletedError(Exception):
    """An object was deleted during its pass."""


class ResourceCache:
    """Objects by key; callers only read `resources`.

    A claimed object that another one of its name has replaced is kept apart until its deletion policy is carried out.
    An object whose finalizer another client has removed, as a PUT does, still counts as claimed when it is deleted.
    """

    def __init__(self) -> None:
        self.resources: dict[Key, Resource] = {}
        self._replaced: dict[Key, tuple[Resource, ...]] = {}
        self._claims: dict[Key, str] = {}  # the uid of each object that has had our finalizer, which we did not remove
        self._by_target: defaultdict[Target, set[Key]] = defaultdict(set)

    def put(self, resource: Resource) -> bool:
        """Store an object; False if it is not newer than the cached one.

        An earlier object of the same name can arrive late, too: kopf keeps the order of events for one uid only.
        """
        earlier = self.resources.get(resource.key)
        if earlier is not None and _age(resource) <= _age(earlier):
            return False
        if earlier is not None and earlier.uid != resource.uid and self._is_ours(earlier):
            self._replaced[resource.key] = (*self.replaced(resource.key), earlier.as_deleted())
        if earlier is not None and earlier.target != resource.target:
            self.drop(resource.key)
        self.resources[resource.key] = resource
        self._by_target[resource.target].add(resource.key)
        if resource.claimed:
            self._claims[resource.key] = resource.uid
        return True

    def _is_ours(self, resource: Resource) -> bool:
        return self._claims.get(resource.key) == resource.uid

    def keep(self, resource: Resource) -> Resource:
        """Store the response to a PATCH; ResourceDeletedError if the object was deleted in the meantime."""
        cached = self.resources.get(resource.key)
        if cached is None or cached.deleted or cached.uid != resource.uid:
            raise ResourceDeletedError(f"{resource.key} was deleted in the meantime")
        self.put(resource)
        return resource

    def mark_deleted(self, key: Key) -> Resource | None:
        """Mark a claimed object as deleted; None if it was not claimed and can be dropped."""
        cached = self.resources.get(key)
        if cached is None or not self._is_ours(cached):
            return None
        self.resources[key] = cached.as_deleted()
        return self.resources[key]

    def mark_unclaimed(self, resource: Resource) -> None:
        """Record that we have removed our finalizer, alone or with the object."""
        key = resource.key
        if self._is_ours(resource):
            del self._claims[key]
        if key in self.resources and self.resources[key].uid == resource.uid:
            self.resources[key] = self.resources[key].as_unclaimed()
        remaining = tuple(replaced for replaced in self._replaced.pop(key, ()) if replaced.uid != resource.uid)
        if remaining:
            self._replaced[key] = remaining

    def replaced(self, key: Key) -> tuple[Resource, ...]:
        """Return the claimed objects that others of this name have replaced, in the order of their creation."""
        return self._replaced.get(key, ())

    def drop(self, key: Key) -> frozenset[Key]:
        """Remove an object and return the keys of those with the same target."""
        resource = self.resources.pop(key, None)
        self._claims.pop(key, None)
        if resource is None:
            return frozenset()
        others = self._by_target[resource.target]
        others.discard(key)
        if not others:
            del self._by_target[resource.target]
        return frozenset(others)

    def with_same_target(self, resource: Resource) -> list[Resource]:
        """Return the other objects with an object's target, also those that were replaced."""
        keys = self._by_target.get(resource.target, set())
        cached = [self.resources[key] for key in keys if key != resource.key]
        replaced = [
            earlier
            for resources in self._replaced.values()
            for earlier in resources
            if earlier.target == resource.target and earlier.uid != resource.uid
        ]
        return cached + replaced


def _age(resource: Resource) -> tuple[str, int]:
    return resource.created, int(resource.version) if resource.version.isdecimal() else 0
