"""What the resources ask for, as data, and the check that AWS and the cluster are so: nothing missing, nothing more.

The tests' hands keep the world in step with what they do; the check reads everything anew and gives sentences.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.integration.faults.aws import Aws
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Kind, Target, Value, kind_of, name_of
from xray_operator.kubernetes.resource import FINALIZER

CLUSTER_ID = "faults"
SYNCED = "InSync"
EXPIRED = "Expired"


class Key(NamedTuple):
    """Which resource: its kind and its name in the cluster."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{'XRaySamplingRule' if self.kind == 'rule' else 'XRayGroup'} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A resource that is there. `expects` is Synced's reason; any but InSync means that nothing in AWS is to be ours.

    `taken` is what was there before it was taken over.
    """

    name: str
    value: Value
    policies: Mapping[str, Any] = field(default_factory=dict)
    expects: str = SYNCED
    taken: "Left | None" = None

    @property
    def key(self) -> Key:
        """Which resource."""
        return Key(kind_of(self.value), self.name)

    @property
    def target(self) -> Target:
        """What in AWS it is about."""
        return kind_of(self.value), name_of(self.value)

    @property
    def deletion(self) -> str:
        """What becomes of AWS's object with it."""
        return str(self.policies.get("deletionPolicy", "Delete"))

    @property
    def other_tags(self) -> dict[str, str]:
        """The tags that are none of ours, which stay."""
        found = self.taken.tags if self.taken else {}
        return {name: text for name, text in found.items() if name not in {OWNER_TAG, DELETION_TAG}}

    def tags(self, namespace: str) -> dict[str, str]:
        """Return all tags that AWS's object must have."""
        return {**self.other_tags, OWNER_TAG: f"{CLUSTER_ID}/{namespace}/{self.name}", DELETION_TAG: self.deletion}


@dataclass(frozen=True, slots=True)
class Left:
    """An object in AWS that is nobody's of ours: one of `values`, with exactly these tags.

    `record` is all that AWS told of a foreign one when it was made; `perhaps` means that it may be missing.
    """

    values: tuple[Value, ...]
    tags: Mapping[str, str]
    record: Mapping[str, Any] | None = None
    perhaps: bool = False


@dataclass(slots=True)
class World:
    """One namespace's resources and all of AWS."""

    namespace: str
    wanted: dict[Key, Wanted] = field(default_factory=dict)
    left: dict[Target, Left] = field(default_factory=dict)
    default_rule: SamplingRule = field(default_factory=default_rule)

    def expected(self) -> dict[Target, Left]:
        """Return what AWS must hold, and nothing else."""
        defaults: tuple[Value, ...] = (self.default_rule, Group(group_name="Default"))
        whole = {(kind_of(default), name_of(default)): Left((default,), {}) for default in defaults}
        whole |= self.left
        for wanted in self.wanted.values():
            if wanted.expects == SYNCED:
                tags = {} if wanted.value.is_default else wanted.tags(self.namespace)
                whole[wanted.target] = Left((wanted.value,), tags)
        return whole


def key_of(body: Mapping[str, Any]) -> Key:
    """Return an object's key."""
    return Key("rule" if body["kind"] == "XRaySamplingRule" else "group", body["metadata"]["name"])


def check(world: World, aws: Aws, objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return every way in which AWS and the namespace's objects are not as the world asks."""
    return [*_aws(world.expected(), aws), *_cluster(world, objects)]


def _aws(expected: Mapping[Target, Left], aws: Aws) -> Iterator[str]:
    held = aws.held()
    counts = Counter(item.target for item in held)
    yield from (f"AWS has {_named(target)} {count} times" for target, count in counts.items() if count > 1)
    found = {item.target: item for item in held}
    for target, left in expected.items():
        if target in found:
            yield from _compared(found[target], left, aws)
        elif not left.perhaps:
            yield f"AWS has no {_named(target)}"
    for target in found.keys() - expected.keys():
        yield f"AWS has {_named(target)}, which nobody asks for, with tags {aws.tags(found[target])}"


def _compared(held: AwsObject, left: Left, aws: Aws) -> Iterator[str]:
    name = _named(held.target)
    if held.value not in left.values:
        yield f"{name} in AWS is {held.value}, expected {' or '.join(map(str, left.values))}"
    tags = aws.tags(held)
    if tags != left.tags:
        yield f"{name} in AWS has tags {tags}, expected {dict(left.tags)}"
    if left.record is not None and aws.record(held.target) != left.record:
        yield f"the foreign {name} was touched: {aws.record(held.target)}, it was {left.record}"


def _named(target: Target) -> str:
    return f"{target[0]} {target[1]!r}"


def _cluster(world: World, objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    found = {key_of(manifest): manifest for manifest in objects}
    for key, wanted in world.wanted.items():
        if key in found:
            yield from (f"{key} {problem}" for problem in _object(wanted, found[key]))
        else:
            yield f"{key} is not in the cluster"
    for key in found.keys() - world.wanted.keys():
        yield f"{key} is in the cluster still, with finalizers {found[key]['metadata'].get('finalizers')}"


def _object(wanted: Wanted, body: Mapping[str, Any]) -> Iterator[str]:
    metadata, status = body["metadata"], body.get("status") or {}
    synced = wanted.expects == SYNCED
    finalizers = metadata.get("finalizers", [])
    if finalizers != [FINALIZER] and (synced or finalizers):
        yield f"has finalizers {finalizers}"
    if finalizers and wanted.expects == EXPIRED:
        yield f"has finalizers {finalizers}, though its time is over"
    if "deletionTimestamp" in metadata:
        yield "is being deleted"
    if status.get("observedGeneration") != metadata["generation"]:
        yield f"has observedGeneration {status.get('observedGeneration')}, expected {metadata['generation']}"
    told = {condition["type"]: condition for condition in status.get("conditions") or ()}
    for kind, state in (("Ready", synced), ("Synced", synced or wanted.expects == EXPIRED)):
        condition = told.get(kind, {})
        if condition.get("status") != str(state) or (kind == "Synced" and condition.get("reason") != wanted.expects):
            yield f"tells {kind}={condition.get('status')} ({condition.get('reason')}: {condition.get('message')}), expected {state}"
