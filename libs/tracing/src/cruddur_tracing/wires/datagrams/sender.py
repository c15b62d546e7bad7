"""Sends X-Ray documents to the agent: at once if possible, else later, and counts what is lost.

What UDP reports, and what is made of it. Nothing is sent twice unless it is certain that it did not arrive:

- A send fails: that datagram was not sent, whatever the error is, so it is kept.
- The agent's host refuses a datagram because no process listens: Linux reports which one (`udp`), and it is kept. On
  the loopback interface, where a sidecar listens, the refusal arrives before the send returns: nothing is lost.
- Nothing comes back: on the loopback interface it has arrived in the agent's buffer, and is lost only if that is full
  or if the agent ends before it has read it. Over a network it may be lost without a trace, when the host is away or a
  Service has no endpoint on the node. Only the TCP port then shows that the agent does not answer (`agent_answers`).
  What was sent since it last answered is not sent again, and counted as unconfirmed: at most so many are lost.
"""

import errno
import socket
import time
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.bursts import Bursts
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.forks import restart_in_children
from cruddur_tracing.resilience.network.address import Agent
from cruddur_tracing.wires.datagrams import udp
from cruddur_tracing.wires.datagrams.contact import Contact
from cruddur_tracing.wires.datagrams.line import Line
from cruddur_tracing.wires.datagrams.resending import Resending
from cruddur_tracing.wires.datagrams.resolver import Resolver, look_up
from cruddur_tracing.wires.datagrams.ring import Ring

HEADER: Final = b'{"format":"json","version":1}\n'
DOCUMENT_MAX: Final = udp.DATAGRAM_MAX - len(HEADER)  # below the service's 65,536 bytes for a segment
BURST: Final = 16  # datagrams
BURST_BYTES: Final = 32 << 10  # an agent's buffer takes four such bursts: 208 KB on Linux, with what it adds to each
RING_BYTES: Final = 16 << 20  # 5 seconds of 2,000 documents of 1.5 KB a second

LOST: Final = "segment.lost"
UNCONFIRMED: Final = "segment.unconfirmed"
UNREACHABLE: Final = "agent.unreachable"
PORT_KEPT: Final = "segment.port_kept"

_NO_ROOM: Final = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM}


class DatagramSender:
    """Sends to one agent. `ring_bytes` bounds what is kept; `clock` gives seconds of any origin."""

    def __init__(
        self,
        agent: Agent,
        failures: Failures,
        *,
        ring_bytes: int = RING_BYTES,
        clock: Callable[[], float] = time.monotonic,
        look_up: Callable[[str], str] = look_up,
        connect: Callable[[str, int], socket.socket] = udp.connect,
    ) -> None:
        self._failures = failures
        self._ring_bytes = ring_bytes
        self._clock = clock
        self._look_up = look_up
        self._connect = connect
        self._aim(agent)
        self._begin()
        restart_in_children(self)

    @property
    def agent(self) -> Agent:
        """The agent it sends to."""
        return self._contact.agent

    def send(self, document: bytes) -> None:
        """Send one document, alone or in a burst, or keep it. Never blocks and never raises."""
        datagram = HEADER + document
        self._bursts.add(datagram, len(datagram))

    def change_agent(self, agent: Agent) -> None:
        """Send to another agent, as `xray_recorder.configure(daemon_address=)` requests."""
        self._resolver.stop()
        self._aim(agent)
        self._moved()

    def agent_answers(self, answers: bool) -> None:
        """Record whether a TCP connection to the agent could be made; the poller of the sampling rules knows.

        A request that times out on an open connection counts as True: UDP may work nevertheless.
        """
        connected = self._line.current
        address = self._resolver.address()
        if answers:
            self._contact.tcp_answers()
            self._confirmed = self._line.sent
            if connected is None:
                self._resending.hurry()
        elif connected is not None and address is not None and self._contact.tcp_counts(address):
            self._count_unconfirmed()
            self._lose_contact(connected, "its TCP port does not answer")

    def flush(self, seconds: float) -> bool:
        """Send what is kept, and return whether all was sent in that time."""
        deadline = time.monotonic() + seconds
        self._bursts.handle_held()
        self._line.collect()
        while len(self._ring) and time.monotonic() < deadline:
            self._resending.drain(deadline - time.monotonic())
            self._line.collect()
        return not len(self._ring)

    def shutdown(self, seconds: float) -> None:
        """Send what is kept within that time, count the rest, and accept nothing more."""
        deadline = time.monotonic() + seconds
        self._bursts.stop()
        self._resending.stop()
        self.flush(seconds)
        self._closed = True
        self._resending.finish(deadline - time.monotonic())
        self._resolver.stop()
        self._line.close()
        rest = self._ring.close()
        if rest:
            self._lose("unreachable until the process ended", rest)
        self._failures.report()

    def restart(self) -> None:
        """Start empty in a process that was just forked: the parent sends what is kept."""
        self._line.close()
        self._aim(self.agent)
        self._begin()

    def _aim(self, agent: Agent) -> None:
        self._contact = Contact(agent, self._connect, self._clock)
        self._resolver = Resolver(agent.udp.host, self._moved, self._look_up)

    def _begin(self) -> None:
        self._closed = False
        self._confirmed = 0  # how many had been sent when the TCP port last answered
        self._ring: Ring = Ring(self._ring_bytes)
        self._line: Line = Line(self._open, self._keep, self._port_kept, self._clock)
        self._bursts: Bursts[bytes] = Bursts(self._send, self._clock, "xray-bursts", items=BURST, size=BURST_BYTES)
        self._resending: Resending = Resending(
            lambda: len(self._ring), lambda: self._line.current is not None, self._probe, self._send_oldest
        )

    def _open(self) -> socket.socket:
        address = self._resolver.address()
        if address is None:
            raise OSError(f"{self.agent.udp.host}: the name is not known yet")
        return self._connect(address, self.agent.udp.port)

    def _send(self, datagram: bytes) -> bool:
        connected = self._line.usable()
        if connected is None:
            self._keep(datagram)
            return False
        try:
            self._line.send(connected, datagram)
        except OSError as error:
            self._unsent(connected, datagram, error)
            return False
        return True

    def _unsent(self, connected: socket.socket, datagram: bytes, error: OSError) -> None:
        if error.errno == errno.EMSGSIZE:
            self._lose(f"{len(datagram)} bytes: {error.strerror}", 1)
            return
        if error.errno not in _NO_ROOM:
            self._lose_contact(connected, error.strerror or str(error))
        self._line.collect()
        self._keep(datagram)

    def _lose_contact(self, connected: socket.socket, reason: str) -> None:
        if self._line.give_up(connected):
            self._failures.note(UNREACHABLE, f"{self.agent}: {reason}: segments are kept to be sent later")
            self._resolver.again()
            self._resending.hurry()

    def _count_unconfirmed(self) -> None:
        before, self._confirmed = self._confirmed, self._line.sent
        if self._confirmed > before:
            reason = "were sent since its TCP port last answered, and may be lost"
            self._failures.note(UNCONFIRMED, f"{self.agent}: segments {reason}", self._confirmed - before)

    def _keep(self, datagram: bytes) -> None:
        self._count_dropped(self._ring.append(datagram))
        self._resending.start()

    def _count_dropped(self, dropped: int) -> None:
        if dropped:
            reason = "it is shut down" if self._closed else f"more than {self._ring_bytes} bytes of segments wait"
            self._lose(reason, dropped)

    def _lose(self, reason: str, count: int) -> None:
        self._failures.note(LOST, f"{self.agent}: {reason}", count)

    def _probe(self, seconds: float) -> bool:
        """Send the oldest datagram from another port, and go on sending there if it arrives."""
        datagram = self._ring.take()
        if datagram is None:
            return False
        address = self._resolver.address()
        try:
            connected = self._contact.reach(address, datagram, seconds) if address is not None else None
        except OSError as error:
            self._ring.done()
            self._lose(f"{len(datagram)} bytes: {error.strerror}", 1)
            return False
        if connected is None:
            self._count_dropped(self._ring.put_back(datagram))
            self._resolver.again()
            return False
        self._ring.done()
        self._line.adopt(connected, datagram)
        self._line.collect()  # what a request was about to send when the old socket was given up
        return True

    def _send_oldest(self) -> bool:
        datagram = self._ring.take()
        if datagram is None:
            return False
        try:
            return self._send(datagram)
        finally:
            self._ring.done()

    def _moved(self) -> None:
        self._line.renew()
        self._resending.hurry()

    def _port_kept(self, error: OSError) -> None:
        self._failures.note(PORT_KEPT, str(error))
