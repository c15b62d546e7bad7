"""Reports the result of a pass: the resource's status, events on transitions, and counters of drift."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from xray_model import Difference, SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG, Kind
from xray_operator.aws.state import AwsState
from xray_operator.kubernetes.api import Kubernetes
from xray_operator.kubernetes.events import Event, EventRecorder
from xray_operator.kubernetes.resource import Resource
from xray_operator.kubernetes.resource_cache import ResourceCache
from xray_operator.manifests.policies import ManagementPolicy
from xray_operator.plan import actions, lint
from xray_operator.plan.apply import Outcome
from xray_operator.reasons import Reason
from xray_operator.status import conditions, document
from xray_operator.status.conditions import Condition
from xray_operator.status.document import Facts
from xray_operator.status.other_operators import OtherOperators

logger = logging.getLogger("xray_operator")
_WRITTEN: Mapping[type, tuple[str, str]] = {
    actions.Create: ("Created", "created in AWS"),
    actions.Update: ("Updated", "updated in AWS"),
    actions.Adopt: ("Adopted", "took over the existing object in AWS"),
    actions.Replace: ("Replaced", "deleted and created again in AWS"),
    actions.Delete: ("Deleted", "deleted in AWS"),
    actions.Restore: ("Restored", "restored the previous values in AWS"),
    actions.Release: ("Released", "kept in AWS without our tags"),
}
# The events on transitions: the table in the reference page.
EVENTS: Mapping[str, str] = {
    **dict(_WRITTEN.values()),
    "Kept": "the resource is deleted, and its object stays in AWS: it has another owner tag, or none",
    "DriftDetected": "AWS was changed outside the operator: the fields with their actual and desired values",
    "DriftRepaired": "the change was undone",
    "OtherOperator": "another operator writes the status, too; this one overwrites it at most every ten minutes",
}
_NOT_OURS = frozenset({Reason.FOREIGN_OWNER, Reason.NOT_OWNED, Reason.DUPLICATE})


class Reporter:
    """Writes statuses and records events; `drift_seen` and `drift_repaired` count by kind."""

    def __init__(
        self,
        state: AwsState,
        kubernetes: Kubernetes,
        cache: ResourceCache,
        events: EventRecorder,
        *,
        operator: str,
        quotas: Mapping[Kind, int],
        now: Callable[[], datetime],
    ) -> None:
        self._state = state
        self._kubernetes = kubernetes
        self._cache = cache
        self._events = events
        self.others = OtherOperators(operator, events, now)
        self._quotas = quotas
        self._now = now
        self._warnings: Mapping[str, Sequence[str]] = {}
        self._linted: int | None = None  # the AwsState.changes of these warnings
        self.drift_seen: Counter[Kind] = Counter()
        self.drift_repaired: Counter[Kind] = Counter()

    def report_writes(self, resource: Resource, outcomes: Sequence[Outcome], drift: Sequence[Difference] = ()) -> None:
        """Record an event for each write to AWS, and for drift that the writes repaired."""
        for outcome in outcomes:
            if isinstance(outcome.action, actions.Keep) and outcome.action.reason is actions.KeepReason.NOT_OWNED:
                self._report_kept(resource, outcome.arn or "")
            if outcome.error is None and type(outcome.action) in _WRITTEN:
                reason, message = _WRITTEN[type(outcome.action)]
                self._events.record(resource, Event(reason, f"{resource.target[1]!r}: {message}"))
                logger.info("aws.written", extra={"object": str(resource.key), "action": reason})
        if drift and all(outcome.error is None for outcome in outcomes):
            self.drift_repaired[resource.key.kind] += 1
            self._events.record(resource, Event("DriftRepaired", conditions.describe(drift)))

    def _report_kept(self, resource: Resource, arn: str) -> None:
        """Record that a deleted resource leaves its object in AWS, as after a change of the cluster id."""
        owner = self._state.observed.tags.get(arn, {}).get(OWNER_TAG)
        reason = f"its owner tag is {owner}" if owner else "it has no owner tag"
        message = f"{resource.target[1]!r} stays in AWS ({arn}): {reason}"
        self._events.record(resource, Event("Kept", message, warning=True))
        logger.warning("aws.kept", extra={"object": str(resource.key), "arn": arn, "owner": owner})

    async def report_drift(self, resource: Resource, drift: Sequence[Difference]) -> Resource:
        """Report drift before it is repaired, so that the user who made the change sees why it was undone."""
        if not drift or conditions.has(resource.status, "Drifted"):
            return resource
        self.drift_seen[resource.key.kind] += 1
        condition = conditions.drift_detected(drift)
        self._events.record(resource, Event("DriftDetected", condition.message, warning=True))
        return await self.write_status(resource, (condition,), drift=drift)

    async def report_failure(self, resource: Resource, error: GatewayError) -> Resource:
        """Report that AWS could not be read or written; the pass will be retried."""
        if resource.deleted:
            return resource
        applied = conditions.is_applied(resource.status, resource.generation)
        found = conditions.failed(error, applied=applied, deleting=resource.deleting)
        return await self.write_status(resource, found, drift=None)

    async def write_status(
        self, resource: Resource, found: Sequence[Condition], *, drift: Sequence[Difference] | None = ()
    ) -> Resource:
        """Write the status if it differs, and record an event if Synced is no longer True or has a new reason.

        `drift` None keeps the previous drift and ARN: AWS could not be read.
        """
        status = document.build(resource, found, self._facts(resource, found, drift), self._now(), self.others.identity)
        patch = document.patch(resource.status, status)
        if not patch or not self.others.may_overwrite(resource):
            return resource
        for condition in found:
            if condition.type == "Synced" and not (condition.status or _is_reported(resource, condition)):
                self._events.record(resource, Event(condition.reason.value, condition.message, warning=True))
        return self._cache.keep(await self._kubernetes.write_status(resource, patch))

    def _facts(self, resource: Resource, found: Sequence[Condition], drift: Sequence[Difference] | None) -> Facts:
        state, (kind, name) = self._state, resource.target
        aws_object = state.observed.find(resource.target)
        facts = Facts(
            arn=resource.status.get("arn"),
            drift=drift,
            lint=self._lint(resource),
            statistics=state.statistics.get(name) if kind == "rule" else None,
            handled_token=resource.status.get("lastHandledReconcileAt"),
        )
        if drift is not None and not any(condition.reason in _NOT_OURS for condition in found):
            facts = replace(facts, arn=aws_object.arn if aws_object else None)
        if state.error is None:
            manages = resource.manifest is not None and resource.manifest.management is ManagementPolicy.MANAGE
            quota = f"{state.observed.used(kind)}/{self._quotas[kind]}" if manages else None
            facts = replace(facts, quota=quota, handled_token=resource.token)
        return facts

    def _lint(self, resource: Resource) -> Sequence[str]:
        if resource.problems:
            return [resource.problems]
        kind, name = resource.target
        if self._linted != self._state.changes:
            objects = self._state.observed.objects
            rules = [found.value for found in objects if isinstance(found.value, SamplingRule)]
            self._warnings, self._linted = lint.by_rule(rules), self._state.changes
        return self._warnings.get(name, ()) if kind == "rule" else ()


def _is_reported(resource: Resource, condition: Condition) -> bool:
    return any(
        (last.get("type"), last.get("reason")) == (condition.type, condition.reason.value)
        and last.get("status") != "True"
        for last in resource.status.get("conditions") or ()
    )
