"""Bursts: what comes after a pause goes at once, under load several go together, and none waits for long."""

import threading
from collections.abc import Iterator

import pytest

from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.datagrams import bursts as module
from cruddur_tracing.wires.datagrams.bursts import BURST, BURST_BYTES, HOLD_SECONDS, Bursts
from cruddur_tracing.wires.datagrams.sender import DatagramSender
from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.datagrams.conftest import UdpAgent, document


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
    """What has been sent."""
    return []


@pytest.fixture
def bursts(sent: list[bytes], clock: Clock) -> Iterator[Bursts]:
    """Bursts that send there."""
    made = Bursts(sent.append, clock)
    yield made
    made.stop()


def test_a_datagram_after_a_pause_is_sent_at_once(bursts: Bursts, sent: list[bytes], clock: Clock) -> None:
    """Whatever the next one does; no thread is needed for it."""
    bursts.add(b"1")
    clock.now += HOLD_SECONDS
    bursts.add(b"2")
    assert sent == [b"1", b"2"]
    assert not bursts._thread.is_alive


def test_under_load_a_burst_is_sent_when_it_is_full(bursts: Bursts, sent: list[bytes]) -> None:
    """In the order in which its datagrams came."""
    datagrams = [b"%d" % number for number in range(1 + BURST)]
    for datagram in datagrams[:-1]:
        bursts.add(datagram)
    assert sent == datagrams[:1]
    bursts.add(datagrams[-1])
    assert sent == datagrams


def test_large_datagrams_make_a_smaller_burst(bursts: Bursts, sent: list[bytes]) -> None:
    """An agent's buffer has room for a number of bytes."""
    large = b"x" * (BURST_BYTES // 2)
    for _ in range(3):
        bursts.add(large)
    assert len(sent) == 3
    bursts.add(large)
    assert len(sent) == 3


def test_the_first_datagram_after_the_time_takes_along_what_is_held(
    bursts: Bursts, sent: list[bytes], clock: Clock
) -> None:
    """Also if the thread comes late."""
    bursts.add(b"1")
    bursts.add(b"2")
    clock.now += HOLD_SECONDS
    bursts.add(b"3")
    assert sorted(sent) == [b"1", b"2", b"3"]


def test_what_is_held_is_sent_without_another_datagram(
    agent: UdpAgent, failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a thread, which rests afterwards and is woken again."""
    monkeypatch.setattr(module, "QUIET_ROUNDS", 1)
    sender = DatagramSender(agent.address(), failures)
    for number in (1, 2):
        sender.send(document(number))
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1} and sender._bursts._resting)
    for number in (3, 4):
        sender.send(document(number))
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1, 3: 1, 4: 1})
    assert sum(thread.name == "xray-bursts" for thread in threading.enumerate()) == 1
    sender.shutdown(1)
    wait_until(lambda: all(thread.name != "xray-bursts" for thread in threading.enumerate()))


def test_a_flush_and_the_end_send_what_is_held(agent: UdpAgent, failures: Failures) -> None:
    """And after the end nothing is held back, but counted as lost."""
    sender = DatagramSender(agent.address(), failures, clock=Clock())
    for number in (1, 2):
        sender.send(document(number))
    assert sender.flush(1)
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1})
    sender.send(document(3))
    sender.shutdown(1)
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1, 3: 1})
    sender.send(document(4))
    assert failures.counts == {"segment.lost": 1}


def test_without_another_thread_nothing_is_held(
    bursts: Bursts, sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of a process no thread can be started."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for number in range(3):
        bursts.add(b"%d" % number)
    assert sent == [b"0", b"1", b"2"]


def test_threads_send_each_datagram_once(sent: list[bytes]) -> None:
    """Each of them may send what the others hold back."""
    clock = Clock()
    bursts = Bursts(sent.append, clock)

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
