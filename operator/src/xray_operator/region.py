"""What AWS holds in the region: read once for all objects, kept right by our own writes, and the way to write.

Called by `controller`, in one event loop; boto3 blocks, so its calls run in a few threads. A read that fails leaves
what was known, sets `error`, and is not tried again before its back-off has passed.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from xray_model import SamplingRule
from xray_operator import lint, pace
from xray_operator.errors import GatewayError, Reason
from xray_operator.pace import TokenBucket
from xray_operator.plan import WRITES, Action, Adopt, Create, Delete, Observed, Release, Replace, Restore, Update
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Gateway, Held, Statistics, Target
from xray_operator.reconcile import Outcome, carry_out

THREADS = 4
READS_BETWEEN_TAGS = 10  # tags are read again after so many reads of all objects, and before every write
DOUBT_SECONDS = 5.0  # for so long a write whose answer was lost may still be carried out
# After these the caller does not know whether AWS did it, or knows less than AWS does.
_UNSURE = frozenset({Reason.UNREACHABLE, Reason.ALREADY_EXISTS, Reason.NOT_FOUND})

_Result = TypeVar("_Result")


class Region:
    """AWS X-Ray in one region, as last read and as written since."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        interval: float,
        bucket: TokenBucket,
        clock: Callable[[], float],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._gateway = gateway
        self._interval = interval
        self._bucket = bucket
        self._clock = clock
        self._draw = draw
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._reading = asyncio.Lock()
        self._begun = 0
        self._failures = 0
        self._not_before = 0.0
        self._held: dict[Target, Held] = {}
        self._meanwhile: dict[Target, Held | None] = {}  # what we wrote since the latest read began
        self._tags: dict[str, Mapping[str, str]] = {}
        self._doubts: dict[Target, float] = {}  # until when
        self.observed = Observed((), {})
        self.statistics: Mapping[str, Statistics] = {}
        self.warnings: Mapping[str, list[str]] = {}
        self.error: GatewayError | None = None
        self.read_at: float | None = None
        self.is_stale = True
        self.changes = 0

    def close(self) -> None:
        """Let the threads go when their calls are done."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def age(self) -> float | None:
        """Seconds since AWS was last read whole, or None."""
        return None if self.read_at is None else self._clock() - self.read_at

    @property
    def retry_in(self) -> float:
        """Seconds until a failed read may be tried again."""
        return max(0.0, self._not_before - self._clock())

    def doubt(self, target: Target) -> float:
        """Seconds for which an earlier write of ours to an object may still be carried out."""
        left = self._doubts.get(target, 0.0) - self._clock()
        if left <= 0:
            self._doubts.pop(target, None)
        return max(0.0, left)

    async def settle(self) -> None:
        """Read again if what is known is in doubt, or wait for the first read."""
        if self.is_stale:
            await self.refresh()
        elif self.read_at is None:
            async with self._reading:
                pass

    async def refresh(self) -> None:
        """Read everything, or share a read that another caller began after this call."""
        begun = self._begun
        async with self._reading:
            if self._begun > begun or self.retry_in:
                return
            self._begun += 1
            self._meanwhile.clear()
            self.is_stale = False  # what is in doubt from here on is so because of what happens during the read
            try:
                held, statistics = await self._call(self._read)
            except GatewayError as error:
                self._failures += 1
                self._not_before = self._clock() + pace.backoff(
                    self._failures, interval=self._interval, draw=self._draw
                )
                self.error, self.is_stale = error, True
                return
            self._failures, self.error = 0, None
            self.read_at = self._clock()
            held = _merged(held, self._meanwhile)
            self.statistics = statistics
            arns = {one.arn for one in held.values()}
            expired = self._begun % READS_BETWEEN_TAGS == 0
            self._tags = {} if expired else {arn: tags for arn, tags in self._tags.items() if arn in arns}
            self._now_holds(held)

    def _read(self) -> tuple[dict[Target, Held], Mapping[str, Statistics]]:
        held = {one.target: one for one in (*self._gateway.rules(), *self._gateway.groups())}
        try:
            return held, self._gateway.statistics()
        except GatewayError:  # they are a comfort, and their permission an optional one; the metric counts it
            return held, self.statistics

    async def load_tags(self, held: Held | None, *, again: bool = False) -> None:
        """Make the tags of an object known; GatewayError if they cannot be read. Default has none of ours."""
        if held is None or held.value.is_default or (held.arn in self._tags and not again):
            return
        try:
            tags = await self._call(partial(self._gateway.tags, held.arn))
        except GatewayError as error:
            self._note(error)
            raise
        self._tags[held.arn] = tags

    async def carry_out(self, action: Action) -> Outcome:
        """Write, when the bucket lets us, and know what AWS holds then."""
        if not isinstance(action, WRITES):
            return carry_out(action, self._gateway)
        await self._bucket.take()
        outcome = await self._call(partial(carry_out, action, self._gateway))
        if outcome.error is not None:
            self._note(outcome.error, replaced=isinstance(action, Replace))
            if outcome.error.reason is Reason.UNREACHABLE:
                self._doubts[Held(action.value, "").target] = self._clock() + DOUBT_SECONDS
        else:
            self._written(action, outcome.arn)
        return outcome

    def _note(self, error: GatewayError, *, replaced: bool = False) -> None:
        if replaced or error.reason in _UNSURE:
            self.is_stale = True

    def _written(self, action: Action, arn: str | None) -> None:
        target = Held(action.value, "").target
        wrote: Held | None = None
        match action:
            case Create(value, tags) | Replace(value, _, tags) if arn is not None:
                wrote = Held(value, arn)
                self._tags[arn] = tags
            case Update(value, at) | Restore(value, at):
                # What an update omits stays in AWS, so it stays here.
                now = self._held[target].value.updated(value.to_update()) if target in self._held else value
                wrote = Held(now, at)
            case Adopt(_, at, tags):
                self._tags[at] = {**self._tags.get(at, {}), **tags}
                return
            case Release(_, at):
                ours = {OWNER_TAG, DELETION_TAG}
                self._tags[at] = {key: text for key, text in self._tags.get(at, {}).items() if key not in ours}
                return
            case Delete(_, at):
                self._tags.pop(at, None)
            case _:
                return
        self._meanwhile[target] = wrote
        self._now_holds(_merged(self._held, {target: wrote}))

    def _now_holds(self, held: dict[Target, Held]) -> None:
        if held != self._held:
            self.changes += 1
            rules = [one.value for one in held.values() if isinstance(one.value, SamplingRule)]
            self.warnings = lint.by_rule(rules)
        self._held = held
        self.observed = Observed(tuple(held.values()), self._tags)

    async def _call(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _merged(held: Mapping[Target, Held], written: Mapping[Target, Held | None]) -> dict[Target, Held]:
    """Give what AWS holds after writes; None stands for a deletion."""
    merged: dict[Target, Held | None] = {**held, **written}
    return {target: one for target, one in merged.items() if one is not None}
