"""Datagrams that are held back are sent all the same: by a thread, by a flush, and at the end."""

import threading

import pytest

from cruddur_tracing.resilience import bursts as module
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.datagrams.sender import DatagramSender
from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.datagrams.conftest import UdpAgent, document


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
    sender = DatagramSender(agent.address(), failures, clock=lambda: 1_000.0)
    for number in (1, 2):
        sender.send(document(number))
    assert sender.flush(1)
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1})
    sender.send(document(3))
    sender.shutdown(1)
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1, 3: 1})
    sender.send(document(4))
    assert failures.counts == {"segment.lost": 1}
