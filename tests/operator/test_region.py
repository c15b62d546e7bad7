"""AWS as last read: who shares a read, what follows a failed one, and what our own writes change of it."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.fakes import InMemoryGateway
from tests.operator.kubernetes import in_virtual_time
from xray_model import Group, SamplingRule, default_rule
from xray_operator.errors import GatewayError, Reason
from xray_operator.pace import TokenBucket
from xray_operator.plan import Action, Adopt, Create, Delete, Keep, Release, Replace, Restore, Update
from xray_operator.ports import OWNER_TAG, Held, Statistics, Target
from xray_operator.region import Region

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


def region_of(gateway: InMemoryGateway, clock: Clock | None = None, *, write_rate: float = 1000) -> Region:
    """Give a region read each 60 s whose back-off is its bound."""
    clock = clock or Clock()
    bucket = TokenBucket(rate=write_rate, burst=10, clock=clock)
    return Region(gateway, interval=60, bucket=bucket, clock=clock, draw=lambda: 1.0)


async def read(gateway: InMemoryGateway) -> Region:
    """Give a region that has been read."""
    region = region_of(gateway)
    await region.refresh()
    gateway.calls.clear()
    return region


def find(region: Region, target: Target = ("rule", "backend")) -> object:
    """Give the value that the region knows."""
    held = region.observed.find(target)
    return held.value if held else None


async def test_a_read_answers_for_all_objects() -> None:
    """Rules, groups and statistics, one call each."""
    gateway, clock = InMemoryGateway(), Clock()
    gateway.create(RULE, OURS)
    gateway.reported["backend"] = Statistics(10, 5, 1)
    gateway.calls.clear()
    region = region_of(gateway, clock)
    assert (region.age, region.error, region.observed.held) == (None, None, ())
    clock.seconds = 5
    await region.refresh()
    clock.seconds = 12
    assert gateway.calls == READ
    assert (find(region), region.statistics, region.age) == (RULE, {"backend": Statistics(10, 5, 1)}, 7)
    assert (region.observed.used("rule"), region.observed.used("group")) == (1, 0)
    region.close()


async def test_callers_during_a_read_share_the_next_one() -> None:
    """The running read began before they asked, so it is not theirs; one more answers all five."""
    gateway = SlowGateway()
    region = region_of(gateway)
    first = asyncio.create_task(region.refresh())
    await asyncio.to_thread(gateway.inside.wait)
    others = [asyncio.create_task(region.refresh()) for _ in range(5)]
    await asyncio.sleep(0)
    gateway.go_on.set()
    await asyncio.gather(first, *others)
    assert gateway.calls == READ * 2


async def test_a_read_under_way_does_not_take_back_what_is_written_meanwhile() -> None:
    """It had listed the rules before."""
    old, gateway = replace(RULE, rule_name="old"), SlowGateway()
    gateway.create(old, OURS)
    region = region_of(gateway)
    reading = asyncio.create_task(region.refresh())
    await asyncio.to_thread(gateway.inside.wait)
    await region.carry_out(Create(RULE, OURS))
    await region.carry_out(Delete(old, "arn:aws:xray:us-east-1:000000000000:rule/old"))
    gateway.go_on.set()
    await reading
    assert (find(region), find(region, ("rule", "old"))) == (RULE, None)
    region.close()


async def test_who_only_needs_a_read_waits_for_the_first() -> None:
    """Eight workers that start with the timer make no read of their own."""
    gateway = SlowGateway()
    region = region_of(gateway)
    first = asyncio.create_task(region.refresh())
    await asyncio.to_thread(gateway.inside.wait)
    others = [asyncio.create_task(region.settle()) for _ in range(8)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in others)
    gateway.go_on.set()
    await asyncio.gather(first, *others)
    assert gateway.calls == READ
    await region.settle()
    assert gateway.calls == READ


async def test_a_failed_read_keeps_what_was_known_and_backs_off() -> None:
    """The error is there at once; nothing is asked before 1 s, then 2 s, have passed, and a good read ends it."""
    gateway, clock = InMemoryGateway(), Clock()
    gateway.create(RULE, OURS)
    region = region_of(gateway, clock)
    await region.refresh()
    gateway.failures["groups"] = [UNREACHABLE, UNREACHABLE]
    gateway.calls.clear()
    await region.refresh()
    assert (region.error, find(region), region.retry_in, region.is_stale) == (UNREACHABLE, RULE, 1, True)
    clock.seconds = 0.9
    await region.refresh()
    await region.settle()
    assert gateway.calls == ["rules", "groups"]
    clock.seconds = 1
    await region.refresh()
    assert (region.error, region.retry_in) == (UNREACHABLE, 2)
    clock.seconds = 3
    await region.settle()
    assert (region.error, region.retry_in, region.is_stale, region.age) == (None, 0, False, 0)
    assert gateway.calls == ["rules", "groups", "rules", "groups", *READ]


async def test_a_list_that_fails_is_never_a_shorter_one() -> None:
    """Without a read nothing is known."""
    gateway = InMemoryGateway()
    gateway.failures["rules"] = [UNREACHABLE]
    region = region_of(gateway)
    await region.refresh()
    assert (region.observed.held, region.read_at, region.error) == ((), None, UNREACHABLE)


async def test_statistics_that_are_denied_stop_nothing() -> None:
    """Those of the last read stay."""
    gateway = InMemoryGateway()
    gateway.reported["backend"] = Statistics(10, 5, 1)
    region = await read(gateway)
    gateway.failures["statistics"] = [GatewayError(Reason.DENIED, "no")]
    await region.refresh()
    assert (region.error, region.statistics) == (None, {"backend": Statistics(10, 5, 1)})


async def test_tags_are_read_once_and_again_when_asked_or_every_tenth_read() -> None:
    """Somebody may have changed them."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    region = await read(gateway)
    held = region.observed.find(("rule", "backend"))
    assert held is not None
    await region.load_tags(held)
    await region.load_tags(held)
    assert gateway.calls == ["tags"]
    assert region.observed.owner(held) == "local/default/backend"
    gateway.tagged[ARN] = {}
    for _ in range(8):
        await region.refresh()
        await region.load_tags(held)
    assert gateway.calls.count("tags") == 1
    await region.refresh()
    await region.load_tags(held)
    assert gateway.calls.count("tags") == 2
    assert region.observed.owner(held) is None
    await region.load_tags(held, again=True)
    assert gateway.calls.count("tags") == 3


async def test_nobody_asks_for_tags_of_what_cannot_have_ours() -> None:
    """The Default rule and group, and what is not there."""
    gateway = InMemoryGateway()
    region = await read(gateway)
    for held in (*region.observed.held, None):
        await region.load_tags(held)
    assert gateway.calls == []


@pytest.mark.parametrize(("reason", "stale"), [(Reason.NOT_FOUND, True), (Reason.DENIED, False)])
async def test_tags_that_cannot_be_read_are_no_empty_tags(reason: Reason, stale: bool) -> None:
    """An object that is not there any more makes what we know doubtful."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    region = await read(gateway)
    gateway.failures["tags"] = [GatewayError(reason, "no")]
    with pytest.raises(GatewayError):
        await region.load_tags(region.observed.find(("rule", "backend")))
    assert (region.is_stale, region.observed.tags) == (stale, {})


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
    assert (await region.carry_out(action)).error is None
    assert find(region, target) == known
    seen, changes = region.observed.held, region.changes
    await region.refresh()
    assert sorted(seen, key=lambda one: one.arn) == sorted(region.observed.held, key=lambda one: one.arn)
    assert region.changes == changes


async def test_our_tags_are_known_without_a_read() -> None:
    """Adopt puts them to the others, Release takes ours off, Delete forgets all."""
    gateway = InMemoryGateway()
    gateway.create(RULE, {"team": "a"})
    region = await read(gateway)
    held = Held(RULE, ARN)
    await region.load_tags(held)
    await region.carry_out(Adopt(RULE, ARN, OURS))
    assert region.observed.tags == {ARN: {"team": "a", **OURS}}
    await region.carry_out(Release(RULE, ARN))
    assert region.observed.tags == {ARN: {"team": "a"}}
    await region.carry_out(Delete(RULE, ARN))
    assert region.observed.tags == {}


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
    outcome = await region.carry_out(action)
    assert outcome.error is not None
    assert (region.is_stale, region.changes) == (stale, 1)
    gateway.calls.clear()
    await region.settle()
    assert gateway.calls == (READ if stale else [])


async def test_warnings_are_brought_up_to_date_with_the_rules() -> None:
    """Also by our own writes."""
    region = await read(InMemoryGateway())
    await region.carry_out(Create(RULE, {}))
    await region.carry_out(Create(replace(RULE, rule_name="later"), {}))
    shadowed = "never wins: 'backend' comes first and matches all that it does"
    assert region.warnings["later"] == [shadowed, "has priority 100 like 'backend'; the names decide their order"]


def test_writes_pass_through_the_bucket() -> None:
    """What writes nothing does not."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        bucket = TokenBucket(rate=2, burst=1, clock=loop.time)
        region = Region(InMemoryGateway(), interval=60, bucket=bucket, clock=loop.time)
        times = []
        for action in (Create(RULE, {}), Keep(RULE), Keep(RULE), Delete(RULE, ARN), Update(default_rule(), ARN, ())):
            await region.carry_out(action)
            times.append(loop.time())
        assert times == [0, 0, 0, 0.5, 1.0]

    in_virtual_time(scenario)
