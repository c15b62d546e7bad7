"""The work queue: each key at most once at a time, none lost, and the earliest time counts."""

import asyncio

from tests.operator.virtual_time import in_virtual_time
from xray_operator.controller.work_queue import WorkQueue


async def test_keys_come_in_the_order_in_which_they_were_added() -> None:
    """First in, first out."""
    queue: WorkQueue[str] = WorkQueue()
    for key in ("b", "a", "c"):
        queue.add(key)
    assert [await queue.get() for _ in range(3)] == ["b", "a", "c"]


async def test_a_key_that_waits_is_there_once() -> None:
    """The second add says nothing new."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 1
    await queue.get()
    queue.done("a")
    assert (len(queue), queue.is_idle) == (0, True)


async def test_a_key_that_is_worked_on_comes_again_when_it_is_done() -> None:
    """It is not given to a second worker meanwhile, and not lost."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("a")
    assert (len(queue), queue.is_idle) == (0, False)
    queue.done("a")
    assert len(queue) == 1
    assert await queue.get() == "a"


async def test_whoever_waits_is_woken_by_an_add() -> None:
    """One key wakes one of two; the other waits on."""
    queue: WorkQueue[str] = WorkQueue()
    waiting = [asyncio.create_task(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.add("a")
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [one.result() for one in done] == ["a"]
    assert len(pending) == 1
    queue.close()
    assert await pending.pop() is None


async def test_a_closed_queue_gives_nothing_out() -> None:
    """Not even what waits in it."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.close()
    assert await queue.get() is None


def test_a_key_for_later_comes_at_its_time() -> None:
    """It does not count as work until then."""

    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", 5)
        assert queue.is_idle
        assert await queue.get() == "a"
        assert asyncio.get_running_loop().time() == 5

    in_virtual_time(scenario)


def test_of_two_times_the_earlier_counts() -> None:
    """Whichever was asked for first; the key comes once."""

    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue()
        for key, seconds in (("a", 5), ("a", 9), ("b", 9), ("b", 7)):
            queue.add_after(key, seconds)
        times = [(await queue.get(), asyncio.get_running_loop().time()) for _ in range(2)]
        assert times == [("a", 5), ("b", 7)]
        queue.done("a")
        queue.done("b")
        await asyncio.sleep(10)
        assert queue.is_idle

    in_virtual_time(scenario)


def test_what_is_added_now_is_not_added_again_later() -> None:
    """Nor what was forgotten, nor anything after the end."""

    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue()
        for key in ("now", "forgotten"):
            queue.add_after(key, 5)
        queue.add("now")
        queue.forget("forgotten")
        queue.forget("never known")
        assert await queue.get() == "now"
        queue.done("now")
        await asyncio.sleep(10)
        assert queue.is_idle
        queue.add_after("late", 5)
        queue.close()
        await asyncio.sleep(10)
        assert queue.is_idle

    in_virtual_time(scenario)


def test_a_time_that_has_passed_is_now() -> None:
    """A negative number of seconds waits for nothing."""

    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", -3)
        assert await queue.get() == "a"
        assert asyncio.get_running_loop().time() == 0

    in_virtual_time(scenario)
