"""The socket to the agent: another port every five seconds, and what was refused of what was sent."""

import errno
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final

from cruddur_tracing.wires.datagrams import udp

# How long one port of ours is sent from, in seconds. A Kubernetes Service routes all datagrams from a port to
# the agent that got the first one, also while that agent terminates: these are lost.
PORT_SECONDS: Final = 5.0

_REMEMBERED: Final = 64  # datagrams whose refusal can be noticed: more than threads send at one moment
_IDENTIFYING: Final = 256  # bytes at the start of a datagram that no other has: its ids are among them


class Line:
    """Sends to one agent until it is given up.

    `connect` makes a socket or raises OSError; `refused` takes each datagram that the agent's host has refused;
    `kept` takes the error when no other port can be had.
    """

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        refused: Callable[[bytes], None],
        kept: Callable[[OSError], None],
        clock: Callable[[], float],
    ) -> None:
        self._connect = connect
        self._refused = refused
        self._kept = kept
        self._clock = clock
        self._lock = threading.RLock()  # a garbage collection may end a span, and so send, at any point
        self._given_up = self._closed = False
        self._renew_at = 0.0
        self._retired: deque[tuple[float, socket.socket]] = deque()
        self._sent: deque[bytes] = deque(maxlen=_REMEMBERED)
        self._numbers = count(1)
        self.current: socket.socket | None = None
        self.sent = 0  # datagrams, to within those that threads are sending at this moment

    def usable(self) -> socket.socket | None:
        """Return the socket to send on, or None after `give_up`."""
        current = self.current
        if current is None:
            return self._open()
        if self._clock() >= self._renew_at:
            return self._renew(current)
        return current

    def send(self, connected: socket.socket, datagram: bytes) -> None:
        """Send, and remember it for the case that it is refused. Raises OSError if it was not sent."""
        self._sent.append(datagram)  # first, for another thread may notice the refusal before this one goes on
        try:
            try:
                connected.send(datagram)
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                self.collect()  # an earlier one was too large for the path; from now on the system fragments them
                connected.send(datagram)
        except OSError:
            self._forget(datagram)
            raise
        self.sent = next(self._numbers)

    def adopt(self, connected: socket.socket, sent: bytes | None = None) -> None:
        """Send on this socket from now on; one datagram may have been sent on it."""
        with self._lock:
            if self._closed:
                connected.close()
                return
            if sent is not None:
                self._sent.append(sent)
            if self.current is not None:
                self._retire(self.current)
            self.current = connected
            self._given_up = False
            self._renew_at = self._clock() + PORT_SECONDS

    def give_up(self, connected: socket.socket) -> bool:
        """Send no more on this socket, and return whether it was the present one."""
        with self._lock:
            is_current = self.current is connected
            if is_current:
                self.current = None
                self._given_up = True
                self._retire(connected)
            return is_current

    def renew(self) -> None:
        """Take another port, and perhaps another address, for the next datagram."""
        self._renew_at = 0.0

    def collect(self) -> None:
        """Report what has been refused since the last call."""
        with self._lock:
            for _, connected in self._retired:
                self._collect(connected)
            if self.current is not None:
                self._collect(self.current)

    def close(self) -> None:
        """Close all sockets and open no other. Takes no lock, for it is called after a fork too."""
        self._closed = self._given_up = True
        current, self.current = self.current, None
        if current is not None:
            current.close()
        while self._retired:
            self._retired.popleft()[1].close()

    def _open(self) -> socket.socket | None:
        with self._lock:
            if self.current is None and not self._given_up:
                try:
                    self.adopt(self._connect())
                except OSError:  # the name is not known yet, or there is no network
                    self._given_up = True
            return self.current

    def _renew(self, current: socket.socket) -> socket.socket:
        if not self._lock.acquire(blocking=False):  # another thread is doing it
            return current
        try:
            if self.current is current:
                self._renew_at = self._clock() + PORT_SECONDS
                self.adopt(self._connect())
        except OSError as error:  # no file descriptor is free: the old port goes on
            self._kept(error)
        finally:
            self._lock.release()
        return self.current or current

    def _retire(self, connected: socket.socket) -> None:
        """Close this socket after as long again: a thread may be about to use it."""
        now = self._clock()
        self._collect(connected)
        self._retired.append((now, connected))
        while self._retired[0][0] <= now - PORT_SECONDS:
            _, old = self._retired.popleft()
            self._collect(old)
            old.close()

    def _collect(self, connected: socket.socket) -> None:
        for start in udp.refused(connected):
            datagram = self._find(start)
            if datagram is not None and self._forget(datagram):
                self._refused(datagram)

    def _find(self, start: bytes) -> bytes | None:
        """Return the datagram with this start, or the newest one if the start is too short to identify it."""
        sent = tuple(self._sent)
        if start in sent:
            return start
        if len(start) < _IDENTIFYING:
            return sent[-1] if sent else None
        return next((datagram for datagram in sent if datagram.startswith(start)), None)

    def _forget(self, datagram: bytes) -> bool:
        with suppress(ValueError):
            self._sent.remove(datagram)
            return True
        return False
