"""Documents go out by UDP: never blocking, never raising, and counted when they are lost."""

import errno
import itertools
import socket
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Agent
from cruddur_tracing.wires.datagrams import udp
from cruddur_tracing.wires.datagrams.line import PORT_SECONDS
from cruddur_tracing.wires.datagrams.sender import DOCUMENT_MAX, HEADER, DatagramSender
from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.datagrams.conftest import UdpAgent, document


def test_a_document_is_one_datagram_with_the_agents_header(sender: DatagramSender, agent: UdpAgent) -> None:
    """The daemon's protocol: a line of JSON, then the document. No thread starts."""
    before = set(threading.enumerate())
    sender.send(b'{"id":"1"}')
    wait_until(lambda: agent.received == [HEADER + b'{"id":"1"}'])
    assert set(threading.enumerate()) <= before


def test_an_ipv6_address_is_sent_to(failures: Failures) -> None:
    """As `[::1]:2000`."""
    agent = UdpAgent("::1")
    sender = DatagramSender(Agent.parse(f"[::1]:{agent.port}"), failures)
    sender.send(document(1))
    wait_until(lambda: agent.numbers() == {1: 1})
    sender.shutdown(0)
    agent.close()


def test_another_agent_can_be_named(sender: DatagramSender, agent: UdpAgent, failures: Failures) -> None:
    """`xray_recorder.configure(daemon_address=)` does so."""
    other = UdpAgent()
    sender.send(document(1))
    sender.change_agent(other.address())
    assert sender.agent == other.address()
    sender.send(document(2))
    wait_until(lambda: (agent.numbers(), other.numbers()) == ({1: 1}, {2: 1}))
    other.close()
    assert failures.counts == {}


@pytest.mark.parametrize("size", [DOCUMENT_MAX + 1, 70_000])
def test_a_document_that_is_too_large_is_counted(
    sender: DatagramSender, agent: UdpAgent, failures: Failures, size: int
) -> None:
    """No socket sends it; the next one goes out."""
    sender.send(b"x" * size)
    sender.send(document(1, DOCUMENT_MAX - 30))
    wait_until(lambda: agent.numbers() == {1: 1})
    assert failures.counts == {"segment.lost": 1}


def test_a_document_that_is_too_large_does_not_block_those_that_wait(agent: UdpAgent, failures: Failures) -> None:
    """It is the first that waits for the name."""
    known = threading.Event()

    def look_up(host: str) -> str:
        known.wait()
        return "127.0.0.1"

    sender = DatagramSender(Agent.at("agent", agent.port), failures, look_up=look_up)
    sender.send(b"x" * 70_000)
    sender.send(document(1))
    known.set()
    wait_until(lambda: agent.numbers() == {1: 1})
    assert failures.counts == {"segment.lost": 1}
    sender.shutdown(0)


def test_a_name_is_looked_up_while_documents_wait(agent: UdpAgent, failures: Failures) -> None:
    """The request that sends first does not wait for the resolver; each document arrives once."""
    sender = DatagramSender(Agent.at("localhost", agent.port), failures)
    for number in range(50):
        sender.send(document(number))
    wait_until(lambda: agent.numbers() == dict.fromkeys(range(50), 1))
    assert failures.counts == {}
    sender.shutdown(0)


def test_documents_that_wait_for_a_name_are_bounded_by_bytes(failures: Failures) -> None:
    """A name that is never known must not fill the memory; at the end each is counted."""
    agent = Agent.at("no-such-host.invalid", 2000)
    sender = DatagramSender(agent, failures, ring_bytes=10_000)
    for number in range(100):
        sender.send(document(number, 500))
    sender.shutdown(0)
    sender.send(document(100))
    assert failures.counts == {"segment.lost": 101}


def test_another_address_is_sent_to_at_once(failures: Failures) -> None:
    """A pod that moved has another address under the same name."""
    agents = UdpAgent(), UdpAgent("127.0.0.2")
    addresses = itertools.chain(["127.0.0.1"], itertools.repeat("127.0.0.2"))
    agents[1].close()
    agents[1].port = agents[0].port
    agents[1].open()
    sender = DatagramSender(Agent.at("agent", agents[0].port), failures, look_up=lambda _: next(addresses))
    sender.send(document(1))
    wait_until(lambda: agents[0].numbers() == {1: 1})
    agents[0].close()
    sender.send(document(2))
    sender.send(document(3))  # this one notices, long before the next regular lookup
    wait_until(lambda: agents[1].numbers() == {2: 1, 3: 1})
    agents[1].close()
    sender.shutdown(0)
    assert failures.counts == {"agent.unreachable": 1}


class FullSocket(socket.socket):
    """A socket whose buffer is full for the first calls."""

    errors: Sequence[int] = (errno.EAGAIN, errno.ENOBUFS, errno.EAGAIN)

    def send(self, *data: Any) -> int:
        """Fail as the system does, then send."""
        if self.errors:
            error, *self.errors = self.errors
            raise OSError(error, "no room")
        return super().send(*data)


def test_what_the_socket_has_no_room_for_is_sent_later(agent: UdpAgent, failures: Failures) -> None:
    """It is no sign that the agent is unreachable."""

    def connect(address: str, port: int) -> socket.socket:
        made = FullSocket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.connect((address, port))
        return made

    sender = DatagramSender(agent.address(), failures, connect=connect)
    for number in range(5):
        sender.send(document(number))
    wait_until(lambda: agent.numbers() == dict.fromkeys(range(5), 1))
    assert failures.counts == {}
    sender.shutdown(0)


def test_the_port_changes_every_five_seconds(agent: UdpAgent, failures: Failures) -> None:
    """So that a Service can send the next datagrams to another agent."""
    now = [0.0]
    sender = DatagramSender(agent.address(), failures, clock=lambda: now[0])
    for count, seconds in enumerate((0.0, 4.9, 5.0, 9.9, 10.0), 1):
        now[0] = seconds
        sender.send(document(count))
        wait_until(lambda count=count: len(agent.received) == count)  # type: ignore[misc]
    first, second, third, fourth, fifth = agent.senders
    assert first == second != third == fourth != fifth
    assert failures.counts == {}
    sender.shutdown(0)


def test_the_old_port_goes_on_when_there_is_no_other(agent: UdpAgent, failures: Failures) -> None:
    """A process without free file descriptors still sends."""
    now, free = [0.0], [True]

    def connect(address: str, port: int) -> socket.socket:
        if not free[0]:
            raise OSError(errno.EMFILE, "Too many open files")
        return udp.connect(address, port)

    sender = DatagramSender(agent.address(), failures, clock=lambda: now[0], connect=connect)
    sender.send(document(1))
    now[0], free[0] = PORT_SECONDS, False
    sender.send(document(2))
    wait_until(lambda: agent.numbers() == {1: 1, 2: 1})
    assert failures.counts == {"segment.port_kept": 1}
    assert len(set(agent.senders)) == 1
    sender.shutdown(0)


def test_no_thread_sends_on_a_closed_port(agent: UdpAgent, failures: Failures) -> None:
    """Each datagram from four threads arrives once, while every one of them wants another port."""
    ticks = itertools.count(step=PORT_SECONDS)
    sender = DatagramSender(agent.address(), failures, clock=lambda: float(next(ticks)) // 40)

    def send(first: int) -> None:
        for number in range(first, first + 200):
            sender.send(document(number))

    threads = [threading.Thread(target=send, args=(1000 * index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(agent.received) >= 800)
    assert set(agent.numbers().values()) == {1}
    assert failures.counts == {}
    sender.shutdown(0)
