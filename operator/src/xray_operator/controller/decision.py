"""The decision of a pass: a pure function from a resource and AWS's state to its actions, verification and drift."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from xray_model import Difference
from xray_operator.aws.objects import AwsObject, Kind, Observed, Value
from xray_operator.kubernetes.resource import Resource
from xray_operator.manifests.kinds import KINDS
from xray_operator.manifests.manifest import Manifest
from xray_operator.manifests.policies import ManagementPolicy
from xray_operator.plan import planner, quota
from xray_operator.plan.actions import (
    WRITES,
    Action,
    Adopt,
    Conflict,
    Create,
    Keep,
    KeepReason,
    Observe,
    Replace,
    Update,
)
from xray_operator.reasons import Reason
from xray_operator.status import conditions


class Verification(Enum):
    """What to read again before a decision is carried out."""

    NONE = auto()
    TAGS = auto()  # the object's tags: is it still ours?
    ALL = auto()  # everything: it is about to be taken over
    ABSENCE = auto()  # everything, repeatedly: a list may be stale, and an expiry is final


class FinalizerChange(Enum):
    """What happens to our finalizer before AWS is written."""

    NONE = auto()
    ADD = auto()  # unless it is stored already
    REMOVE = auto()


@dataclass(frozen=True, slots=True)
class Config:
    """The operator's identity in owner tags, the region's quotas, and the clock."""

    cluster_id: str
    quotas: Mapping[Kind, int]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a pass will do.

    `previous` is the value in AWS that the claim stores, `expired` removes the finalizer after the actions, and `drift`
    are differences made outside the operator.
    """

    actions: tuple[Action, ...]
    verification: Verification
    finalizer: FinalizerChange
    previous: Value | None
    expired: bool
    drift: tuple[Difference, ...]


def decide(
    resource: Resource,
    manifest: Manifest,
    observed: Observed,
    *,
    rival: Resource | None,
    config: Config,
    now: datetime,
) -> Decision:
    """Decide about a resource with a valid manifest; `rival` is the resource that manages its target instead."""
    actions = _actions(resource, manifest, observed, rival, config, now)
    finalizer = _finalizer(resource, manifest, actions)
    claims = finalizer is FinalizerChange.ADD
    return Decision(
        actions=actions,
        verification=_verification(resource, actions),
        finalizer=finalizer,
        previous=_previous(resource, actions, observed, config.cluster_id) if claims else None,
        expired=manifest.has_expired(now) and not isinstance(actions[0], Observe),
        drift=_drift(resource, actions) if claims else (),
    )


def _actions(
    resource: Resource,
    manifest: Manifest,
    observed: Observed,
    rival: Resource | None,
    config: Config,
    now: datetime,
) -> tuple[Action, ...]:
    if rival is not None:
        message = f"{resource.target[1]!r} is already managed by {rival.key}"
        return (Conflict(manifest.value, Reason.DUPLICATE, message, passing=rival.deleting),)
    actions = planner.for_manifest(
        manifest, observed, cluster_id=config.cluster_id, now=now, previous=resource.previous
    )
    if isinstance(actions[0], Create) and quota.is_full(manifest.kind, observed, config.quotas):
        return (quota.conflict(manifest.value, observed, config.quotas),)
    return actions


def _verification(resource: Resource, actions: Sequence[Action]) -> Verification:
    if any(isinstance(action, WRITES) and not isinstance(action, Create) for action in actions):
        takes_over = any(isinstance(action, Adopt) for action in actions)
        return Verification.ALL if takes_over or not resource.claimed else Verification.TAGS
    reported = conditions.reason(resource.status, "Synced")
    if any(isinstance(action, Conflict) and action.reason.value != reported for action in actions):
        return Verification.TAGS
    if resource.claimed and any(isinstance(action, Keep) and action.reason is KeepReason.EXPIRED for action in actions):
        return Verification.ABSENCE
    return Verification.NONE


def _finalizer(resource: Resource, manifest: Manifest, actions: Sequence[Action]) -> FinalizerChange:
    """Claim an object that is ours in AWS, or is about to be; release one that only observes."""
    if not any(
        isinstance(action, Observe | Conflict) or (isinstance(action, Keep) and action.reason is KeepReason.EXPIRED)
        for action in actions
    ):
        return FinalizerChange.ADD
    if resource.claimed and manifest.management is ManagementPolicy.OBSERVE:
        return FinalizerChange.REMOVE
    return FinalizerChange.NONE


def _previous(resource: Resource, actions: Sequence[Action], observed: Observed, cluster_id: str) -> Value | None:
    """Return the value in AWS if this pass takes the object over."""
    found = observed.find(resource.target)
    return found.value if found and _takes_over(resource, found, actions, observed.owner(found), cluster_id) else None


def _takes_over(
    resource: Resource, found: AwsObject, actions: Sequence[Action], owner: str | None, cluster_id: str
) -> bool:
    if found.is_default:
        return not resource.claimed and resource.previous is None
    return any(isinstance(action, Adopt) for action in actions) and owner != resource.owner(cluster_id)


def _drift(resource: Resource, actions: Sequence[Action]) -> tuple[Difference, ...]:
    """Return what differs although this generation of the spec had been applied."""
    status, generation = resource.status, resource.generation
    if not (conditions.is_applied(status, generation) or conditions.is_drifted(status, generation)):
        return ()
    for action in actions:
        if isinstance(action, Update | Replace):
            return action.differences
        if isinstance(action, Create) and status.get("arn"):
            return (Difference(KINDS[resource.key.kind].name_field.api, resource.target[1], None),)
    return ()
