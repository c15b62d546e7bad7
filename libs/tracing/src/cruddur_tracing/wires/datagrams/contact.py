"""Finds out whether an agent that was unreachable answers again, with a document that waits."""

import errno
import socket
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.network.address import Agent, is_loopback
from cruddur_tracing.resilience.network.connecting import connect_tcp

REFUSAL_SECONDS: Final = 0.1  # within which a refusal comes back
TCP_SECONDS: Final = 0.5  # within which a TCP port answers
TCP_COUNTS_SECONDS: Final = 300.0  # how long a TCP port that no longer answers keeps datagrams back


class Contact:
    """What is known of one agent. `connect` makes a UDP socket; `clock` gives seconds of any origin."""

    def __init__(self, agent: Agent, connect: Callable[[str, int], socket.socket], clock: Callable[[], float]) -> None:
        self.agent = agent
        self._connect = connect
        self._clock = clock
        self._tcp_answered_at: float | None = None

    def tcp_answers(self) -> None:
        """Record that a TCP connection was made; it proves nothing about a UDP port on another host."""
        if self.agent.tcp.host == self.agent.udp.host:
            self._tcp_answered_at = self._clock()

    def tcp_counts(self, address: str) -> bool:
        """Return whether a TCP port that does not answer proves that what is sent to `address` is lost.

        Only if it has answered not long ago, and on another host: on the loopback interface UDP itself reports it.
        """
        answered_at = self._tcp_answered_at
        return answered_at is not None and self._clock() - answered_at < TCP_COUNTS_SECONDS and not is_loopback(address)

    def reach(self, address: str, datagram: bytes, seconds: float) -> socket.socket | None:
        """Send a datagram from a new port, and return the socket, or None if it cannot have arrived in that time.

        Raises OSError if it is too large to be sent.
        """
        if self.tcp_counts(address) and not _tcp_answers(address, self.agent.tcp.port, min(seconds, TCP_SECONDS)):
            return None
        try:
            line = self._connect(address, self.agent.udp.port)
        except OSError:
            return None
        try:
            line.settimeout(min(seconds, REFUSAL_SECONDS))
            line.send(datagram)
            line.recv(1)  # raises when the refusal comes
        except TimeoutError:
            pass
        except OSError as error:
            line.close()
            if error.errno == errno.EMSGSIZE:
                raise
            return None
        line.setblocking(False)
        return line


def _tcp_answers(address: str, port: int, seconds: float) -> bool:
    try:
        connect_tcp(address, port, seconds).close()
    except OSError:
        return False
    return True
