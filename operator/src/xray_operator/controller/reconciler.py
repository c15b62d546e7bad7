"""One pass over one resource, level-triggered: create, update, restart, timer and deletion are the same pass.

Nothing is remembered between two passes that is not in Kubernetes or in AWS. The controller ensures that one resource,
and one object in AWS, has one pass at a time.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.state import AwsState
from xray_operator.controller import ownership
from xray_operator.controller.decision import Config, Decision, FinalizerChange, Verification, decide
from xray_operator.controller.deletion import Deletion
from xray_operator.kubernetes.api import Kubernetes
from xray_operator.kubernetes.resource import PREVIOUS_FIELD, Resource, previous_text
from xray_operator.kubernetes.resource_cache import ResourceCache, ResourceDeletedError
from xray_operator.manifests.manifest import Manifest
from xray_operator.plan.apply import Outcome
from xray_operator.plan.writer import AwsWriter
from xray_operator.reasons import Reason
from xray_operator.status import conditions
from xray_operator.status.reporter import Reporter

# AWS contradicts the state that a decision was based on: read again and decide again, once, before it is an error.
_CONTRADICTIONS = frozenset({Reason.ALREADY_EXISTS, Reason.NOT_FOUND})


class Reconciler:
    """Carries out passes."""

    def __init__(
        self,
        state: AwsState,
        writer: AwsWriter,
        kubernetes: Kubernetes,
        cache: ResourceCache,
        reporter: Reporter,
        deletion: Deletion,
        config: Config,
    ) -> None:
        self._state = state
        self._writer = writer
        self._kubernetes = kubernetes
        self._cache = cache
        self._reporter = reporter
        self._deletion = deletion
        self._config = config

    async def reconcile(self, resource: Resource) -> bool:
        """Make one pass; True if it should be retried. KubernetesError if that API fails."""
        try:
            if resource.deleting:
                return resource.claimed and await self._delete(resource)
            if resource.manifest is None:
                drift = () if self._state.error is None else None
                await self._reporter.write_status(resource, conditions.invalid(resource.problems), drift=drift)
                return False
            if self._state.error is not None:
                raise self._state.error
            return await self._apply(resource, resource.manifest)
        except GatewayError as error:
            await self._reporter.report_failure(resource, error)
            return True

    async def report_exception(self, resource: Resource, error: Exception) -> None:
        """Report an unexpected exception of a pass."""
        message = f"unexpected {type(error).__name__}: see the operator's log"
        await self._reporter.report_failure(resource, GatewayError(Reason.INTERNAL_ERROR, message))

    async def _apply(self, resource: Resource, manifest: Manifest) -> bool:
        """Decide, verify, claim, write and report."""
        decision = await self._observe_and_decide(resource, manifest)
        if decision.expired and resource.claimed and await self._deletion.wait_for_doubtful_write(resource):
            decision = await self._observe_and_decide(resource, manifest)
        if decision.verification is not Verification.NONE:
            await self._verify(resource, manifest, decision.verification)
            decision = await self._observe_and_decide(resource, manifest)
        resource, outcomes = await self._carry_out(resource, decision)
        if any(outcome.error and outcome.error.reason in _CONTRADICTIONS for outcome in outcomes):
            await self._verify(resource, manifest, Verification.ALL)
            again = await self._observe_and_decide(resource, manifest)
            drift = decision.drift if again.finalizer is FinalizerChange.ADD else ()
            decision = replace(again, drift=drift)
            resource, outcomes = await self._carry_out(resource, decision)
        return await self._report(resource, decision, outcomes)

    async def _observe_and_decide(self, resource: Resource, manifest: Manifest) -> Decision:
        """Complete the state of AWS for a resource, and decide on it."""
        rival = None
        if manifest.writes:
            await self._load_tags(resource)
            rival = await self._find_rival(resource)
        return decide(
            resource,
            manifest,
            self._state.observed,
            rival=rival,
            config=self._config,
            now=self._config.now(),
        )

    async def _verify(self, resource: Resource, manifest: Manifest, verification: Verification) -> None:
        """Read again what a decision depends on."""
        if verification is Verification.ABSENCE:
            await self._deletion.find(resource)
            return
        if verification is Verification.ALL:
            await self._refresh()
        if manifest.writes:
            await self._load_tags(resource, again=True)

    async def _refresh(self) -> None:
        await self._state.refresh()
        if self._state.error is not None:
            raise self._state.error

    async def _load_tags(self, resource: Resource, *, again: bool = False) -> None:
        """Read the tags of the resource's object; if it no longer exists, read all of AWS."""
        state = self._state
        try:
            await state.load_tags(state.observed.find(resource.target), again=again)
        except GatewayError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            await self._refresh()
            await state.load_tags(state.observed.find(resource.target))

    async def _find_rival(self, resource: Resource) -> Resource | None:
        """Return the resource that manages the target instead, if it still exists: an interrupted watch is late."""
        while rival := ownership.find_rival(
            resource, self._cache.with_same_target(resource), self._state.observed, self._config.cluster_id
        ):
            if rival.deleted or await self._kubernetes.exists(rival):
                return rival
            if self._cache.mark_deleted(rival.key) is None:
                self._cache.drop(rival.key)
        return None

    async def _carry_out(self, resource: Resource, decision: Decision) -> tuple[Resource, Sequence[Outcome]]:
        """Change the finalizer, report drift, and write to AWS."""
        match decision.finalizer:
            case FinalizerChange.ADD:
                resource = await self._claim(resource, decision)
                resource = await self._reporter.report_drift(resource, decision.drift)
            case FinalizerChange.REMOVE:
                resource = await self._remove_finalizer(resource) or resource
        return resource, await self._writer.apply(decision.actions)

    async def _claim(self, resource: Resource, decision: Decision) -> Resource:
        """Store our finalizer, and AWS's previous value, before AWS is written.

        The API server accepts a finalizer of an object that it deletes at that moment, so the object is read again.
        A replaced object has lost its finalizer and its annotation, and still has the value in its status.
        """
        previous = decision.previous if decision.previous is not None else resource.previous
        if resource.claimed and decision.previous is None:
            return resource
        text = previous_text(previous) if previous is not None else None
        if text is not None and resource.status.get(PREVIOUS_FIELD) != text:
            resource = self._cache.keep(await self._kubernetes.write_status(resource, {PREVIOUS_FIELD: text}))
        claimed = self._cache.keep(await self._kubernetes.claim(resource, text))
        if not resource.claimed and not await self._kubernetes.exists(claimed):
            raise ResourceDeletedError(f"{resource.key} was deleted while its finalizer was added")
        return claimed

    async def _remove_finalizer(self, resource: Resource) -> Resource | None:
        """Remove our finalizer and the previous value; None if the object is deleted with it."""
        if not resource.deleting:
            resource = await self._forget_previous(resource)
        remaining = await self._kubernetes.remove_finalizer(resource)
        self._cache.mark_unclaimed(resource)
        return self._cache.keep(remaining) if remaining else None

    async def _forget_previous(self, resource: Resource) -> Resource:
        if PREVIOUS_FIELD not in resource.status:
            return resource
        return self._cache.keep(await self._kubernetes.write_status(resource, {PREVIOUS_FIELD: None}))

    async def _report(self, resource: Resource, decision: Decision, outcomes: Sequence[Outcome]) -> bool:
        """Report the outcomes; the resource is released if it has expired."""
        resource = self._latest(resource)
        failed = any(outcome.error is not None for outcome in outcomes)
        self._reporter.report_writes(resource, outcomes, decision.drift)
        applied = conditions.is_applied(resource.status, resource.generation)
        found = conditions.conditions(outcomes, applied=applied, drift=decision.drift)
        if decision.expired and not failed:
            found = conditions.expired()
            resource = await self._forget_previous(resource)
            if resource.claimed:
                resource = await self._remove_finalizer(resource) or resource
            self._cache.mark_unclaimed(resource)
        drift = conditions.remaining_drift(outcomes, decision.drift)
        await self._reporter.write_status(resource, found, drift=drift)
        return failed

    def _latest(self, resource: Resource) -> Resource:
        """Return the cached resource with the spec of this pass; ResourceDeletedError if it is another one."""
        cached = self._cache.resources.get(resource.key, resource)
        if cached.uid != resource.uid:
            raise ResourceDeletedError(f"{resource.key} was deleted in the meantime")
        return replace(cached, generation=resource.generation, manifest=resource.manifest, target=resource.target)

    async def _delete(self, resource: Resource) -> bool:
        """Carry out the deletion policy in AWS, and remove the finalizer."""
        await self._deletion.carry_out(resource, partial(self._reporter.report_writes, resource))
        if resource.deleted:
            self._cache.mark_unclaimed(resource)
        else:
            await self._remove_finalizer(resource)
        return False
