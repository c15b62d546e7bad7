"""What has to be done: a pure function from what is asked for and what AWS holds to actions as values.

Write only on a real difference: every write makes every SDK fetch the rules again. Touch only what carries our tag, or
what the adoption policy lets us take. Called by `reconcile` and `controller`; `reconcile` carries the actions out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from xray_model import Difference, Group, SamplingRule, limits
from xray_operator.model import AdoptionPolicy, DeletionPolicy, ManagementPolicy, Manifest, UpdateStrategy
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Held, Kind, Target, Value, kind_of, name_of

QUOTAS: Mapping[Kind, int] = {"rule": limits.CUSTOM_RULES, "group": limits.GROUPS}


class ConflictReason(StrEnum):
    """Why an object may not be touched."""

    FOREIGN_OWNER = "ForeignOwner"
    NOT_OWNED = "NotOwned"
    QUOTA_EXCEEDED = "QuotaExceeded"
    DUPLICATE = "Duplicate"


@dataclass(frozen=True, slots=True)
class Observed:
    """What AWS holds, and the tags of those objects that matter (by ARN)."""

    held: Sequence[Held]
    tags: Mapping[str, Mapping[str, str]]
    _by_target: Mapping[Target, Held] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_target", {one.target: one for one in self.held})

    def find(self, target: Target) -> Held | None:
        """Give the object of a kind and name."""
        return self._by_target.get(target)

    def owner(self, held: Held) -> str | None:
        """Give the owner that an object's tag names."""
        return self.tags.get(held.arn, {}).get(OWNER_TAG)

    def used(self, kind: Kind) -> int:
        """Count what AWS's quota counts: the objects of a kind without Default."""
        return sum(one.kind == kind and not one.value.is_default for one in self.held)


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
class Replace:
    """Delete a group of ours and create it anew, for an expression that shall not share its graph with the old one."""

    value: Value
    arn: str
    tags: Mapping[str, str]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object that carries our tag, is no longer asked for, and is not to be orphaned."""

    value: Value
    arn: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Put back what was there before an object was taken over."""

    value: Value
    arn: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Take our tags off an object that stays: it is nobody's from then on."""

    value: Value
    arn: str


@dataclass(frozen=True, slots=True)
class Observe:
    """Look without touching; `arn` is None when AWS has no such object. `suspended` tells why we only look."""

    value: Value
    arn: str | None
    differences: tuple[Difference, ...]
    suspended: bool = False


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


Action: TypeAlias = Create | Update | Adopt | Replace | Delete | Restore | Release | Keep | Observe | Conflict
WRITES = (Create, Update, Adopt, Replace, Delete, Restore, Release)


def plan(
    desired: Sequence[Manifest], observed: Observed, *, cluster_id: str, now: datetime, prune: bool = False
) -> tuple[Action, ...]:
    """Give the actions for all manifests in a safe order.

    Creates come before deletes, so that nothing is without a rule meanwhile, unless the quota is full: then the
    deletes make room first. `prune` deletes what carries this cluster's tag and is not asked for.
    """
    actions: list[Action] = []
    for manifest in desired:
        actions += map(_content_decides, for_manifest(manifest, observed, cluster_id=cluster_id, now=now))
    deletes = _deletes(desired, observed, cluster_id) if prune else []
    creates = _within_quota([one for one in actions if isinstance(one, Create)], deletes, observed)
    others = [one for one in actions if not isinstance(one, Create)]
    if any(_is_full(kind, creates, observed) for kind in QUOTAS):
        return (*deletes, *creates, *others)
    return (*creates, *others, *deletes)


def _content_decides(action: Action) -> Action:
    """Pass what is as asked and nobody's: a person at the command line compares content."""
    if isinstance(action, Conflict) and action.reason is ConflictReason.NOT_OWNED and not action.differences:
        return Keep(action.value, "it has no owner tag; adoptionPolicy: IfUnowned would take it")
    return action


def differences(desired: Value, actual: Value) -> tuple[Difference, ...]:
    """Compare two values of one kind; a boost or an expression that is not asked for stays as AWS has it.

    An update cannot take either away: AWS leaves alone what an update omits.
    """
    if isinstance(desired, SamplingRule) and isinstance(actual, SamplingRule):
        return _without(desired.differences(actual), "SamplingRateBoost")
    if isinstance(desired, Group) and isinstance(actual, Group):
        return _without(desired.differences(actual), "FilterExpression")
    raise TypeError("a rule and a group cannot be compared")


def _without(found: Iterable[Difference], optional: str) -> tuple[Difference, ...]:
    return tuple(one for one in found if one.field != optional or one.desired)


def for_manifest(
    manifest: Manifest, observed: Observed, *, cluster_id: str, now: datetime, before: Value | None = None
) -> tuple[Action, ...]:
    """Give the actions for one manifest; `before` is what AWS held when its object was taken over."""
    held = observed.find(manifest.target)
    changes = differences(manifest.value, held.value) if held else ()
    if manifest.suspended or manifest.management is ManagementPolicy.OBSERVE:
        return (Observe(manifest.value, held.arn if held else None, changes, manifest.suspended),)
    if manifest.expires is not None and manifest.expires <= now:
        return expire(manifest, observed, cluster_id=cluster_id, before=before)
    tags = manifest.tags(cluster_id)
    if held is None:
        return (Create(manifest.value, tags),)
    if held.value.is_default:  # it belongs to the region and cannot be created, tagged or deleted, so it is nobody's
        return (_update(manifest, held, tags, changes) or Keep(manifest.value),)
    owner = observed.owner(held)
    if owner == tags[OWNER_TAG] and tags.items() <= observed.tags[held.arn].items():
        return (_update(manifest, held, tags, changes) or Keep(manifest.value),)
    if owner == tags[OWNER_TAG] or _may_adopt(manifest, owner):
        adopt, update = Adopt(manifest.value, held.arn, tags), _update(manifest, held, tags, changes)
        return (adopt, update) if update else (adopt,)
    return (_conflict(manifest.value, owner, changes),)


def expire(
    manifest: Manifest, observed: Observed, *, cluster_id: str, before: Value | None = None
) -> tuple[Action, ...]:
    """Give what the end of a manifest's time asks for: what was there before, else nothing there."""
    held = observed.find(manifest.target)
    if held is None:
        return (Keep(manifest.value, "it has expired"),)
    if held.value.is_default:
        restored = _restored(held, before)
        return restored if isinstance(restored[0], Restore) else (Keep(held.value, "it has expired"),)
    if observed.owner(held) != manifest.tags(cluster_id)[OWNER_TAG]:
        return (Keep(manifest.value, "it has expired"),)
    if before is None:
        return (Delete(held.value, held.arn),)
    return (*_restored(held, before), Release(before, held.arn))


def remove(
    held: Held, observed: Observed, *, owner: str, deletion: DeletionPolicy, before: Value | None
) -> tuple[Action, ...]:
    """Give what the deletion of a resource asks for; only what carries its tag is touched."""
    if held.value.is_default:
        return () if deletion is DeletionPolicy.ORPHAN else _restored(held, before)
    if observed.owner(held) != owner:
        return (Keep(held.value, "it does not carry our tag"),)
    if deletion is DeletionPolicy.ORPHAN:
        return (Release(held.value, held.arn),)
    return (Delete(held.value, held.arn),)


def _restored(held: Held, before: Value | None) -> tuple[Action, ...]:
    changes = differences(before, held.value) if before is not None else ()
    return (Restore(before, held.arn, changes),) if before is not None and changes else (Keep(held.value),)


def _update(
    manifest: Manifest, held: Held, tags: Mapping[str, str], changes: tuple[Difference, ...]
) -> Update | Replace | None:
    if not changes:
        return None
    anew = manifest.update is UpdateStrategy.RECREATE and not held.value.is_default
    if anew and any(one.field == "FilterExpression" for one in changes):
        return Replace(manifest.value, held.arn, tags, changes)
    return Update(manifest.value, held.arn, changes)


def _may_adopt(manifest: Manifest, owner: str | None) -> bool:
    return manifest.adoption is AdoptionPolicy.FORCE or (
        owner is None and manifest.adoption is AdoptionPolicy.IF_UNOWNED
    )


def _conflict(value: Value, actual: str | None, changes: tuple[Difference, ...]) -> Action:
    name = name_of(value)
    if actual is not None:
        message = f"{name!r} belongs to {actual}; adoptionPolicy: Force takes it over"
        return Conflict(value, ConflictReason.FOREIGN_OWNER, message, changes)
    message = f"{name!r} is there already and has no owner tag; adoptionPolicy: IfUnowned takes it over"
    return Conflict(value, ConflictReason.NOT_OWNED, message, changes)


def _deletes(desired: Sequence[Manifest], observed: Observed, cluster_id: str) -> list[Delete]:
    wanted = {manifest.target for manifest in desired}
    return [
        Delete(held.value, held.arn)
        for held in observed.held
        if held.target not in wanted
        and (observed.owner(held) or "").startswith(f"{cluster_id}/")
        and observed.tags[held.arn].get(DELETION_TAG) != DeletionPolicy.ORPHAN
    ]


def _is_full(kind: Kind, creates: Sequence[Action], observed: Observed) -> bool:
    new = sum(isinstance(one, Create) and kind_of(one.value) == kind for one in creates)
    return new > 0 and observed.used(kind) + new > QUOTAS[kind]


def _within_quota(creates: Sequence[Create], deletes: Sequence[Delete], observed: Observed) -> list[Action]:
    """Turn the creates that AWS would refuse into conflicts, before AWS is asked."""
    room = {
        kind: QUOTAS[kind] - observed.used(kind) + sum(kind_of(one.value) == kind for one in deletes) for kind in QUOTAS
    }
    actions: list[Action] = []
    for create in creates:
        kind = kind_of(create.value)
        room[kind] -= 1
        if room[kind] >= 0:
            actions.append(create)
            continue
        actions.append(quota_conflict(create.value, observed))
    return actions


def quota_conflict(value: Value, observed: Observed, quotas: Mapping[Kind, int] = QUOTAS) -> Conflict:
    """Refuse what would be one object too many."""
    kind = kind_of(value)
    message = f"{name_of(value)!r} would be one {kind} too many: {observed.used(kind)} of {quotas[kind]} are used"
    return Conflict(value, ConflictReason.QUOTA_EXCEEDED, message)
