"""The cached state of AWS: shared reads, failed reads, and our own writes."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.fakes import InMemoryGateway
from tests.operator.virtual_time import in_virtual_time
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG, AwsObject, Statistics, Target
from xray_operator.aws.rate_limit import TokenBucket
from xray_operator.aws.reader import AwsReader
from xray_operator.aws.state import AwsState
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
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")
READ = ["rules", "groups", "statistics"]


class SlowGateway(InMemoryGateway):
    """Ends a read when `go_on` is set; `inside` tells that one has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = threading.Event()
        self.go_on = threading.Event()

    def statistics(self) -> Mapping[str, Statistics]:
        """Wait for the test."""
        self.inside.set()
        assert self.go_on.wait(10)
        return super().statistics()


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Give them."""
        return self.seconds


class Region:
    """The state of a region that is read each 60 s and whose back-off is its bound, and its writer."""

    def __init__(
        self, gateway: InMemoryGateway, clock: Callable[[], float] | None = None, bucket: TokenBucket | None = None
    ) -> None:
        clock = clock or Clock()
        pool = ThreadPoolExecutor(4)
        self.state = AwsState(AwsReader(gateway, pool), interval=60, clock=clock, draw=lambda: 1.0)
        self._writer = AwsWriter(gateway, self.state, bucket or TokenBucket(rate=1000, burst=10, clock=clock), pool)

    async def write(self, action: Action) -> Outcome:
        """Apply one action."""
        [outcome] = await self._writer.apply([action])
        return outcome


async def read(gateway: InMemoryGateway) -> Region:
    """Return a region that has been read."""
    region = Region(gateway)
    await region.state.refresh()
    gateway.calls.clear()
    return region


def find(state: AwsState, target: Target = ("rule", "backend")) -> object:
    """Return the cached value of an object."""
    found = state.observed.find(target)
    return found.value if found else None


async def test_a_read_answers_for_all_objects() -> None:
    """Rules, groups and statistics, one call each."""
    gateway, clock = InMemoryGateway(), Clock()
    gateway.create(RULE, OURS)
    gateway.reported["backend"] = Statistics(10, 5, 1)
    gateway.calls.clear()
    region = Region(gateway, clock)
    assert (region.state.age, region.state.error, region.state.observed.objects) == (None, None, ())
    clock.seconds = 5
    await region.state.refresh()
    clock.seconds = 12
    assert gateway.calls == READ
    assert (find(region.state), region.state.statistics, region.state.age) == (
        RULE,
        {"backend": Statistics(10, 5, 1)},
        7,
    )
    assert (region.state.observed.used("rule"), region.state.observed.used("group")) == (1, 0)


async def test_callers_during_a_read_share_the_next_one() -> None:
    """The running read began before they asked, so it is not theirs; one more answers all five."""
    gateway = SlowGateway()
    region = Region(gateway)
    first = asyncio.create_task(region.state.refresh())
    await asyncio.to_thread(gateway.inside.wait)
    others = [asyncio.create_task(region.state.refresh()) for _ in range(5)]
    await asyncio.sleep(0)
    gateway.go_on.set()
    await asyncio.gather(first, *others)
    assert gateway.calls == READ * 2


async def test_a_read_under_way_does_not_take_back_what_is_written_meanwhile() -> None:
    """It had listed the rules before."""
    old, gateway = replace(RULE, rule_name="old"), SlowGateway()
    gateway.create(old, OURS)
    region = Region(gateway)
    reading = asyncio.create_task(region.state.refresh())
    await asyncio.to_thread(gateway.inside.wait)
    await region.write(Create(RULE, OURS))
    await region.write(Delete(old, "arn:aws:xray:us-east-1:000000000000:rule/old"))
    gateway.go_on.set()
    await reading
    assert (find(region.state), find(region.state, ("rule", "old"))) == (RULE, None)


async def test_who_only_needs_a_read_waits_for_the_first() -> None:
    """Eight workers that start with the timer make no read of their own."""
    gateway = SlowGateway()
    region = Region(gateway)
    first = asyncio.create_task(region.state.refresh())
    await asyncio.to_thread(gateway.inside.wait)
    others = [asyncio.create_task(region.state.settle()) for _ in range(8)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in others)
    gateway.go_on.set()
    await asyncio.gather(first, *others)
    assert gateway.calls == READ
    await region.state.settle()
    assert gateway.calls == READ


async def test_a_failed_read_keeps_what_was_known_and_backs_off() -> None:
    """The error is there at once; nothing is asked before 1 s, then 2 s, have passed, and a good read ends it."""
    gateway, clock = InMemoryGateway(), Clock()
    gateway.create(RULE, OURS)
    region = Region(gateway, clock)
    await region.state.refresh()
    gateway.failures["groups"] = [UNREACHABLE, UNREACHABLE]
    gateway.calls.clear()
    await region.state.refresh()
    assert (region.state.error, find(region.state), region.state.retry_in, region.state.is_stale) == (
        UNREACHABLE,
        RULE,
        1,
        True,
    )
    clock.seconds = 0.9
    await region.state.refresh()
    await region.state.settle()
    assert gateway.calls == ["rules", "groups"]
    clock.seconds = 1
    await region.state.refresh()
    assert (region.state.error, region.state.retry_in) == (UNREACHABLE, 2)
    clock.seconds = 3
    await region.state.settle()
    assert (region.state.error, region.state.retry_in, region.state.is_stale, region.state.age) == (None, 0, False, 0)
    assert gateway.calls == ["rules", "groups", "rules", "groups", *READ]


async def test_a_list_that_fails_is_never_a_shorter_one() -> None:
    """Without a read nothing is known."""
    gateway = InMemoryGateway()
    gateway.failures["rules"] = [UNREACHABLE]
    region = Region(gateway)
    await region.state.refresh()
    assert (region.state.observed.objects, region.state.read_at, region.state.error) == ((), None, UNREACHABLE)


async def test_statistics_that_are_denied_stop_nothing() -> None:
    """Those of the last read stay."""
    gateway = InMemoryGateway()
    gateway.reported["backend"] = Statistics(10, 5, 1)
    region = await read(gateway)
    gateway.failures["statistics"] = [GatewayError(Reason.DENIED, "no")]
    await region.state.refresh()
    assert (region.state.error, region.state.statistics) == (None, {"backend": Statistics(10, 5, 1)})


async def test_tags_are_read_once_and_again_when_asked_or_every_tenth_read() -> None:
    """Somebody may have changed them."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    region = await read(gateway)
    held = region.state.observed.find(("rule", "backend"))
    assert held is not None
    await region.state.load_tags(held)
    await region.state.load_tags(held)
    assert gateway.calls == ["tags"]
    assert region.state.observed.owner(held) == "local/default/backend"
    gateway.tagged[ARN] = {}
    for _ in range(8):
        await region.state.refresh()
        await region.state.load_tags(held)
    assert gateway.calls.count("tags") == 1
    await region.state.refresh()
    await region.state.load_tags(held)
    assert gateway.calls.count("tags") == 2
    assert region.state.observed.owner(held) is None
    await region.state.load_tags(held, again=True)
    assert gateway.calls.count("tags") == 3


async def test_nobody_asks_for_tags_of_what_cannot_have_ours() -> None:
    """The Default rule and group, and what is not there."""
    gateway = InMemoryGateway()
    region = await read(gateway)
    for held in (*region.state.observed.objects, None):
        await region.state.load_tags(held)
    assert gateway.calls == []


@pytest.mark.parametrize(("reason", "stale"), [(Reason.NOT_FOUND, True), (Reason.DENIED, False)])
async def test_tags_that_cannot_be_read_are_no_empty_tags(reason: Reason, stale: bool) -> None:
    """An object that is not there any more makes what we know doubtful."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    region = await read(gateway)
    gateway.failures["tags"] = [GatewayError(reason, "no")]
    with pytest.raises(GatewayError):
        await region.state.load_tags(region.state.observed.find(("rule", "backend")))
    assert (region.state.is_stale, region.state.observed.tags) == (stale, {})


@pytest.mark.parametrize(
    ("action", "target", "known"),
    [
        (Update(replace(RULE, host="a"), ARN, ()), ("rule", "backend"), replace(RULE, host="a")),
        (Restore(replace(RULE, host="b"), ARN, ()), ("rule", "backend"), replace(RULE, host="b")),
        (Delete(RULE, ARN), ("rule", "backend"), None),
        (Create(replace(RULE, rule_name="new"), {}), ("rule", "new"), replace(RULE, rule_name="new")),
        (Replace(ERRORS, GROUP_ARN, OURS, ()), ("group", "failing"), ERRORS),
        (Update(Group(group_name="failing"), GROUP_ARN, ()), ("group", "failing"), GROUP),  # what is omitted stays
        (Keep(RULE), ("rule", "backend"), RULE),
    ],
)
async def test_what_we_wrote_is_known_without_a_read(action: Action, target: Target, known: object) -> None:
    """The next read finds the same."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    gateway.create(GROUP, {})
    region = await read(gateway)
    assert (await region.write(action)).error is None
    assert find(region.state, target) == known
    seen, changes = region.state.observed.objects, region.state.changes
    await region.state.refresh()
    assert sorted(seen, key=lambda one: one.arn) == sorted(region.state.observed.objects, key=lambda one: one.arn)
    assert region.state.changes == changes


async def test_our_tags_are_known_without_a_read() -> None:
    """Adopt puts them to the others, Release takes ours off, Delete forgets all."""
    gateway = InMemoryGateway()
    gateway.create(RULE, {"team": "a"})
    region = await read(gateway)
    held = AwsObject(RULE, ARN)
    await region.state.load_tags(held)
    await region.write(Adopt(RULE, ARN, OURS))
    assert region.state.observed.tags == {ARN: {"team": "a", **OURS}}
    await region.write(Release(RULE, ARN))
    assert region.state.observed.tags == {ARN: {"team": "a"}}
    await region.write(Delete(RULE, ARN))
    assert region.state.observed.tags == {}


@pytest.mark.parametrize(
    ("action", "reason", "stale"),
    [
        (Create(RULE, {}), Reason.UNREACHABLE, True),
        (Create(RULE, {}), Reason.ALREADY_EXISTS, True),
        (Update(RULE, ARN, ()), Reason.NOT_FOUND, True),
        (Update(RULE, ARN, ()), Reason.THROTTLED, False),
        (Update(RULE, ARN, ()), Reason.DENIED, False),
        (Replace(GROUP, GROUP_ARN, {}, ()), Reason.THROTTLED, True),  # it may be deleted and not yet made
    ],
)
async def test_after_a_failed_write_aws_is_read_again_if_it_is_in_doubt(
    action: Action, reason: Reason, stale: bool
) -> None:
    """What is known stays until then."""
    gateway = InMemoryGateway()
    region = await read(gateway)
    for call in ("create", "update"):
        gateway.failures[call] = [GatewayError(reason, "no")]
    outcome = await region.write(action)
    assert outcome.error is not None
    assert (region.state.is_stale, region.state.changes) == (stale, 1)
    gateway.calls.clear()
    await region.state.settle()
    assert gateway.calls == (READ if stale else [])


def test_writes_pass_through_the_bucket() -> None:
    """What writes nothing does not."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        bucket = TokenBucket(rate=2, burst=1, clock=loop.time)
        region = Region(InMemoryGateway(), loop.time, bucket)
        times = []
        for action in (Create(RULE, {}), Keep(RULE), Keep(RULE), Delete(RULE, ARN), Update(default_rule(), ARN, ())):
            await region.write(action)
            times.append(loop.time())
        assert times == [0, 0, 0, 0.5, 1.0]

    in_virtual_time(scenario)
