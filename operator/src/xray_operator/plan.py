"""What has to be done: a pure function from what is asked for and what AWS holds to actions as values.

Write only on a real difference: every write makes every SDK fetch the rules again. Touch only what carries our tag, or
what the adoption policy lets us take. Called by `reconcile`; `apply` carries the actions out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from xray_model import Difference, Group, SamplingRule, limits
from xray_operator.model import AdoptionPolicy, DeletionPolicy, Manifest
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Held, Kind, Value, kind_of, name_of

QUOTAS: Mapping[Kind, int] = {"rule": limits.CUSTOM_RULES, "group": limits.GROUPS}


class ConflictReason(StrEnum):
    """Why an object may not be touched."""

    FOREIGN_OWNER = "ForeignOwner"
    NOT_OWNED = "NotOwned"
    QUOTA_EXCEEDED = "QuotaExceeded"


@dataclass(frozen=True, slots=True)
class Observed:
    """What AWS holds, and the tags of those objects that matter (by ARN)."""

    held: Sequence[Held]
    tags: Mapping[str, Mapping[str, str]]

    def find(self, kind: Kind, name: str) -> Held | None:
        """Give the object of a kind and name."""
        return next((one for one in self.held if one.kind == kind and one.name == name), None)

    def owner(self, held: Held) -> str | None:
        """Give the owner that an object's tag names."""
        return self.tags.get(held.arn, {}).get(OWNER_TAG)


@dataclass(frozen=True, slots=True)
class Create:
    """Make an object with our tags."""

    value: Value
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Update:
    """Change the fields in which AWS differs."""

    value: Value
    arn: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Adopt:
    """Put our tags on an object that is there already: it becomes ours, or its deletion policy changes."""

    value: Value
    arn: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object that carries our tag, is no longer asked for, and is not to be orphaned."""

    value: Value
    arn: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to do; `note` tells what a person may want to know."""

    value: Value
    note: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something is asked for that we may not do; `differences` is what stays different."""

    value: Value
    reason: ConflictReason
    message: str
    differences: tuple[Difference, ...] = ()


Action: TypeAlias = Create | Update | Adopt | Delete | Keep | Conflict


def plan(
    desired: Sequence[Manifest], observed: Observed, *, cluster_id: str, prune: bool = False
) -> tuple[Action, ...]:
    """Give the actions in a safe order.

    Creates come before deletes, so that nothing is without a rule meanwhile, unless the quota is full: then the
    deletes make room first. `prune` deletes what carries this cluster's tag and is not asked for.
    """
    actions: list[Action] = []
    for manifest in desired:
        actions += _for_manifest(manifest, observed, manifest.tags(cluster_id))
    deletes = _deletes(desired, observed, cluster_id) if prune else []
    creates = _within_quota([one for one in actions if isinstance(one, Create)], deletes, observed)
    others = [one for one in actions if not isinstance(one, Create)]
    if any(_is_full(kind, creates, observed) for kind in QUOTAS):
        return (*deletes, *creates, *others)
    return (*creates, *others, *deletes)


def differences(desired: Value, actual: Value) -> tuple[Difference, ...]:
    """Compare two values of one kind; without an expression of our own, a group's stays as it is."""
    if isinstance(desired, SamplingRule) and isinstance(actual, SamplingRule):
        return desired.differences(actual)
    if isinstance(desired, Group) and isinstance(actual, Group):
        return tuple(
            one
            for one in desired.differences(actual)
            if not (one.field == "FilterExpression" and not one.desired and not one.actual)
        )
    raise TypeError("a rule and a group cannot be compared")


def _for_manifest(manifest: Manifest, observed: Observed, tags: Mapping[str, str]) -> list[Action]:
    held = observed.find(manifest.kind, name_of(manifest.value))
    if held is None:
        return [Create(manifest.value, tags)]
    changes = differences(manifest.value, held.value)
    update: list[Action] = [Update(manifest.value, held.arn, changes)] if changes else [Keep(manifest.value)]
    adopt = Adopt(manifest.value, held.arn, tags)
    actual = observed.owner(held)
    if held.value.is_default:  # it belongs to the region and cannot be created or deleted, so it is nobody's
        return update
    if actual == tags[OWNER_TAG]:
        same = tags.items() <= observed.tags[held.arn].items()
        return update if same else [adopt, *(one for one in update if isinstance(one, Update))]
    if manifest.adoption is AdoptionPolicy.FORCE or (actual is None and manifest.adoption is AdoptionPolicy.IF_UNOWNED):
        return [adopt, *(one for one in update if isinstance(one, Update))]
    return [_conflict(manifest.value, actual, changes)]


def _conflict(value: Value, actual: str | None, changes: tuple[Difference, ...]) -> Action:
    name = name_of(value)
    if actual is not None:
        message = f"{name!r} belongs to {actual}; adoptionPolicy: Force takes it over"
        return Conflict(value, ConflictReason.FOREIGN_OWNER, message, changes)
    if not changes:
        return Keep(value, "it has no owner tag; adoptionPolicy: IfUnowned would take it")
    message = f"{name!r} is there already and has no owner tag; adoptionPolicy: IfUnowned takes it over"
    return Conflict(value, ConflictReason.NOT_OWNED, message, changes)


def _deletes(desired: Sequence[Manifest], observed: Observed, cluster_id: str) -> list[Delete]:
    wanted = {(manifest.kind, name_of(manifest.value)) for manifest in desired}
    return [
        Delete(held.value, held.arn)
        for held in observed.held
        if (held.kind, held.name) not in wanted
        and (observed.owner(held) or "").startswith(f"{cluster_id}/")
        and observed.tags[held.arn].get(DELETION_TAG) != DeletionPolicy.ORPHAN
    ]


def _used(kind: Kind, observed: Observed) -> int:
    return sum(held.kind == kind and not held.value.is_default for held in observed.held)


def _is_full(kind: Kind, creates: Sequence[Action], observed: Observed) -> bool:
    new = sum(isinstance(one, Create) and kind_of(one.value) == kind for one in creates)
    return new > 0 and _used(kind, observed) + new > QUOTAS[kind]


def _within_quota(creates: Sequence[Create], deletes: Sequence[Delete], observed: Observed) -> list[Action]:
    """Turn the creates that AWS would refuse into conflicts, before AWS is asked."""
    room = {
        kind: QUOTAS[kind] - _used(kind, observed) + sum(kind_of(one.value) == kind for one in deletes)
        for kind in QUOTAS
    }
    actions: list[Action] = []
    for create in creates:
        kind = kind_of(create.value)
        room[kind] -= 1
        if room[kind] >= 0:
            actions.append(create)
            continue
        used = _used(kind, observed)
        message = f"{name_of(create.value)!r} would be one {kind} too many: {used} of {QUOTAS[kind]} are used"
        actions.append(Conflict(create.value, ConflictReason.QUOTA_EXCEEDED, message))
    return actions
