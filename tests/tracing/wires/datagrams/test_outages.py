"""An agent that goes away and comes back loses nothing on the loopback interface, and gets nothing twice."""

import socket
import sys
import threading
import time
from collections import Counter

import pytest

from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Address, Agent
from cruddur_tracing.wires.datagrams.contact import Contact
from cruddur_tracing.wires.datagrams.sender import DatagramSender
from cruddur_tracing.wires.datagrams.udp import connect
from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.datagrams.conftest import UdpAgent, document, other_host

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what was refused")


@pytest.mark.parametrize("threads", [1, 4])
def test_everything_arrives_once_after_an_outage(
    sender: DatagramSender, agent: UdpAgent, failures: Failures, threads: int
) -> None:
    """From one thread or several, the ones that were refused as well as those that came meanwhile."""
    stop = threading.Event()
    sent = Counter[int]()

    def send(thread: int) -> None:
        while not stop.wait(0.001):
            sender.send(document(1_000_000 * thread + sent[thread], 1500))
            sent[thread] += 1

    senders = [threading.Thread(target=send, args=(index,)) for index in range(threads)]
    for thread in senders:
        thread.start()
    try:
        for outages in (1, 2):
            arrived = len(agent.received)
            wait_until(lambda: len(agent.received) > arrived + 20)  # noqa: B023 - it is called in this round
            agent.close()
            wait_until(lambda: failures.counts.get("agent.unreachable", 0) >= outages)  # noqa: B023
            agent.open()
    finally:
        stop.set()
        for thread in senders:
            thread.join()
    wait_until(lambda: len(agent.numbers()) == sent.total())
    assert set(agent.numbers().values()) == {1}
    assert failures.counts.keys() == {"agent.unreachable"}


def test_the_last_document_before_a_silence_is_not_forgotten(
    agent: UdpAgent, failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    """It was refused, and no other follows that would notice: the next port, or the end of the process, does."""
    now = [0.0]
    sender = DatagramSender(agent.address(), failures, clock=lambda: now[0])
    agent.close()
    sender.send(document(1))
    agent.open()
    now[0] = 60.0
    sender.send(document(2))
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1})
    agent.close()
    sender.send(document(3))
    agent.open()
    sender.shutdown(2)
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1, 3: 1})
    assert failures.counts == {}


def test_an_outage_is_logged_and_what_does_not_fit_is_counted(
    agent: UdpAgent, failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    """What arrived and what was counted is what was made."""
    sender = DatagramSender(agent.address(), failures, ring_bytes=50_000)
    agent.close()
    for number in range(500):
        sender.send(document(number, 1000))
    agent.open()
    wait_until(lambda: 499 in agent.numbers() and len(sender._ring) == 0)
    wait_until(lambda: len(agent.numbers()) + failures.counts["segment.lost"] == 500)
    assert set(agent.numbers().values()) == {1}
    assert 450 < failures.counts["segment.lost"] < 500
    assert caplog.messages[0].startswith(f"agent.unreachable: {agent.address()}: Connection refused: ")
    sender.shutdown(0)


def test_the_end_of_the_process_waits_for_the_agent(agent: UdpAgent, failures: Failures) -> None:
    """It may be about to start again."""
    sender = DatagramSender(agent.address(), failures)
    agent.close()
    for number in range(100):
        sender.send(document(number))
    back = threading.Timer(0.3, agent.open)
    back.start()
    sender.shutdown(5)
    back.join()
    wait_until(lambda: agent.numbers() == dict.fromkeys(range(100), 1))
    assert failures.counts == {"agent.unreachable": 1}


def test_the_end_of_the_process_counts_what_is_left(
    agent: UdpAgent, failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    """Within its deadline, and says so in one line."""
    sender = DatagramSender(agent.address(), failures)
    agent.close()
    for number in range(100):
        sender.send(document(number))
    started = time.monotonic()
    sender.shutdown(0.5)
    assert time.monotonic() - started < 4
    assert failures.counts == {"agent.unreachable": 1, "segment.lost": 100}
    reason = "unreachable until the process ended (100 since the last such line, 100 in all)"
    lost = [message for message in caplog.messages if message.startswith("segment.lost")]
    assert lost == [f"segment.lost: {agent.address()}: {reason}"]


def test_a_flush_says_whether_all_was_sent(sender: DatagramSender, agent: UdpAgent) -> None:
    """And sends what it can."""
    assert sender.flush(0)
    agent.close()
    for number in range(200):
        sender.send(document(number))
    assert not sender.flush(0.2)
    agent.open()
    assert sender.flush(10)
    wait_until(lambda: agent.numbers() == dict.fromkeys(range(200), 1))


def test_the_thread_ends_with_what_waits(sender: DatagramSender, agent: UdpAgent) -> None:
    """A process whose agent is reachable has no thread for it."""

    def running() -> bool:
        return any(thread.name == "xray-segments" for thread in threading.enumerate())

    agent.close()
    sender.send(document(1))
    sender.send(document(2))
    sender.flush(0)
    assert running()
    agent.open()
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1} and not running())


def test_a_silent_agent_is_noticed_by_its_tcp_port(failures: Failures) -> None:
    """On another host; documents wait until it answers again, and those sent since it last answered are counted."""
    host = other_host()
    if host is None:
        pytest.skip("no network")
    agent = UdpAgent(host)
    with socket.create_server((host, agent.port)) as tcp:
        sender = DatagramSender(agent.address(), failures)
        sender.agent_answers(False)
        sender.send(document(1))
        wait_until(lambda: agent.numbers() == {1: 1})  # the port has never answered, so it says nothing
        sender.agent_answers(True)
        tcp.close()
        sender.send(document(2))
        wait_until(lambda: agent.numbers() == {1: 1, 2: 1})
        sender.agent_answers(False)
        sender.agent_answers(False)
        sender.send(document(3))
        time.sleep(0.3)
        assert agent.numbers() == {1: 1, 2: 1}
    with socket.create_server((host, agent.port)):
        sender.agent_answers(True)
        wait_until(lambda: agent.numbers() == {1: 1, 2: 1, 3: 1})
    assert failures.counts == {"agent.unreachable": 1, "segment.unconfirmed": 1}
    sender.shutdown(0)
    agent.close()


def test_a_tcp_port_says_nothing_on_the_loopback_interface(
    sender: DatagramSender, agent: UdpAgent, failures: Failures
) -> None:
    """UDP itself does."""
    sender.agent_answers(True)
    sender.agent_answers(False)
    sender.send(document(1))
    wait_until(lambda: agent.numbers() == {1: 1})
    assert failures.counts == {}


def test_a_tcp_port_counts_for_a_time_and_on_the_same_host_only() -> None:
    """A firewall may be in the way of TCP alone."""
    now = [0.0]
    udp = Address("10.0.0.1", 2000)
    same, other = (Contact(Agent(udp, tcp), connect, lambda: now[0]) for tcp in (udp, Address("b", 2000)))
    assert not same.tcp_counts("10.0.0.1")
    same.tcp_answers()
    other.tcp_answers()
    assert (same.tcp_counts("10.0.0.1"), other.tcp_counts("10.0.0.1")) == (True, False)
    now[0] = 300.0
    assert not same.tcp_counts("10.0.0.1")


def test_an_agent_without_a_route_is_not_reached(failures: Failures) -> None:
    """What connect refuses is an agent that is unreachable; nothing is lost until the end."""
    sender = DatagramSender(Agent.at("255.255.255.255", 2000), failures)
    sender.send(document(1))
    assert not sender.flush(0.1)
    sender.shutdown(0)
    assert failures.counts == Counter({"segment.lost": 1})
