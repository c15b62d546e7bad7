"""Sends segments to the X-Ray agent by UDP; takes the place of the X-Ray SDK's emitter.

The recorder calls `send_entity` while a request is answered: it never blocks, never looks up a name and never raises.
What cannot be sent is counted and logged.
"""

import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from cruddur_tracing.agent import Agent, Whereabouts
from cruddur_tracing.failures import Failures
from cruddur_tracing.fitting import HEADER, fit

WAITING_MAX: Final = 256  # documents kept until the agent's name has been looked up
# How long one port of ours is sent from, in seconds. A Kubernetes Service leads all that leaves a port to the agent
# that its first datagram went to, until that agent has ended: what is sent meanwhile is lost.
PORT_SECONDS: Final = 5.0
NEVER: Final = math.inf

LOST = "segment.lost"
TRIMMED = "segment.trimmed"
PORT_KEPT = "segment.port_kept"


class DatagramEmitter:
    """Sends to one agent. The socket has no connection, so that an agent that is away makes no error.

    `clock` gives seconds of any origin.
    """

    def __init__(self, agent: Agent, failures: Failures, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = failures
        self._clock = clock
        self._socket = _open()
        self._retired: socket.socket | None = None
        self._port_ends = clock() + PORT_SECONDS
        self._renewing = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._aim(agent)

    @property
    def agent(self) -> Agent:
        """Where it sends to."""
        return self._agent

    def set_daemon_address(self, address: str) -> None:
        """Send to another agent, as `xray_recorder.configure(daemon_address=)` asks. Raises ValueError."""
        self._aim(Agent.parse(address))

    def restart(self) -> None:
        """Look the agent up anew in a process that was just forked, and take another port than the master's."""
        self._renewing = threading.Lock()  # the master's may have been held at the fork
        if self._port_ends != NEVER:  # else it has been closed
            self._port_ends = self._clock()
        self._aim(self._agent)

    def close(self) -> None:
        """Close the socket; nothing is sent any more."""
        self._whereabouts.stop()
        self._port_ends = NEVER
        self._socket.close()
        if self._retired is not None:
            self._retired.close()

    def send_entity(self, entity: Any) -> None:
        """Send a finished segment or subsegment of aws_xray_sdk, in as many datagrams as it takes."""
        try:
            fitted = fit(entity.to_dict())
        except Exception as error:  # noqa: BLE001 - what people put into metadata may fail in any way when it is written
            self._failures.note(LOST, f"{type(error).__name__}: {error}")
            return
        if fitted.trimmed:
            self._failures.note(TRIMMED, "sent without its metadata: it is larger than 64 KB")
        if fitted.lost:
            self._failures.note(LOST, "larger than 64 KB even without subsegments and metadata")
        for document in fitted.documents:
            self._send(document)

    def _aim(self, agent: Agent) -> None:
        self._agent = agent
        self._whereabouts = Whereabouts(agent.udp_host, self._send_waiting)

    def _send(self, document: bytes) -> None:
        address = self._whereabouts.address()
        if address is None:
            self._wait(document)
            return
        if self._clock() >= self._port_ends:
            self._renew()
        try:
            self._socket.sendto(HEADER + document, (address, self._agent.udp_port))
        except OSError as error:
            self._failures.note(LOST, f"{self._agent}: {error}")

    def _renew(self) -> None:
        """Send from another port. The old socket stays open as long again: a thread may be about to use it."""
        if not self._renewing.acquire(blocking=False):
            return
        try:
            if self._clock() < self._port_ends:  # another thread has just done it
                return
            self._port_ends = self._clock() + PORT_SECONDS
            fresh = _open()
            if self._retired is not None:
                self._retired.close()
            self._retired, self._socket = self._socket, fresh
        except OSError as error:  # no file descriptor is free: the old port goes on
            self._failures.note(PORT_KEPT, f"{error}")
        finally:
            self._renewing.release()

    def _wait(self, document: bytes) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self._failures.note(LOST, f"{self._agent}: the name is not known yet")
            return
        self._waiting.append(document)
        if self._whereabouts.address() is not None:  # it was found between the two questions
            self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting:
            try:
                document = self._waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            self._send(document)


def _open() -> socket.socket:
    fresh = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fresh.setblocking(False)
    return fresh
