"""HTTP/1.1 on one kept-alive connection whose requests end at a deadline, whatever the other side does.

Made of sockets: a client of `http.client` would be traced where HTTP clients are, would follow HTTP_PROXY, and its
timeout begins again with every byte that arrives.
"""

import io
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from cruddur_tracing.resilience.network.response import Response, usual_response


class Connection:
    """A connection that `connect` makes for a deadline. For one thread at a time, except `abort`.

    Deadlines are on the monotonic clock.
    """

    def __init__(self, connect: Callable[[float], socket.socket]) -> None:
        self._connect = connect
        self._socket: socket.socket | None = None

    def exchange(self, request: bytes, deadline: float, body_max: int) -> Response:
        """Send a POST request and return its response, with at most so many bytes of its body.

        Raises OSError or HTTPException without a response. A connection that the other side closed while it was unused
        is made again.
        """
        if self._socket is not None and not _is_readable(self._socket):
            with suppress(ConnectionError):
                return self._exchange(self._socket, request, deadline, body_max)
        self.close()
        connected = self._socket = self._connect(deadline)
        return self._exchange(connected, request, deadline, body_max)

    def close(self) -> None:
        """Close the connection; the next request makes another. Takes no lock, for it is called after a fork too."""
        connected, self._socket = self._socket, None
        if connected is not None:
            connected.close()

    def abort(self) -> None:
        """Abort a request that another thread is waiting for."""
        connected = self._socket
        if connected is not None:
            with suppress(OSError):  # it is not connected any more
                connected.shutdown(socket.SHUT_RDWR)

    def _exchange(self, connected: socket.socket, request: bytes, deadline: float, body_max: int) -> Response:
        keep = False
        try:
            connected.settimeout(remaining(deadline))
            connected.sendall(request)
            incoming = Incoming(connected, deadline)
            if (usual := usual_response(incoming.peek(), body_max)) is not None:
                keep = True
                return usual
            with read_response(incoming, "POST") as response:
                body, failure = _read_body(response, body_max)
                keep = response.isclosed() and not response.will_close and failure is None
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status, body, headers, failure)
        finally:
            if not keep:
                self.close()


def _read_body(response: HTTPResponse, body_max: int) -> tuple[bytes, OSError | HTTPException | None]:
    try:
        body = response.read(body_max + 1)
    except (OSError, HTTPException) as error:
        return b"", error
    if len(body) > body_max:
        return body[:body_max], HTTPException(f"the answer has more than {body_max} bytes")
    return body, IncompleteRead(body, response.length) if response.length else None


def remaining(deadline: float) -> float:
    """Return the seconds until the deadline. Raises TimeoutError after it."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


def read_response(incoming: "Incoming", method: str) -> HTTPResponse:
    """Return a response with its headers. Raises OSError or HTTPException."""
    response = HTTPResponse(_Source(incoming), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    return response


def _is_readable(connected: socket.socket) -> bool:
    """Return whether an unused connection has something to read, which can only be its end."""
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


class Incoming(io.BufferedReader):
    """What arrives on a socket until a deadline.

    It reads whole lines: `http.client` takes a head that breaks off, as by `abort`, for a complete one.
    """

    _begun = False

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        super().__init__(_Received(connected, deadline))

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line. Raises HTTPException for one that breaks off."""
        line = super().readline(size)
        if not line.endswith(b"\n") and (line or self._begun):
            raise HTTPException("the response breaks off")
        self._begun = True
        return line


class _Received(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._connected = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(remaining(self._deadline))
        return self._connected.recv_into(buffer)


class _Source:
    """What HTTPResponse needs of a socket."""

    def __init__(self, incoming: Incoming) -> None:
        self.makefile: Callable[[str], io.BufferedReader] = lambda _: incoming
