"""The cached state of AWS: shared reads, failed reads, and tags."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes import InMemoryGateway, SlowGateway
from xray_model import SamplingRule
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG, Statistics, Target
from xray_operator.aws.reader import AwsReader
from xray_operator.aws.state import AwsState
from xray_operator.reasons import Reason

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
ARN = "arn:aws:xray:us-east-1:000000000000:rule/backend"
OURS = {OWNER_TAG: "local/default/backend"}
UNREACHABLE = GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray")
READ = ["rules", "groups", "statistics"]


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


def unread_state(gateway: InMemoryGateway, clock: Clock | None = None) -> AwsState:
    """Return a state that is read each 60 s and whose back-off is its bound."""
    reader = AwsReader(gateway, ThreadPoolExecutor(4))
    return AwsState(reader, interval=60, clock=clock or Clock(), draw=lambda: 1.0)


async def read_state(gateway: InMemoryGateway) -> AwsState:
    """Return a state that has been read."""
    state = unread_state(gateway)
    await state.refresh()
    gateway.calls.clear()
    return state


def find(state: AwsState, target: Target = ("rule", "backend")) -> object:
    """Return the cached value of an object."""
    found = state.observed.find(target)
    return found.value if found else None


async def test_one_read_answers_for_all_objects() -> None:
    """Rules, groups and statistics, one call each."""
    gateway, clock = InMemoryGateway(), Clock()
    gateway.create(RULE, OURS)
    gateway.statistics_by_rule["backend"] = Statistics(10, 5, 1)
    gateway.calls.clear()
    state = unread_state(gateway, clock)
    assert (state.age, state.error, state.observed.objects) == (None, None, ())
    clock.seconds = 5
    await state.refresh()
    clock.seconds = 12
    assert gateway.calls == READ
    assert (find(state), state.statistics, state.age) == (RULE, {"backend": Statistics(10, 5, 1)}, 7)
    assert (state.observed.used("rule"), state.observed.used("group")) == (1, 0)


async def test_refreshes_during_a_read_share_the_next_read() -> None:
    """The current read began before they were requested; one more answers all five."""
    gateway = SlowGateway()
    state = unread_state(gateway)
    first = asyncio.create_task(state.refresh())
    await asyncio.to_thread(gateway.reading.wait)
    others = [asyncio.create_task(state.refresh()) for _ in range(5)]
    await asyncio.sleep(0)
    gateway.proceed.set()
    await asyncio.gather(first, *others)
    assert gateway.calls == READ * 2


async def test_settle_waits_for_the_first_read() -> None:
    """Eight workers that start with the timer make no read of their own."""
    gateway = SlowGateway()
    state = unread_state(gateway)
    first = asyncio.create_task(state.refresh())
    await asyncio.to_thread(gateway.reading.wait)
    others = [asyncio.create_task(state.settle()) for _ in range(8)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in others)
    gateway.proceed.set()
    await asyncio.gather(first, *others)
    assert gateway.calls == READ
    await state.settle()
    assert gateway.calls == READ


async def test_failed_read_keeps_the_objects_and_backs_off() -> None:
    """The error is known at once; the next read is after 1 s, then 2 s, and a successful read ends the back-off."""
    gateway, clock = InMemoryGateway(), Clock()
    gateway.create(RULE, OURS)
    state = unread_state(gateway, clock)
    await state.refresh()
    gateway.failures["groups"] = [UNREACHABLE, UNREACHABLE]
    gateway.calls.clear()
    await state.refresh()
    assert (state.error, find(state), state.retry_in, state.is_stale) == (UNREACHABLE, RULE, 1, True)
    clock.seconds = 0.9
    await state.refresh()
    await state.settle()
    assert gateway.calls == ["rules", "groups"]
    clock.seconds = 1
    await state.refresh()
    assert (state.error, state.retry_in) == (UNREACHABLE, 2)
    clock.seconds = 3
    await state.settle()
    assert (state.error, state.retry_in, state.is_stale, state.age) == (None, 0, False, 0)
    assert gateway.calls == ["rules", "groups", "rules", "groups", *READ]


async def test_unexpected_exception_is_a_failed_read() -> None:
    """The timer that reads must not end."""
    gateway = InMemoryGateway()
    state = unread_state(gateway)
    gateway.failures["groups"] = [FileNotFoundError("token")]
    await state.refresh()
    assert state.error is not None
    assert (state.error.reason, state.error.message) == (
        Reason.INTERNAL_ERROR,
        "cannot read AWS: unexpected FileNotFoundError",
    )
    assert state.retry_in > 0


async def test_failed_list_is_not_a_shorter_list() -> None:
    """Without a successful read no object is known."""
    gateway = InMemoryGateway()
    gateway.failures["rules"] = [UNREACHABLE]
    state = unread_state(gateway)
    await state.refresh()
    assert (state.observed.objects, state.read_at, state.error) == ((), None, UNREACHABLE)


async def test_denied_statistics_do_not_fail_a_read() -> None:
    """The statistics of the previous read stay."""
    gateway = InMemoryGateway()
    gateway.statistics_by_rule["backend"] = Statistics(10, 5, 1)
    state = await read_state(gateway)
    gateway.failures["statistics"] = [GatewayError(Reason.DENIED, "no")]
    await state.refresh()
    assert (state.error, state.statistics) == (None, {"backend": Statistics(10, 5, 1)})


async def test_tags_are_read_once_on_request_and_at_every_tenth_read() -> None:
    """Another client may have changed them."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    state = await read_state(gateway)
    found = state.observed.find(("rule", "backend"))
    assert found is not None
    await state.load_tags(found)
    await state.load_tags(found)
    assert gateway.calls == ["tags"]
    assert state.observed.owner(found) == "local/default/backend"
    gateway.tags_by_arn[ARN] = {}
    for _ in range(8):
        await state.refresh()
        await state.load_tags(found)
    assert gateway.calls.count("tags") == 1
    await state.refresh()
    await state.load_tags(found)
    assert gateway.calls.count("tags") == 2
    assert state.observed.owner(found) is None
    await state.load_tags(found, again=True)
    assert gateway.calls.count("tags") == 3


async def test_tags_of_default_or_missing_objects_are_not_read() -> None:
    """They cannot have ours."""
    gateway = InMemoryGateway()
    state = await read_state(gateway)
    for found in (*state.observed.objects, None):
        await state.load_tags(found)
    assert gateway.calls == []


@pytest.mark.parametrize(("reason", "stale"), [(Reason.NOT_FOUND, True), (Reason.DENIED, False)])
async def test_unreadable_tags_are_not_empty_tags(reason: Reason, stale: bool) -> None:
    """If the object no longer exists, the state is stale."""
    gateway = InMemoryGateway()
    gateway.create(RULE, OURS)
    state = await read_state(gateway)
    gateway.failures["tags"] = [GatewayError(reason, "no")]
    with pytest.raises(GatewayError):
        await state.load_tags(state.observed.find(("rule", "backend")))
    assert (state.is_stale, state.observed.tags) == (stale, {})
