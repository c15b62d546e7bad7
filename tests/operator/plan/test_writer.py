"""The writer: its writes are in the cached state without a read, and pass through the token bucket."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.fakes import InMemoryGateway, SlowGateway
from tests.operator.virtual_time import in_virtual_time
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG, AwsObject, Target
from xray_operator.aws.rate_limit import TokenBucket
from xray_operator.aws.reader import AwsReader
from xray_operator.aws.state import DOUBT_SECONDS, AwsState
from xray_operator.plan.actions import Action, Adopt, Create, Delete, Keep, Release, Replace, Restore, Update
from xray_operator.plan.apply import Outcome
from xray_operator.plan.writer import AwsWriter
from xray_operator.reasons import Reason

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
GROUP = Group(group_name="failing", filter_expression="fault")
ERRORS = Group(group_name="failing", filter_expression="error")
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
GROUP_ARN = "arn:aws:xray:us-east-1:000000000000:group/failing"
OURS = {OWNER_TAG: "local/default/backend"}
READ = ["rules", "groups", "statistics"]


class Writer:
    """A writer and its state, which is not read yet."""

    def __init__(
        self,
        gateway: InMemoryGateway,
        clock: Callable[[], float] = lambda: 0.0,
        bucket: TokenBucket | None = None,
    ) -> None:
        pool = ThreadPoolExecutor(4)
        self.state = AwsState(AwsReader(gateway, pool), interval=60, clock=clock, inherited_doubt=0.0)
        self._writer = AwsWriter(gateway, self.state, bucket or TokenBucket(rate=1000, burst=10, clock=clock), pool)

    async def write(self, action: Action) -> Outcome:
        """Apply one action."""
        [outcome] = await self._writer.apply([action])
        return outcome

    def find(self, target: Target = ("rule", "backend")) -> object:
        """Return the cached value of an object."""
        found = self.state.observed.find(target)
        return found.value if found else None


async def read_writer(gateway: InMemoryGateway) -> Writer:
    """Return a writer whose state has been read."""
    writer = Writer(gateway)
    await writer.state.refresh()
    gateway.calls.clear()
    return writer


async def test_read_in_progress_does_not_undo_a_write() -> None:
    """It had listed the rules before the write."""
    old, gateway = replace(RULE, rule_name="old"), SlowGateway()
    gateway.create(old, OURS)
    writer = Writer(gateway)
    reading = asyncio.create_task(writer.state.refresh())
    await asyncio.to_thread(gateway.reading.wait)
    await writer.write(Create(RULE, OURS))
    await writer.write(Delete(old, "arn:aws:xray:us-east-1:000000000000:rule/old"))
    gateway.proceed.set()
    await reading
    assert (writer.find(), writer.find(("rule", "old"))) == (RULE, None)


@pytest.mark.parametrize(
    ("action", "target", "cached"),
    [
        (Update(replace(RULE, host="a"), ARN, ()), ("rule", "backend"), replace(RULE, host="a")),
        (Restore(replace(RULE, host="b"), ARN, ()), ("rule", "backend"), replace(RULE, host="b")),
        (Delete(RULE, ARN), ("rule", "backend"), None),
        (Create(replace(RULE, rule_name="new"), {}), ("rule", "new"), replace(RULE, rule_name="new")),
        (Replace(ERRORS, GROUP_ARN, OURS, ()), ("group", "failing"), ERRORS),
        (Update(Group(group_name="failing"), GROUP_ARN, ()), ("group", "failing"), GROUP),  # omitted fields stay
        (Keep(RULE), ("rule", "backend"), RULE),
    ],
)
async def test_write_is_cached_without_a_read(action: Action, target: Target, cached: object) -> None:
    """The next read finds the same."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    gateway.create(GROUP, {})
    writer = await read_writer(gateway)
    state = writer.state
    assert (await writer.write(action)).error is None
    assert writer.find(target) == cached
    objects, changes = state.observed.objects, state.changes
    await state.refresh()
    assert sorted(objects, key=_arn) == sorted(state.observed.objects, key=_arn)
    assert state.changes == changes


def _arn(aws_object: AwsObject) -> str:
    return aws_object.arn


async def test_written_tags_are_cached_without_a_read() -> None:
    """Adopt adds ours, Release removes them, Delete removes all."""
    gateway = InMemoryGateway()
    gateway.create(RULE, {"team": "a"})
    writer = await read_writer(gateway)
    await writer.state.load_tags(AwsObject(RULE, ARN))
    await writer.write(Adopt(RULE, ARN, OURS))
    assert writer.state.observed.tags == {ARN: {"team": "a", **OURS}}
    await writer.write(Release(RULE, ARN))
    assert writer.state.observed.tags == {ARN: {"team": "a"}}
    await writer.write(Delete(RULE, ARN))
    assert writer.state.observed.tags == {}


@pytest.mark.parametrize(
    ("action", "reason", "stale"),
    [
        (Create(RULE, {}), Reason.UNREACHABLE, True),
        (Create(RULE, {}), Reason.ALREADY_EXISTS, True),
        (Update(RULE, ARN, ()), Reason.NOT_FOUND, True),
        (Update(RULE, ARN, ()), Reason.THROTTLED, False),
        (Update(RULE, ARN, ()), Reason.DENIED, False),
        (Replace(GROUP, GROUP_ARN, {}, ()), Reason.THROTTLED, True),  # it may be deleted and not created yet
    ],
)
async def test_failed_write_makes_the_state_stale_if_it_may_have_taken_effect(
    action: Action, reason: Reason, stale: bool
) -> None:
    """The cached objects stay until the next read."""
    gateway = InMemoryGateway()
    writer = await read_writer(gateway)
    for call in ("create", "update"):
        gateway.failures[call] = [GatewayError(reason, "no")]
    outcome = await writer.write(action)
    assert outcome.error is not None
    assert (writer.state.is_stale, writer.state.changes) == (stale, 1)
    gateway.calls.clear()
    await writer.state.settle()
    assert gateway.calls == (READ if stale else [])


async def test_object_is_in_doubt_after_a_write_without_an_answer() -> None:
    """AWS may carry it out after the next one, which succeeds; other objects are not in doubt."""
    gateway = InMemoryGateway()
    gateway.failures["create"] = [GatewayError(Reason.UNREACHABLE, "no")]
    writer = await read_writer(gateway)
    assert (await writer.write(Create(RULE, OURS))).error is not None
    assert (await writer.write(Create(RULE, OURS))).error is None
    assert (await writer.write(Update(default_rule(), "", ()))).error is None
    assert [writer.state.doubt(("rule", name)) for name in ("backend", "Default")] == [DOUBT_SECONDS, 0]


def test_writes_pass_through_the_bucket() -> None:
    """Actions that write nothing do not."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        bucket = TokenBucket(rate=2, burst=1, clock=loop.time)
        writer = Writer(InMemoryGateway(), loop.time, bucket)
        times = []
        for action in (Create(RULE, {}), Keep(RULE), Keep(RULE), Delete(RULE, ARN), Update(default_rule(), ARN, ())):
            await writer.write(action)
            times.append(loop.time())
        assert times == [0, 0, 0, 0.5, 1.0]

    in_virtual_time(scenario)
