"""The work queue: each key at most once at a time, none lost, and the earliest time counts."""

import asyncio

from tests.operator.virtual_time import in_virtual_time
from xray_operator.controller.work_queue import WorkQueue


async def test_keys_are_returned_in_the_order_of_their_addition() -> None:
    """First in, first out."""
    queue: WorkQueue[str] = WorkQueue()
    for key in ("b", "a", "c"):
        queue.add(key)
    assert [await queue.get() for _ in range(3)] == ["b", "a", "c"]


async def test_waiting_key_is_queued_once() -> None:
    """A second add changes nothing."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 1
    await queue.get()
    queue.done("a")
    assert (len(queue), queue.is_idle) == (0, True)


async def test_key_in_work_is_queued_again_when_it_is_done() -> None:
    """No second worker gets it in the meantime, and it is not lost."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("a")
    assert (len(queue), queue.is_idle) == (0, False)
    queue.done("a")
    assert len(queue) == 1
    assert await queue.get() == "a"


async def test_add_wakes_one_waiting_worker() -> None:
    """The other one waits until the queue is closed."""
    queue: WorkQueue[str] = WorkQueue()
    waiting = [asyncio.create_task(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.add("a")
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == ["a"]
    assert len(pending) == 1
    queue.close()
    assert await pending.pop() is None


async def test_closed_queue_returns_no_key() -> None:
    """Not even a waiting one."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.close()
    assert await queue.get() is None


def test_delayed_key_is_returned_at_its_time() -> None:
    """Until then the queue is idle."""

    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", 5)
        assert queue.is_idle
        assert await queue.get() == "a"
        assert asyncio.get_running_loop().time() == 5

    in_virtual_time(scenario)


def test_earlier_of_two_times_counts() -> None:
    """In either order of their additions; the key is returned once."""

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


def test_add_replaces_a_delayed_key() -> None:
    """Forget and close remove delayed keys as well."""

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


def test_negative_delay_is_none() -> None:
    """The key is returned at once."""

    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", -3)
        assert await queue.get() == "a"
        assert asyncio.get_running_loop().time() == 0

    in_virtual_time(scenario)
