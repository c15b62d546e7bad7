"""Bursts: what comes after a pause goes at once, under load several go together, and none waits for long."""

import threading
from collections.abc import Iterator

import pytest

from cruddur_tracing.resilience.bursts import HOLD_SECONDS, Bursts

ITEMS, SIZE = 32, 1_000


class Clock:
    """A clock that the test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def sent() -> list[bytes]:
    """What has been handled."""
    return []


@pytest.fixture
def bursts(sent: list[bytes], clock: Clock) -> Iterator[Bursts[bytes]]:
    """Bursts that lead there."""
    made = Bursts(sent.append, clock, "bursts", items=ITEMS, size=SIZE)
    yield made
    made.stop()


def test_an_item_after_a_pause_is_handled_at_once(bursts: Bursts[bytes], sent: list[bytes], clock: Clock) -> None:
    """Whatever the next one does; no thread is needed for it."""
    bursts.add(b"1")
    clock.now += HOLD_SECONDS
    bursts.add(b"2")
    assert sent == [b"1", b"2"]
    assert not bursts._thread.is_alive


def test_under_load_a_burst_is_handled_when_it_is_full(bursts: Bursts[bytes], sent: list[bytes]) -> None:
    """In the order in which its items came."""
    datagrams = [b"%d" % number for number in range(1 + ITEMS)]
    for datagram in datagrams[:-1]:
        bursts.add(datagram)
    assert sent == datagrams[:1]
    bursts.add(datagrams[-1])
    assert sent == datagrams


def test_large_items_make_a_smaller_burst(bursts: Bursts[bytes], sent: list[bytes]) -> None:
    """An agent's buffer has room for a number of bytes."""
    large = b"x" * (SIZE // 2)
    for _ in range(3):
        bursts.add(large, len(large))
    assert len(sent) == 3
    bursts.add(large, len(large))
    assert len(sent) == 3


def test_the_first_item_after_the_time_takes_along_what_is_held(
    bursts: Bursts[bytes], sent: list[bytes], clock: Clock
) -> None:
    """Also if the thread comes late."""
    bursts.add(b"1")
    bursts.add(b"2")
    clock.now += HOLD_SECONDS
    bursts.add(b"3")
    assert sorted(sent) == [b"1", b"2", b"3"]


def test_a_burst_that_has_just_begun_may_be_left(bursts: Bursts[bytes], sent: list[bytes], clock: Clock) -> None:
    """It will soon be full."""
    bursts.add(b"1")
    bursts.add(b"2")
    clock.now += 0.01
    bursts.handle_held(0.02)
    assert sent == [b"1"]
    clock.now += 0.01
    bursts.handle_held(0.02)
    assert sent == [b"1", b"2"]


def test_without_another_thread_nothing_is_held(
    bursts: Bursts[bytes], sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of a process no thread can be started."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for number in range(3):
        bursts.add(b"%d" % number)
    assert sent == [b"0", b"1", b"2"]


def test_threads_handle_each_item_once(sent: list[bytes]) -> None:
    """Each of them may handle what the others hold back."""
    clock = Clock()
    bursts = Bursts(sent.append, clock, "bursts", items=ITEMS)

    def add(first: int) -> None:
        for number in range(first, first + 5_000):
            bursts.add(b"%d" % number)

    threads = [threading.Thread(target=add, args=(5_000 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bursts.stop()
    assert sorted(map(int, sent)) == list(range(20_000))


def test_a_forked_child_starts_empty(bursts: Bursts[bytes], sent: list[bytes]) -> None:
    """The parent handles what it has held back."""
    bursts.add(b"1")
    bursts.add(b"2")
    bursts.restart()
    bursts.add(b"3")
    bursts.handle_held()
    assert sent == [b"1", b"3"]
