"""The cached state of AWS in one region: read once for all objects, and updated by our own writes.

A failed read keeps the previous state, sets `error`, and is not retried before its back-off has passed.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import AwsObject, Observed, Statistics, Tags, Target
from xray_operator.aws.rate_limit import backoff
from xray_operator.aws.reader import AwsReader
from xray_operator.reasons import Reason

logger = logging.getLogger("xray_operator")
TAGS_EVERY_READS = 10  # cached tags expire after this number of reads; they are also read before every write
DOUBT_SECONDS = 5.0  # a write without an answer may still take effect for this time
# After these errors the state is in doubt: AWS may have carried out the call, or knows more than the cache.
_UNCERTAIN = frozenset({Reason.UNREACHABLE, Reason.ALREADY_EXISTS, Reason.NOT_FOUND})


class AwsState:
    """The rules, groups, tags and statistics of one region. Belongs to one event loop.

    For `inherited_doubt` seconds, a write of an earlier process, which was killed, may still take effect.
    """

    def __init__(
        self,
        reader: AwsReader,
        *,
        interval: float,
        clock: Callable[[], float],
        draw: Callable[[], float] = random.random,
        inherited_doubt: float = DOUBT_SECONDS,
    ) -> None:
        self._reader = reader
        self._interval = interval
        self._clock = clock
        self._draw = draw
        self._reading = asyncio.Lock()
        self._reads = 0
        self._failures = 0
        self._not_before = 0.0
        self._objects: dict[Target, AwsObject] = {}
        self._written: dict[Target, AwsObject | None] = {}  # by us since the latest read began; None: deleted
        self._tags: dict[str, Tags] = {}
        self._doubts: dict[Target, float] = {}  # the end of each doubt
        self._inherited_doubt = clock() + inherited_doubt  # its end
        self.observed = Observed((), {})
        self.statistics: Mapping[str, Statistics] = {}
        self.error: GatewayError | None = None
        self.read_at: float | None = None
        self.is_stale = True
        self.changes = 0

    @property
    def age(self) -> float | None:
        """Seconds since the last complete read, or None."""
        return None if self.read_at is None else self._clock() - self.read_at

    @property
    def retry_in(self) -> float:
        """Seconds until a failed read may be retried."""
        return max(0.0, self._not_before - self._clock())

    def doubt(self, target: Target) -> float:
        """Return the seconds for which an earlier write without an answer may still take effect."""
        remaining = max(self._inherited_doubt, self._doubts.get(target, 0.0)) - self._clock()
        if remaining <= 0:
            self._doubts.pop(target, None)
        return max(0.0, remaining)

    async def settle(self) -> None:
        """Read again if the state is in doubt, or wait for the first read."""
        if self.is_stale:
            await self.refresh()
        elif self.read_at is None:
            async with self._reading:
                pass

    async def refresh(self) -> None:
        """Read everything, or share a read that another caller began after this call."""
        reads = self._reads
        async with self._reading:
            if self._reads > reads or self.retry_in:
                return
            self._reads += 1
            self._written.clear()
            self.is_stale = False  # set again by what happens during the read
            try:
                snapshot = await self._reader.snapshot()
            except Exception as unexpected:  # noqa: BLE001 (logged below; the timer must not end)
                error = _as_gateway_error(unexpected)
                self._failures += 1
                self._not_before = self._clock() + backoff(self._failures, interval=self._interval, draw=self._draw)
                self.error, self.is_stale = error, True
                return
            self._failures, self.error = 0, None
            self.read_at = self._clock()
            if snapshot.statistics is not None:
                self.statistics = snapshot.statistics
            objects = _merged(snapshot.objects, self._written)
            arns = {found.arn for found in objects.values()}
            expired = self._reads % TAGS_EVERY_READS == 0
            self._tags = {} if expired else {arn: tags for arn, tags in self._tags.items() if arn in arns}
            self._set_objects(objects)

    async def load_tags(self, found: AwsObject | None, *, again: bool = False) -> None:
        """Cache the tags of an object, or read them `again`; GatewayError if they cannot be read."""
        if found is None or found.is_default or (found.arn in self._tags and not again):
            return
        try:
            tags = await self._reader.tags(found.arn)
        except GatewayError as error:
            self._doubt_state(error)
            raise
        self._tags[found.arn] = tags

    def created(self, found: AwsObject, tags: Tags) -> None:
        """Record that we created an object."""
        self._tags[found.arn] = tags
        self._wrote(found.target, found)

    def updated(self, found: AwsObject) -> None:
        """Record that we updated an object; AWS keeps the fields that an update omits."""
        cached = self._objects.get(found.target)
        value = cached.value.updated(found.value.to_update()) if cached else found.value
        self._wrote(found.target, AwsObject(value, found.arn))

    def deleted(self, found: AwsObject) -> None:
        """Record that we deleted an object."""
        self._tags.pop(found.arn, None)
        self._wrote(found.target, None)

    def tagged(self, arn: str, tags: Tags) -> None:
        """Record that we added tags."""
        self._tags[arn] = {**self._tags.get(arn, {}), **tags}

    def untagged(self, arn: str, keys: Sequence[str]) -> None:
        """Record that we removed tags."""
        self._tags[arn] = {key: text for key, text in self._tags.get(arn, {}).items() if key not in keys}

    def failed(self, target: Target, error: GatewayError, *, partly_done: bool) -> None:
        """Record that a write failed; `partly_done` if one of its calls may have succeeded."""
        self._doubt_state(error, partly_done=partly_done)
        if error.reason is Reason.UNREACHABLE:
            self._doubts[target] = self._clock() + DOUBT_SECONDS

    def _doubt_state(self, error: GatewayError, *, partly_done: bool = False) -> None:
        if partly_done or error.reason in _UNCERTAIN:
            self.is_stale = True

    def _wrote(self, target: Target, found: AwsObject | None) -> None:
        self._written[target] = found
        self._set_objects(_merged(self._objects, {target: found}))

    def _set_objects(self, objects: dict[Target, AwsObject]) -> None:
        self.changes += objects != self._objects
        self._objects = objects
        self.observed = Observed(tuple(objects.values()), self._tags)


def _as_gateway_error(error: Exception) -> GatewayError:
    if isinstance(error, GatewayError):
        return error
    logger.error("aws.read_failed", exc_info=error)
    return GatewayError(Reason.INTERNAL_ERROR, f"cannot read AWS: unexpected {type(error).__name__}")


def _merged(objects: Mapping[Target, AwsObject], written: Mapping[Target, AwsObject | None]) -> dict[Target, AwsObject]:
    merged: dict[Target, AwsObject | None] = {**objects, **written}
    return {target: found for target, found in merged.items() if found is not None}
