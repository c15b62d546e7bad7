"""An agent's UDP port that can go away and come back."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Agent
from cruddur_tracing.wires.datagrams.sender import DatagramSender
from tools.local_cluster import free_port


class UdpAgent:
    """Receives on one port of the loopback interface while it is open."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self.port = free_port()
        self.received: list[bytes] = []
        self.senders: list[int] = []
        self.open()

    def open(self) -> None:
        """Start to receive, on the same port as before."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((self._host, self.port))
        self._socket.settimeout(0.02)
        self._open = True
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def close(self) -> None:
        """Go away, after what has arrived was received; from the first moment on, what is sent is refused."""
        self._socket.connect((self._host, 9))  # what comes from other ports is not for this socket any more
        self._open = False
        self._thread.join()
        self._socket.close()

    def address(self) -> Agent:
        """Return where it listens."""
        return Agent.at(self._host, self.port)

    def numbers(self) -> Counter[int]:
        """Return how often each number of `document` arrived."""
        return Counter(json.loads(datagram.split(b"\n", 1)[1])["id"] for datagram in self.received)

    def _receive(self) -> None:
        while True:
            try:
                datagram, sender = self._socket.recvfrom(70_000)
            except TimeoutError:
                if not self._open:
                    return
            else:
                self.received.append(datagram)
                self.senders.append(sender[1])


def other_host() -> str | None:
    """Return an address of this host that is not on the loopback interface, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def document(number: int, size: int = 0) -> bytes:
    """Return a document with this number as its id."""
    return json.dumps({"id": number, "text": "x" * size}).encode()


@pytest.fixture
def agent() -> Iterator[UdpAgent]:
    """An agent that is reachable."""
    made = UdpAgent()
    yield made
    if made._open:
        made.close()


@pytest.fixture
def sender(agent: UdpAgent, failures: Failures) -> Iterator[DatagramSender]:
    """A sender to that agent."""
    made = DatagramSender(agent.address(), failures)
    yield made
    made.shutdown(0)
