"""The state that the resources describe, as data, and the check that AWS and the cluster are in it exactly.

The tests' actions update it with what they do; the check reads everything again and yields sentences.
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
    """A resource in the cluster. `expects` is Synced's reason; any but InSync means that it must own nothing in AWS.

    `taken` is the object in AWS that it has adopted.
    """

    name: str
    value: Value
    policies: Mapping[str, Any] = field(default_factory=dict)
    expects: str = SYNCED
    taken: "Leftover | None" = None

    @property
    def key(self) -> Key:
        """Which resource."""
        return Key(kind_of(self.value), self.name)

    @property
    def target(self) -> Target:
        """The object in AWS that it describes."""
        return kind_of(self.value), name_of(self.value)

    @property
    def deletion(self) -> str:
        """Its deletion policy."""
        return str(self.policies.get("deletionPolicy", "Delete"))

    @property
    def other_tags(self) -> dict[str, str]:
        """The tags of others, which stay."""
        found = self.taken.tags if self.taken else {}
        return {name: text for name, text in found.items() if name not in {OWNER_TAG, DELETION_TAG}}

    def tags(self, namespace: str) -> dict[str, str]:
        """Return all tags that AWS's object must have."""
        return {**self.other_tags, OWNER_TAG: f"{CLUSTER_ID}/{namespace}/{self.name}", DELETION_TAG: self.deletion}


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object in AWS that no resource manages: one of `values`, with exactly these tags.

    `record` is what AWS reported of a foreign object when it was created; an `optional` one may be missing.
    """

    values: tuple[Value, ...]
    tags: Mapping[str, str]
    record: Mapping[str, Any] | None = None
    optional: bool = False


@dataclass(slots=True)
class Environment:
    """One namespace's resources and all of AWS."""

    namespace: str
    wanted: dict[Key, Wanted] = field(default_factory=dict)
    leftovers: dict[Target, Leftover] = field(default_factory=dict)
    default_rule: SamplingRule = field(default_factory=default_rule)

    def expected(self) -> dict[Target, Leftover]:
        """Return what AWS must hold, and nothing else."""
        defaults: tuple[Value, ...] = (self.default_rule, Group(group_name="Default"))
        whole = {(kind_of(default), name_of(default)): Leftover((default,), {}) for default in defaults}
        whole |= self.leftovers
        for wanted in self.wanted.values():
            if wanted.expects == SYNCED:
                tags = {} if wanted.value.is_default else wanted.tags(self.namespace)
                whole[wanted.target] = Leftover((wanted.value,), tags)
        return whole


def key_of(body: Mapping[str, Any]) -> Key:
    """Return an object's key."""
    return Key("rule" if body["kind"] == "XRaySamplingRule" else "group", body["metadata"]["name"])


def check(environment: Environment, aws: Aws, objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return every way in which AWS and the namespace's objects are not as the environment says."""
    return [*_aws(environment.expected(), aws), *_cluster(environment, objects)]


def _aws(expected: Mapping[Target, Leftover], aws: Aws) -> Iterator[str]:
    objects = aws.objects()
    counts = Counter(item.target for item in objects)
    yield from (f"AWS has {_named(target)} {count} times" for target, count in counts.items() if count > 1)
    found = {item.target: item for item in objects}
    for target, left in expected.items():
        if target in found:
            yield from _compared(found[target], left, aws)
        elif not left.optional:
            yield f"AWS has no {_named(target)}"
    for target in found.keys() - expected.keys():
        yield f"AWS has {_named(target)}, which no resource describes, with tags {aws.tags(found[target])}"


def _compared(found: AwsObject, left: Leftover, aws: Aws) -> Iterator[str]:
    name = _named(found.target)
    if found.value not in left.values:
        yield f"{name} in AWS is {found.value}, expected {' or '.join(map(str, left.values))}"
    tags = aws.tags(found)
    if tags != left.tags:
        yield f"{name} in AWS has tags {tags}, expected {dict(left.tags)}"
    if left.record is not None and aws.record(found.target) != left.record:
        yield f"the foreign {name} was touched: {aws.record(found.target)}, it was {left.record}"


def _named(target: Target) -> str:
    return f"{target[0]} {target[1]!r}"


def _cluster(environment: Environment, objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    found = {key_of(manifest): manifest for manifest in objects}
    for key, wanted in environment.wanted.items():
        if key in found:
            yield from (f"{key} {problem}" for problem in _object(wanted, found[key]))
        else:
            yield f"{key} is not in the cluster"
    for key in found.keys() - environment.wanted.keys():
        yield f"{key} is still in the cluster, with finalizers {found[key]['metadata'].get('finalizers')}"


def _object(wanted: Wanted, body: Mapping[str, Any]) -> Iterator[str]:
    metadata, status = body["metadata"], body.get("status") or {}
    synced = wanted.expects == SYNCED
    finalizers = metadata.get("finalizers", [])
    if finalizers != [FINALIZER] and (synced or finalizers):
        yield f"has finalizers {finalizers}"
    if finalizers and wanted.expects == EXPIRED:
        yield f"has finalizers {finalizers}, though it has expired"
    if "deletionTimestamp" in metadata:
        yield "is being deleted"
    if status.get("observedGeneration") != metadata["generation"]:
        yield f"has observedGeneration {status.get('observedGeneration')}, expected {metadata['generation']}"
    conditions = {condition["type"]: condition for condition in status.get("conditions") or ()}
    state = synced or wanted.expects == EXPIRED
    for kind in ("Ready", "Synced"):
        condition = conditions.get(kind, {})
        if condition.get("status") != str(state) or (kind == "Synced" and condition.get("reason") != wanted.expects):
            shown = f"{condition.get('status')} ({condition.get('reason')}: {condition.get('message')})"
            yield f"has {kind}={shown}, expected {state}"
