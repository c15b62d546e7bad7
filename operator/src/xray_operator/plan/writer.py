"""Applies actions in the event loop: at the rate that the token bucket allows, and recorded in the cached state."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import OWN_TAGS, AwsObject, target_of
from xray_operator.aws.rate_limit import TokenBucket
from xray_operator.aws.state import AwsState
from xray_operator.plan.actions import WRITES, Action, Adopt, Create, Delete, Release, Replace, Restore, Update
from xray_operator.plan.apply import Outcome, apply_action


class AwsWriter:
    """Writes to AWS; boto3 runs in a thread pool."""

    def __init__(self, gateway: Gateway, state: AwsState, bucket: TokenBucket, pool: Executor) -> None:
        self._gateway = gateway
        self._state = state
        self._bucket = bucket
        self._pool = pool

    async def apply(self, actions: Sequence[Action]) -> tuple[Outcome, ...]:
        """Apply the actions in their order, up to the first that fails."""
        outcomes: list[Outcome] = []
        for action in actions:
            outcomes.append(await self._apply(action))
            if outcomes[-1].error is not None:
                break
        return tuple(outcomes)

    async def _apply(self, action: Action) -> Outcome:
        if not isinstance(action, WRITES):
            return apply_action(action, self._gateway)
        await self._bucket.take()
        loop = asyncio.get_running_loop()
        outcome = await loop.run_in_executor(self._pool, apply_action, action, self._gateway)
        if outcome.error is not None:
            partly_done = isinstance(action, Replace)
            self._state.failed(target_of(action.value), outcome.error, partly_done=partly_done)
        else:
            self._record(action, outcome.arn)
        return outcome

    def _record(self, action: Action, arn: str | None) -> None:
        match action:
            case Create(value, tags) | Replace(value, _, tags) if arn is not None:
                self._state.created(AwsObject(value, arn), tags)
            case Update(value, existing) | Restore(value, existing):
                self._state.updated(AwsObject(value, existing))
            case Delete(value, existing):
                self._state.deleted(AwsObject(value, existing))
            case Adopt(_, existing, tags):
                self._state.tagged(existing, tags)
            case Release(_, existing):
                self._state.untagged(existing, OWN_TAGS)
