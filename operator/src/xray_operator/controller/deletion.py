"""The end of a resource in AWS: its deletion policy, and the search for its object, whose absence is confirmed.

A deletion or an expiry is final. A list may be older than a write, and a call without an answer may take effect late.
So if AWS does not show the object of a claimed resource, the operator reads again for a while; and after a write
without an answer, its own or an earlier process's, it reads again when that write can no longer take effect.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import AwsObject
from xray_operator.aws.state import AwsState
from xray_operator.kubernetes.resource import Resource
from xray_operator.manifests.policies import ManagementPolicy
from xray_operator.plan import planner
from xray_operator.plan.actions import Keep, KeepReason
from xray_operator.plan.apply import Outcome
from xray_operator.plan.writer import AwsWriter
from xray_operator.reasons import Reason

RECHECK_SECONDS = (0.5, 1.5)


class Deletion:
    """Deletes, releases or restores objects in AWS; GatewayError if AWS cannot be read or refuses."""

    def __init__(
        self,
        state: AwsState,
        writer: AwsWriter,
        *,
        cluster_id: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._state = state
        self._writer = writer
        self._cluster_id = cluster_id
        self._sleep = sleep

    async def carry_out(self, resource: Resource, report: Callable[[Sequence[Outcome]], None]) -> None:
        """Carry out a resource's deletion policy, and repeat it after a write that might still take effect."""
        report(await self._carry_out(resource))
        while await self.wait_for_doubtful_write(resource):
            report(await self._carry_out(resource))

    async def _carry_out(self, resource: Resource) -> tuple[Outcome, ...]:
        manifest = resource.manifest
        if manifest is not None and manifest.management is ManagementPolicy.OBSERVE:
            return ()
        found = await self.find(resource)
        if found is None:
            return self._kept(resource)
        actions = planner.for_deletion(
            found,
            self._state.observed,
            owner=resource.owner(self._cluster_id),
            deletion=resource.deletion,
            previous=resource.previous,
        )
        outcomes = await self._writer.apply(actions)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return outcomes

    def _kept(self, resource: Resource) -> tuple[Outcome, ...]:
        """Return the outcome for an object of this name that has another owner, or none: AWS keeps it."""
        found = self._state.observed.find(resource.target)
        return (Outcome(Keep(found.value, KeepReason.NOT_OWNED), arn=found.arn),) if found else ()

    async def find(self, resource: Resource) -> AwsObject | None:
        """Return the Default object or the one with the resource's owner tag; None after repeated reads without it."""
        for seconds in RECHECK_SECONDS:
            found = await self._find(resource)
            if found is not None:
                return found
            await self._sleep(seconds)
            await self._state.refresh()
        return await self._find(resource)

    async def wait_for_doubtful_write(self, resource: Resource) -> bool:
        """Wait until no write without an answer can take effect, and read AWS; False if there was none."""
        seconds = self._state.doubt(resource.target)
        if not seconds:
            return False
        await self._sleep(seconds)
        await self._state.refresh()
        if self._state.error is not None:
            raise self._state.error
        return True

    async def _find(self, resource: Resource) -> AwsObject | None:
        state = self._state
        if state.error is not None:
            raise state.error
        found = state.observed.find(resource.target)
        if found is None or found.is_default:
            return found
        try:
            await state.load_tags(found, again=True)
        except GatewayError as error:
            if error.reason is Reason.NOT_FOUND:  # deleted by another client
                return None
            raise
        return found if state.observed.owner(found) == resource.owner(self._cluster_id) else None
