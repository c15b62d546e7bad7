"""One object, by level: read what it asks for and what AWS holds, plan, store the finalizer, write, report.

Create, update, restart, timer and deletion are the same pass. Nothing is remembered between two passes that is not in
Kubernetes or in AWS. Called by `controller`, which sees to it that one object, and one name in AWS, has one pass at a
time.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from xray_model import Difference
from xray_operator import plan, status
from xray_operator.errors import GatewayError, Reason
from xray_operator.events import Events
from xray_operator.kube import Kubernetes, Told
from xray_operator.mirror import Mirror
from xray_operator.model import ManagementPolicy, Manifest
from xray_operator.plan import Action, Conflict, ConflictReason, Create, Keep, Observe, Replace, Update
from xray_operator.ports import Kind
from xray_operator.reconcile import Outcome
from xray_operator.region import Region
from xray_operator.resource import Resource, before_annotation
from xray_operator.status import Condition, ConditionReason, Surroundings

logger = logging.getLogger("xray_operator")
# AWS contradicts what we read: read again and decide anew, once, before it is told as an error.
_CONTRADICTIONS = frozenset({Reason.ALREADY_EXISTS, Reason.NOT_FOUND})
_NAME_FIELD: Mapping[Kind, str] = {"rule": "RuleName", "group": "GroupName"}
_DONE: Mapping[type, tuple[str, str]] = {
    plan.Create: ("Created", "created in AWS"),
    plan.Update: ("Updated", "updated in AWS"),
    plan.Adopt: ("Adopted", "took over what was in AWS"),
    plan.Replace: ("Replaced", "deleted and created anew in AWS"),
    plan.Delete: ("Deleted", "deleted in AWS"),
    plan.Restore: ("Restored", "put back what was in AWS before"),
    plan.Release: ("Released", "left in AWS without our tags"),
}


# The events of transitions; the documents' table is this one.
EVENTS: Mapping[str, str] = {
    **dict(_DONE.values()),
    "DriftDetected": "somebody changed AWS: the fields, what AWS has and what is asked for",
    "DriftRepaired": "the change was undone",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an AWS side of a pass."""

    outcomes: tuple[Outcome, ...]
    drifted: tuple[Difference, ...] = ()


class Reconciler:
    """Carries passes out; `drift_seen` and `drift_repaired` count by kind."""

    def __init__(
        self,
        region: Region,
        kubernetes: Kubernetes,
        mirror: Mirror,
        events: Events,
        *,
        cluster_id: str,
        quotas: Mapping[Kind, int],
        now: Callable[[], datetime],
    ) -> None:
        self._region = region
        self._kubernetes = kubernetes
        self._mirror = mirror
        self._events = events
        self._cluster_id = cluster_id
        self._quotas = quotas
        self._now = now
        self.drift_seen: Counter[Kind] = Counter()
        self.drift_repaired: Counter[Kind] = Counter()

    async def reconcile(self, resource: Resource) -> bool:
        """Make one pass; True when it failed in a way that time may mend. KubernetesError if that API fails."""
        if resource.deleting:
            return await self._remove(resource) if resource.claimed else False
        if self._region.error is not None:
            return await self._cannot(resource, self._region.error)
        if resource.manifest is None:
            await self._report(resource, status.invalid(resource.problems))
            return False
        try:
            return await self._bring(resource, resource.manifest)
        except GatewayError as error:  # the tags could not be read
            return await self._cannot(resource, error)

    async def _bring(self, resource: Resource, manifest: Manifest) -> bool:
        """Bring AWS to what a manifest asks for, and tell."""
        actions = await self._planned(resource, manifest)
        if not _needs_claim(actions):
            return await self._without_claim(resource, manifest, actions)
        if not resource.claimed:
            if not isinstance(actions[0], Create):  # what is written down as "before" must be so now
                actions = await self._planned(resource, manifest, afresh=True)
                if not _needs_claim(actions):
                    return await self._without_claim(resource, manifest, actions)
            resource = await self._claim(resource, actions)
        result = await self._carry_out(resource, manifest, actions)
        return await self._told(resource, manifest, result)

    async def _without_claim(self, resource: Resource, manifest: Manifest, actions: Sequence[Action]) -> bool:
        """Tell of what needs nothing to be written to AWS; an object that only looks keeps no finalizer."""
        if resource.claimed and manifest.management is ManagementPolicy.OBSERVE:
            resource = self._keep(await self._kubernetes.release(resource)) or resource
        return await self._told(resource, manifest, Result(await self._carried_out(actions)))

    async def _planned(self, resource: Resource, manifest: Manifest, *, afresh: bool = False) -> tuple[Action, ...]:
        """Plan on what AWS holds; `afresh` reads it again before."""
        region = self._region
        if afresh:
            await region.refresh()
            if region.error is not None:
                raise region.error
        if manifest.management is ManagementPolicy.MANAGE and not manifest.suspended:
            await region.load_tags(region.observed.find(resource.target), again=afresh)
            rival = self._mirror.rival(resource, region.observed, self._cluster_id)
            if rival is not None:
                message = f"{resource.target[1]!r} is asked for by {rival.key} as well, which has the say"
                return (Conflict(manifest.value, ConflictReason.DUPLICATE, message),)
        actions = plan.for_manifest(
            manifest, region.observed, cluster_id=self._cluster_id, now=self._now(), before=resource.before
        )
        kind = resource.key.kind
        if isinstance(actions[0], Create) and region.observed.used(kind) >= self._quotas[kind]:
            return (plan.quota_conflict(manifest.value, region.observed, self._quotas),)
        return actions

    async def _claim(self, resource: Resource, actions: Sequence[Action]) -> Resource:
        """Store our finalizer, and what AWS holds now where that is to be taken over."""
        held = self._region.observed.find(resource.target)
        taken = held is not None and (held.value.is_default or any(isinstance(one, plan.Adopt) for one in actions))
        before = before_annotation(held.value) if held is not None and taken and resource.before is None else None
        claimed = await self._kubernetes.claim(resource, before)
        self._keep(claimed)
        return claimed

    async def _carry_out(self, resource: Resource, manifest: Manifest, actions: Sequence[Action]) -> Result:
        """Write; on a contradiction read AWS again and decide anew, once."""
        if any(isinstance(one, Update | Replace) for one in actions):  # is it still ours?
            await self._region.load_tags(self._region.observed.find(resource.target), again=True)
            actions = await self._planned(resource, manifest)
        drifted = _drift(resource, actions)
        if drifted:
            resource = await self._tell_of_drift(resource, drifted)
        outcomes = await self._carried_out(actions)
        if any(one.error is not None and one.error.reason in _CONTRADICTIONS for one in outcomes):
            outcomes = await self._carried_out(await self._planned(resource, manifest, afresh=True))
        return Result(outcomes, drifted)

    async def _carried_out(self, actions: Sequence[Action]) -> tuple[Outcome, ...]:
        outcomes: list[Outcome] = []
        for action in actions:
            outcomes.append(await self._region.carry_out(action))
            if outcomes[-1].error is not None:
                break
        return tuple(outcomes)

    async def _told(self, resource: Resource, manifest: Manifest, result: Result) -> bool:
        """Report a pass's result; an object whose time is over is let go."""
        resource = self._mirror.resources.get(resource.key, resource)
        failed = any(one.error is not None for one in result.outcomes)
        expired = manifest.expires is not None and manifest.expires <= self._now()
        self._tell_of_writes(resource, result)
        found = status.conditions(result.outcomes, drifted=result.drifted)
        if expired and not failed and not isinstance(result.outcomes[0].action, Observe):
            found = status.expired()
            if resource.claimed:
                resource = self._keep(await self._kubernetes.release(resource)) or resource
        if result.drifted and not failed:
            self.drift_repaired[resource.key.kind] += 1
        await self._report(resource, found, left=status.differing(result.outcomes, result.drifted))
        return failed

    def _tell_of_writes(self, resource: Resource, result: Result) -> None:
        for outcome in result.outcomes:
            if outcome.error is None and type(outcome.action) in _DONE:
                reason, message = _DONE[type(outcome.action)]
                self._events.tell(resource, Told(reason, f"{resource.target[1]!r}: {message}"))
                logger.info("aws.written", extra={"object": str(resource.key), "action": reason})
        if result.drifted and all(one.error is None for one in result.outcomes):
            self._events.tell(resource, Told("DriftRepaired", ", ".join(map(str, result.drifted))))

    async def _tell_of_drift(self, resource: Resource, drifted: Sequence[Difference]) -> Resource:
        """Show drift before it is put right: somebody's change is undone, and they should see why."""
        if status.has(resource.status, "Drifted"):
            return resource
        self.drift_seen[resource.key.kind] += 1
        message = ", ".join(map(str, drifted))
        self._events.tell(resource, Told("DriftDetected", message, warning=True))
        found = (Condition("Drifted", True, ConditionReason.DRIFT_DETECTED, message),)
        return await self._report(resource, found, left=drifted)

    async def _remove(self, resource: Resource) -> bool:
        """Do in AWS what the deletion of an object asks for, and let the object go."""
        try:
            outcomes = await self._removed(resource)
        except GatewayError as error:
            return await self._cannot(resource, error)
        refused = next((one.error for one in outcomes if one.error is not None), None)
        if refused is not None:
            return await self._cannot(resource, refused)
        self._tell_of_writes(resource, Result(outcomes))
        self._keep(await self._kubernetes.release(resource))
        return False

    async def _removed(self, resource: Resource) -> tuple[Outcome, ...]:
        region, manifest = self._region, resource.manifest
        if manifest is not None and manifest.management is ManagementPolicy.OBSERVE:
            return ()
        if region.error is not None:
            raise region.error
        held = region.observed.find(resource.target)
        if held is None:
            return ()
        try:
            await region.load_tags(held, again=True)
        except GatewayError as error:
            if error.reason is Reason.NOT_FOUND:  # somebody was faster
                return ()
            raise
        actions = plan.remove(
            held,
            region.observed,
            owner=resource.owner(self._cluster_id),
            deletion=resource.deletion,
            before=resource.before,
        )
        return await self._carried_out(actions)

    async def _cannot(self, resource: Resource, error: GatewayError) -> bool:
        """Tell that AWS could not be asked, or refused; it is tried again."""
        found = status.failed(error, known=bool(resource.status.get("conditions")))
        await self._report(resource, found, left=None)
        return True

    async def _report(
        self, resource: Resource, found: Sequence[Condition], *, left: Sequence[Difference] | None = ()
    ) -> Resource:
        """Write the status if it differs, and post an event when Synced has turned false or has a new reason.

        `left` None leaves the told drift and ARN as they are: AWS is not known.
        """
        held = self._region.observed.find(resource.target)
        known = left is not None and not any(one.reason in _NOT_OURS for one in found)
        arn = (held.arn if held else None) if known else resource.status.get("arn")
        told = status.build(resource, found, self._surroundings(resource), arn=arn, left=left, now=self._now())
        patch = status.patch(resource.status, told)
        if not patch:
            return resource
        for one in found:
            if one.type == "Synced" and one.status is False and not _told_already(resource, one):
                self._events.tell(resource, Told(one.reason.value, one.message, warning=True))
        return self._keep(await self._kubernetes.write_status(resource, patch)) or resource

    def _surroundings(self, resource: Resource) -> Surroundings:
        region, (kind, name) = self._region, resource.target
        manages = resource.manifest is not None and resource.manifest.management is ManagementPolicy.MANAGE
        known = region.error is None
        return Surroundings(
            lint=[resource.problems] if resource.problems else region.warnings.get(name, ()) if kind == "rule" else (),
            quota=f"{region.observed.used(kind)}/{self._quotas[kind]}" if manages and known else None,
            statistics=region.statistics.get(name) if kind == "rule" else None,
            handled_token=resource.token if known else resource.status.get("lastHandledReconcileAt"),
        )

    def _keep(self, resource: Resource | None) -> Resource | None:
        """Remember what a PATCH answered, so that our own write is no news when the watch tells of it."""
        if resource is not None:
            self._mirror.put(resource)
        return resource


_NOT_OURS = frozenset({ConditionReason.FOREIGN_OWNER, ConditionReason.NOT_OWNED, ConditionReason.DUPLICATE})


def _needs_claim(actions: Sequence[Action]) -> bool:
    """Tell whether the object in AWS is, or is about to be, ours; only looking and conflicts need no finalizer."""
    return not any(isinstance(one, Observe | Conflict) or (isinstance(one, Keep) and one.note) for one in actions)


def _drift(resource: Resource, actions: Sequence[Action]) -> tuple[Difference, ...]:
    """Give what somebody else changed: what differs though this spec had been brought to AWS already."""
    told = resource.status
    synced = status.has(told, "Synced") or status.has(told, "Drifted")
    if not synced or told.get("observedGeneration") != resource.generation:
        return ()
    for action in actions:
        if isinstance(action, Update | Replace):
            return action.differences
        if isinstance(action, Create) and told.get("arn"):
            return (Difference(_NAME_FIELD[resource.key.kind], resource.target[1], None),)
    return ()


def _told_already(resource: Resource, condition: Condition) -> bool:
    return any(
        (one.get("type"), one.get("status"), one.get("reason")) == (condition.type, "False", condition.reason.value)
        for one in resource.status.get("conditions") or ()
    )
