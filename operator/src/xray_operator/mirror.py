"""The objects as last seen, and which of them has the say where several ask for one thing in AWS. Pure memory."""

from collections import defaultdict

from xray_operator.model import ManagementPolicy
from xray_operator.plan import Observed
from xray_operator.ports import Target
from xray_operator.resource import Key, Resource


class VanishedError(Exception):
    """An object has gone while it was worked on."""


class Mirror:
    """What Kubernetes holds of our kinds, by key; `resources` is for reading."""

    def __init__(self) -> None:
        self.resources: dict[Key, Resource] = {}
        self._by_target: defaultdict[Target, set[Key]] = defaultdict(set)

    def put(self, resource: Resource) -> bool:
        """Take in an object; False when it is no news: the same version, or an older one that comes late.

        An earlier object of the same name comes late, too: kopf keeps the order of events for one uid only.
        """
        earlier = self.resources.get(resource.key)
        if earlier is not None and _age(resource) <= _age(earlier):
            return False
        if earlier is not None and earlier.target != resource.target:
            self.drop(resource.key)
        self.resources[resource.key] = resource
        self._by_target[resource.target].add(resource.key)
        return True

    def keep(self, resource: Resource) -> Resource:
        """Take in what a PATCH answered; VanishedError when the object has gone meanwhile: it is not brought back."""
        now = self.resources.get(resource.key)
        if now is None or now.gone or now.uid != resource.uid:
            raise VanishedError(f"{resource.key} has gone meanwhile")
        self.put(resource)
        return resource

    def vanished(self, key: Key) -> Resource | None:
        """Mark an object as gone, if it was claimed; else None, and it can be dropped."""
        now = self.resources.get(key)
        if now is None or not now.claimed:
            return None
        self.resources[key] = now.vanished()
        return self.resources[key]

    def released(self, key: Key) -> None:
        """Note that our finalizer is away, with the object or alone."""
        if key in self.resources:
            self.resources[key] = self.resources[key].unclaimed()

    def drop(self, key: Key) -> frozenset[Key]:
        """Forget an object and give those that ask for the same thing in AWS."""
        resource = self.resources.pop(key, None)
        if resource is None:
            return frozenset()
        others = self._by_target[resource.target]
        others.discard(key)
        if not others:
            del self._by_target[resource.target]
        return frozenset(others)

    def rival(self, resource: Resource, observed: Observed, cluster_id: str) -> Resource | None:
        """Give the object that has the say instead: AWS's tag decides, then who is claimed, then age.

        An object that only observes has no say and needs none.
        """
        held = observed.find(resource.target)
        owner = observed.owner(held) if held else None

        def precedence(one: Resource) -> tuple[bool, bool, str, str]:
            return one.owner(cluster_id) != owner, not one.claimed, one.created, one.uid

        others = (self.resources[key] for key in self._by_target[resource.target] if key != resource.key)
        rivals = [one for one in others if _has_a_say(one) and precedence(one) < precedence(resource)]
        return min(rivals, key=precedence, default=None)


def _has_a_say(resource: Resource) -> bool:
    manages = resource.manifest is not None and resource.manifest.management is ManagementPolicy.MANAGE
    return resource.claimed or (manages and not resource.deleting)


def _age(resource: Resource) -> tuple[str, int]:
    return resource.created, _version(resource)


def _version(resource: Resource) -> int:
    return int(resource.version) if resource.version.isdecimal() else 0
