"""One object, by level: read what it asks for and what AWS holds, plan, store the finalizer, write, report.

Create, update, restart, timer and deletion are the same pass. Nothing is remembered between two passes that is not in
Kubernetes or in AWS. Called by `controller`, which sees to it that one object, and one name in AWS, has one pass at a
time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from xray_model import Difference
from xray_operator import plan, status
from xray_operator.errors import GatewayError, Reason
from xray_operator.kube import Kubernetes
from xray_operator.mirror import Mirror
from xray_operator.model import ManagementPolicy, Manifest
from xray_operator.plan import WRITES, Action, Conflict, ConflictReason, Create, Keep, Observe, Replace, Update
from xray_operator.ports import Held, Kind
from xray_operator.reconcile import Outcome
from xray_operator.region import Region
from xray_operator.removal import Removal
from xray_operator.report import Report, Result
from xray_operator.resource import Resource, before_annotation

_NAME_FIELD: Mapping[Kind, str] = {"rule": "RuleName", "group": "GroupName"}
# AWS contradicts what we read: read again and decide anew, once, before it is told as an error.
_CONTRADICTIONS = frozenset({Reason.ALREADY_EXISTS, Reason.NOT_FOUND})


class Reconciler:
    """Carries passes out."""

    def __init__(
        self,
        region: Region,
        kubernetes: Kubernetes,
        mirror: Mirror,
        report: Report,
        removal: Removal,
        *,
        quotas: Mapping[Kind, int],
        now: Callable[[], datetime],
    ) -> None:
        self._region = region
        self._kubernetes = kubernetes
        self._mirror = mirror
        self._report = report
        self._removal = removal
        self._cluster_id = removal.cluster_id
        self._quotas = quotas
        self._now = now

    async def reconcile(self, resource: Resource) -> bool:
        """Make one pass; True when it failed in a way that time may mend. KubernetesError if that API fails."""
        if resource.deleting:
            return await self._remove(resource) if resource.claimed else False
        if self._region.error is not None:
            return await self._report.failure(resource, self._region.error)
        if resource.manifest is None:
            await self._report.status(resource, status.invalid(resource.problems))
            return False
        try:
            return await self._bring(resource, resource.manifest)
        except GatewayError as error:  # the tags could not be read
            return await self._report.failure(resource, error)

    async def _bring(self, resource: Resource, manifest: Manifest) -> bool:
        """Bring AWS to what a manifest asks for, and tell."""
        actions = await self._planned(resource, manifest)
        if _touches(actions):  # is it as we know it, and still ours?
            actions = await self._planned(resource, manifest, afresh=_takes(actions) or not resource.claimed)
        elif _is_new_conflict(resource, actions):  # are the tags still those that we know?
            actions = await self._planned(resource, manifest, afresh=False)
        elif resource.claimed and _is_over(actions) and await self._removal.find(resource) is not None:
            actions = await self._planned(resource, manifest)  # it is there after all
        if not _needs_claim(actions):
            return await self._without_claim(resource, manifest, actions)
        resource = await self._claimed(resource, actions)
        result = await self._carry_out(resource, manifest, actions)
        return await self._told(resource, manifest, result)

    async def _without_claim(self, resource: Resource, manifest: Manifest, actions: Sequence[Action]) -> bool:
        """Tell of what needs nothing to be written to AWS; an object that only looks keeps no finalizer."""
        if resource.claimed and manifest.management is ManagementPolicy.OBSERVE:
            resource = await self._released(resource) or resource
        return await self._told(resource, manifest, Result(await self._carried_out(actions)))

    async def _planned(
        self, resource: Resource, manifest: Manifest, *, afresh: bool | None = None
    ) -> tuple[Action, ...]:
        """Plan on what AWS holds. `afresh` not None reads its tags again before, and True everything."""
        region = self._region
        if afresh:
            await region.refresh()
            if region.error is not None:
                raise region.error
        if manifest.management is ManagementPolicy.MANAGE and not manifest.suspended:
            await self._load_tags(resource, again=afresh is not None)
            rival = await self._rival(resource)
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

    async def _load_tags(self, resource: Resource, *, again: bool) -> None:
        """Make the object's tags known; when it is not there any more, AWS is read anew."""
        region = self._region
        try:
            await region.load_tags(region.observed.find(resource.target), again=again)
        except GatewayError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            await region.refresh()
            if region.error is not None:
                raise region.error from error
            await region.load_tags(region.observed.find(resource.target))

    async def _rival(self, resource: Resource) -> Resource | None:
        """Give the object that has the say instead, if it is really there."""
        while (rival := self._mirror.rival(resource, self._region.observed, self._cluster_id)) is not None:
            if rival.gone or await self._kubernetes.exists(rival):
                return rival
            if self._mirror.vanished(rival.key) is None:
                self._mirror.drop(rival.key)
        return None

    async def _claimed(self, resource: Resource, actions: Sequence[Action]) -> Resource:
        """Store our finalizer, and what AWS holds now where that is to be taken over, before AWS is touched."""
        held, before = self._region.observed.find(resource.target), None
        if held is not None and self._takes_over(resource, held, actions):
            before = before_annotation(held.value)
        if resource.claimed and before is None:
            return resource
        return self._mirror.keep(await self._kubernetes.claim(resource, before))

    def _takes_over(self, resource: Resource, held: Held, actions: Sequence[Action]) -> bool:
        if held.value.is_default:
            return not resource.claimed and resource.before is None
        return _takes(actions) and self._region.observed.owner(held) != resource.owner(self._cluster_id)

    async def _released(self, resource: Resource) -> Resource | None:
        """Take our finalizer away; None when the object is gone with it."""
        left = await self._kubernetes.release(resource)
        if left is None:
            self._mirror.released(resource.key)
            return None
        return self._mirror.keep(left)

    async def _carry_out(self, resource: Resource, manifest: Manifest, actions: Sequence[Action]) -> Result:
        """Write; on a contradiction read AWS again and decide anew, once."""
        drifted = _drift(resource, actions)
        if drifted:
            resource = await self._report.drift(resource, drifted)
        outcomes = await self._carried_out(actions)
        if any(one.error is not None and one.error.reason in _CONTRADICTIONS for one in outcomes):
            actions = await self._planned(resource, manifest, afresh=True)
            if _needs_claim(actions):
                resource = await self._claimed(resource, actions)
            outcomes = await self._carried_out(actions)
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
        resource = self._latest(resource)
        failed = any(one.error is not None for one in result.outcomes)
        expired = manifest.expires is not None and manifest.expires <= self._now()
        self._report.writes(resource, result)
        found = status.conditions(result.outcomes, drifted=result.drifted)
        if expired and not failed and not isinstance(result.outcomes[0].action, Observe):
            found = status.expired()
            if resource.claimed:
                resource = await self._released(resource) or resource
        await self._report.status(resource, found, left=status.differing(result.outcomes, result.drifted))
        return failed

    def _latest(self, resource: Resource) -> Resource:
        """Give an object as it is by now, but with the spec that the pass was about."""
        now = self._mirror.resources.get(resource.key, resource)
        return replace(now, generation=resource.generation, manifest=resource.manifest, target=resource.target)

    async def _remove(self, resource: Resource) -> bool:
        """Do in AWS what the deletion of an object asks for, and let the object go."""
        try:
            outcomes = await self._carried_out(await self._removal.actions(resource))
        except GatewayError as error:
            return await self._report.failure(resource, error)
        refused = next((one.error for one in outcomes if one.error is not None), None)
        if refused is not None:
            return await self._report.failure(resource, refused)
        self._report.writes(resource, Result(outcomes))
        if await self._removal.waited_out_doubt(resource):
            return await self._remove(resource)
        if resource.gone:
            self._mirror.released(resource.key)
        else:
            await self._released(resource)
        return False


def _needs_claim(actions: Sequence[Action]) -> bool:
    """Tell whether the object in AWS is, or is about to be, ours; only looking and conflicts need no finalizer."""
    return not any(isinstance(one, Observe | Conflict) or (isinstance(one, Keep) and one.note) for one in actions)


def _touches(actions: Sequence[Action]) -> bool:
    """Tell whether something that is in AWS already is to be written."""
    return any(isinstance(one, WRITES) and not isinstance(one, Create) for one in actions)


def _is_new_conflict(resource: Resource, actions: Sequence[Action]) -> bool:
    """Tell whether a conflict has not been told yet; one that stays is looked at again with the tags' own pace."""
    return any(
        isinstance(one, Conflict) and one.reason.value != status.reason(resource.status, "Synced") for one in actions
    )


def _takes(actions: Sequence[Action]) -> bool:
    return any(isinstance(one, plan.Adopt) for one in actions)


def _is_over(actions: Sequence[Action]) -> bool:
    """Tell whether nothing is left to do for an object whose time is over."""
    return any(isinstance(one, Keep) and one.note for one in actions)


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
