"""The planner: a pure function from manifests and AWS's state to actions.

It writes only real differences, since every write makes every SDK fetch the rules again, and touches only objects that
carry our tag or that the adoption policy allows.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from xray_model import Difference, Group, SamplingRule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Observed, Tags, Value, name_of
from xray_operator.manifests.manifest import Manifest
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy, UpdateStrategy
from xray_operator.plan import quota
from xray_operator.plan.actions import (
    Action,
    Adopt,
    Conflict,
    Create,
    Delete,
    Keep,
    KeepReason,
    Observe,
    Release,
    Replace,
    Restore,
    Update,
)
from xray_operator.reasons import Reason

ALL_NAMESPACES = "*"


def plan(
    desired: Sequence[Manifest], observed: Observed, *, cluster_id: str, now: datetime, prune: Collection[str] = ()
) -> tuple[Action, ...]:
    """Return the actions for all manifests in a safe order.

    Creates come before deletes, so that no request is without a rule, unless the quota is full: then deletes make room
    first. `prune` are namespaces: objects that this cluster owns there, and that have no manifest, are deleted.
    """
    actions: list[Action] = []
    for manifest in desired:
        found = for_manifest(manifest, observed, cluster_id=cluster_id, now=now)
        actions += map(_accept_unowned, found)
    deletes = _deletes(desired, observed, cluster_id, prune)
    creates = quota.within_quota([action for action in actions if isinstance(action, Create)], deletes, observed)
    others = [action for action in actions if not isinstance(action, Create)]
    if quota.deletes_first(creates, observed):
        return (*deletes, *creates, *others)
    return (*creates, *others, *deletes)


def planned_rules(actions: Sequence[Action], observed: Observed) -> list[SamplingRule]:
    """Return AWS's rules as they will be after the actions."""
    rules = {found.name: found.value for found in observed.objects if isinstance(found.value, SamplingRule)}
    for action in actions:
        if not isinstance(action.value, SamplingRule):
            continue
        if isinstance(action, Delete):
            rules.pop(action.value.rule_name, None)
        elif isinstance(action, Create | Update | Restore):
            rules[action.value.rule_name] = action.value
    return list(rules.values())


def for_manifest(
    manifest: Manifest, observed: Observed, *, cluster_id: str, now: datetime, previous: Value | None = None
) -> tuple[Action, ...]:
    """Return the actions for one manifest; `previous` is the value in AWS before the takeover."""
    found = observed.find(manifest.target)
    changes = differences(manifest.value, found.value) if found else ()
    if not manifest.writes:
        return (Observe(manifest.value, found.arn if found else None, changes, manifest.suspended),)
    if manifest.has_expired(now):
        return for_expiry(manifest, observed, cluster_id=cluster_id, previous=previous)
    tags = manifest.tags(cluster_id)
    if found is None:
        return (Create(manifest.value, tags),)
    update = _update(manifest, found, tags, changes)
    owner = observed.owner(found)
    owned = owner == tags[OWNER_TAG]
    if found.is_default or (owned and tags.items() <= observed.tags[found.arn].items()):
        return (update or Keep(manifest.value),)
    if owned or _may_adopt(manifest, owner):
        adopt = Adopt(manifest.value, found.arn, tags)
        return (adopt, update) if update else (adopt,)
    return (_conflict(manifest.value, owner, changes),)


def for_expiry(
    manifest: Manifest, observed: Observed, *, cluster_id: str, previous: Value | None = None
) -> tuple[Action, ...]:
    """Return the actions at a manifest's expiry: restore the previous values, or else delete."""
    found = observed.find(manifest.target)
    if found is None:
        return (Keep(manifest.value, KeepReason.EXPIRED),)
    if found.is_default:
        return (_restore(found, previous) or Keep(found.value, KeepReason.EXPIRED),)
    if observed.owner(found) != manifest.tags(cluster_id)[OWNER_TAG]:
        return (Keep(manifest.value, KeepReason.EXPIRED),)
    if previous is None:
        return (Delete(found.value, found.arn),)
    return (_restore(found, previous) or Keep(found.value), Release(previous, found.arn))


def for_deletion(
    found: AwsObject, observed: Observed, *, owner: str, deletion: DeletionPolicy, previous: Value | None
) -> tuple[Action, ...]:
    """Return the actions at a resource's deletion; only an object with its tag is touched."""
    if found.is_default:
        return () if deletion is DeletionPolicy.ORPHAN else (_restore(found, previous) or Keep(found.value),)
    if observed.owner(found) != owner:
        return (Keep(found.value, KeepReason.NOT_OWNED),)
    if deletion is DeletionPolicy.ORPHAN:
        return (Release(found.value, found.arn),)
    return (Delete(found.value, found.arn),)


def differences(desired: Value, actual: Value) -> tuple[Difference, ...]:
    """Compare two values of one kind; an undesired boost or expression is not a difference.

    An update cannot remove either: AWS keeps the fields that an update omits.
    """
    if isinstance(desired, SamplingRule) and isinstance(actual, SamplingRule):
        return _ignoring_unset(desired.differences(actual), "SamplingRateBoost")
    if isinstance(desired, Group) and isinstance(actual, Group):
        return _ignoring_unset(desired.differences(actual), "FilterExpression")
    raise TypeError("a rule and a group cannot be compared")


def _ignoring_unset(found: Iterable[Difference], optional: str) -> tuple[Difference, ...]:
    return tuple(difference for difference in found if difference.field != optional or difference.desired)


def _accept_unowned(action: Action) -> Action:
    """Accept an object without an owner that is as desired: the command line compares content."""
    if isinstance(action, Conflict) and action.reason is Reason.NOT_OWNED and not action.differences:
        return Keep(action.value, KeepReason.UNOWNED)
    return action


def _restore(found: AwsObject, previous: Value | None) -> Restore | None:
    changes = differences(previous, found.value) if previous is not None else ()
    return Restore(previous, found.arn, changes) if previous is not None and changes else None


def _update(
    manifest: Manifest, found: AwsObject, tags: Tags, changes: tuple[Difference, ...]
) -> Update | Replace | None:
    if not changes:
        return None
    recreates = manifest.update is UpdateStrategy.RECREATE and not found.is_default
    if recreates and any(change.field == "FilterExpression" for change in changes):
        return Replace(manifest.value, found.arn, tags, changes)
    return Update(manifest.value, found.arn, changes)


def _may_adopt(manifest: Manifest, owner: str | None) -> bool:
    return manifest.adoption is AdoptionPolicy.FORCE or (
        owner is None and manifest.adoption is AdoptionPolicy.IF_UNOWNED
    )


def _conflict(value: Value, owner: str | None, changes: tuple[Difference, ...]) -> Conflict:
    name = name_of(value)
    if owner is not None:
        message = f"{name!r} is owned by {owner}; adoptionPolicy: Force takes it over"
        return Conflict(value, Reason.FOREIGN_OWNER, message, changes)
    message = f"{name!r} already exists without an owner tag; adoptionPolicy: IfUnowned takes it over"
    return Conflict(value, Reason.NOT_OWNED, message, changes)


def _deletes(
    desired: Sequence[Manifest], observed: Observed, cluster_id: str, namespaces: Collection[str]
) -> list[Delete]:
    wanted = {manifest.target for manifest in desired}
    prefixes = tuple(f"{cluster_id}/" if name == ALL_NAMESPACES else f"{cluster_id}/{name}/" for name in namespaces)
    return [
        Delete(found.value, found.arn)
        for found in observed.objects
        if found.target not in wanted
        and (observed.owner(found) or "").startswith(prefixes)
        and observed.tags[found.arn].get(DELETION_TAG) != DeletionPolicy.ORPHAN
    ]
