"""What is told of a pass: the object's status, events on transitions, and counts of drift. Called by `reconciler`."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from xray_model import Difference
from xray_operator import plan, status
from xray_operator.errors import GatewayError
from xray_operator.events import Events
from xray_operator.kube import Kubernetes, Told
from xray_operator.mirror import Mirror
from xray_operator.model import ManagementPolicy
from xray_operator.ports import Kind
from xray_operator.reconcile import Outcome
from xray_operator.region import Region
from xray_operator.resource import Resource
from xray_operator.status import Condition, ConditionReason, Surroundings

logger = logging.getLogger("xray_operator")
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
_NOT_OURS = frozenset({ConditionReason.FOREIGN_OWNER, ConditionReason.NOT_OWNED, ConditionReason.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an AWS side of a pass."""

    outcomes: tuple[Outcome, ...]
    drifted: tuple[Difference, ...] = ()


class Report:
    """Writes statuses and tells events; `drift_seen` and `drift_repaired` count by kind."""

    def __init__(
        self,
        region: Region,
        kubernetes: Kubernetes,
        mirror: Mirror,
        events: Events,
        *,
        quotas: Mapping[Kind, int],
        now: Callable[[], datetime],
    ) -> None:
        self._region = region
        self._kubernetes = kubernetes
        self._mirror = mirror
        self._events = events
        self._quotas = quotas
        self._now = now
        self.drift_seen: Counter[Kind] = Counter()
        self.drift_repaired: Counter[Kind] = Counter()

    def writes(self, resource: Resource, result: Result) -> None:
        """Tell of what was written to AWS."""
        for outcome in result.outcomes:
            if outcome.error is None and type(outcome.action) in _DONE:
                reason, message = _DONE[type(outcome.action)]
                self._events.tell(resource, Told(reason, f"{resource.target[1]!r}: {message}"))
                logger.info("aws.written", extra={"object": str(resource.key), "action": reason})
        if result.drifted and all(one.error is None for one in result.outcomes):
            self.drift_repaired[resource.key.kind] += 1
            self._events.tell(resource, Told("DriftRepaired", ", ".join(map(str, result.drifted))))

    async def drift(self, resource: Resource, drifted: Sequence[Difference]) -> Resource:
        """Show drift before it is put right: somebody's change is undone, and they should see why."""
        if status.has(resource.status, "Drifted"):
            return resource
        self.drift_seen[resource.key.kind] += 1
        message = ", ".join(map(str, drifted))
        self._events.tell(resource, Told("DriftDetected", message, warning=True))
        found = (Condition("Drifted", True, ConditionReason.DRIFT_DETECTED, message),)
        return await self.status(resource, found, left=drifted)

    async def failure(self, resource: Resource, error: GatewayError) -> bool:
        """Tell that AWS could not be asked, or refused; it is tried again."""
        if resource.gone:
            return True
        found = status.failed(error, known=bool(resource.status.get("conditions")))
        await self.status(resource, found, left=None)
        return True

    async def status(
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
        return self._mirror.keep(await self._kubernetes.write_status(resource, patch))

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


def _told_already(resource: Resource, condition: Condition) -> bool:
    return any(
        (one.get("type"), one.get("status"), one.get("reason")) == (condition.type, "False", condition.reason.value)
        for one in resource.status.get("conditions") or ()
    )
