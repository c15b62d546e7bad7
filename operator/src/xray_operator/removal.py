"""What is let go in AWS when an object is deleted or its time is over: once, for good, and so never on a first look.

What AWS shows may be older than what was written, and a call whose answer was lost may be carried out late. So when an
object was claimed and AWS shows nothing of it, the operator looks again for a while before it believes that; and when a
write's answer was lost, it looks once more after the last moment at which that write can take effect.
"""

import asyncio
from collections.abc import Awaitable, Callable

from xray_operator import plan
from xray_operator.errors import GatewayError, Reason
from xray_operator.model import ManagementPolicy
from xray_operator.plan import Action
from xray_operator.ports import Held
from xray_operator.region import Region
from xray_operator.resource import Resource

LOOKS_AGAIN_AFTER = (0.5, 1.5)  # seconds


class Removal:
    """Decides what a claimed object's end asks for; GatewayError while AWS cannot be read."""

    def __init__(
        self, region: Region, *, cluster_id: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._region = region
        self.cluster_id = cluster_id
        self._sleep = sleep

    async def actions(self, resource: Resource) -> tuple[Action, ...]:
        """Give what the deletion of an object asks for."""
        manifest = resource.manifest
        if manifest is not None and manifest.management is ManagementPolicy.OBSERVE:
            return ()
        held = await self.find(resource)
        if held is None:
            return ()
        return plan.remove(
            held,
            self._region.observed,
            owner=resource.owner(self.cluster_id),
            deletion=resource.deletion,
            before=resource.before,
        )

    async def waited_out_doubt(self, resource: Resource) -> bool:
        """Wait until no write of ours can be under way any more and read AWS; False when there was no doubt."""
        seconds = self._region.doubt(resource.target)
        if not seconds:
            return False
        await self._sleep(seconds)
        await self._region.refresh()
        return True

    async def find(self, resource: Resource) -> Held | None:
        """Give what AWS holds and is the object's own, or the Default one; None when that is nothing, for sure."""
        for seconds in LOOKS_AGAIN_AFTER:
            held = await self._own(resource)
            if held is not None:
                return held
            await self._sleep(seconds)
            await self._region.refresh()
        return await self._own(resource)

    async def _own(self, resource: Resource) -> Held | None:
        region = self._region
        if region.error is not None:
            raise region.error
        held = region.observed.find(resource.target)
        if held is None or held.value.is_default:
            return held
        try:
            await region.load_tags(held, again=True)
        except GatewayError as error:
            if error.reason is Reason.NOT_FOUND:  # somebody was faster
                return None
            raise
        return held if region.observed.owner(held) == resource.owner(self.cluster_id) else None
