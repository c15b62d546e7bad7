"""One kept-alive HTTP/1.1 connection whose requests end at a deadline, whatever the other side does.

Made of sockets: a client of `http.client` would be traced where HTTP clients are, and its timeout begins again with
every byte that arrives.
"""

import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from cruddur_tracing.resilience.connecting import connect_tcp
from cruddur_tracing.wires.otlp.http.answers import Answer
from cruddur_tracing.wires.otlp.http.request import connect_request, request_head
from cruddur_tracing.wires.otlp.settings import OtlpSettings

_BODY_MAX: Final = 1 << 16  # bytes of an answer that are read; a longer one ends the connection


class Connection:
    """To the endpoint of some settings. For one thread at a time, except `abort`."""

    def __init__(self, settings: OtlpSettings) -> None:
        self._settings = settings
        self._url = urlsplit(settings.endpoint)
        self._proxy = urlsplit(settings.proxy) if settings.proxy else None
        self._head = request_head(settings)
        self._authorities = _usual_authorities() if self._url.scheme == "https" else None
        self._context: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None

    def post(self, body: bytes, deadline: float) -> Answer:
        """Send a body and return the answer; `deadline` is on the monotonic clock.

        Raises OSError or HTTPException. A connection that the other side closed while it was unused is made again.
        """
        request = b"".join([self._head, b"Content-Length: %d\r\n\r\n" % len(body), body])
        if self._socket is not None and not _is_readable(self._socket):
            with suppress(ConnectionError):
                return self._exchange(self._socket, request, deadline)
        self.close()
        connected = self._socket = self._connect(deadline)
        return self._exchange(connected, request, deadline)

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        connected, self._socket = self._socket, None
        if connected is not None:
            connected.close()

    def abort(self) -> None:
        """Let the request that another thread waits for fail."""
        connected = self._socket
        if connected is not None:
            with suppress(OSError):  # it is not connected any more
                connected.shutdown(socket.SHUT_RDWR)

    def _exchange(self, connected: socket.socket, request: bytes, deadline: float) -> Answer:
        keep = False
        try:
            connected.settimeout(_remaining(deadline))
            connected.sendall(request)
            with _read_response(connected, "POST", deadline) as response:
                body = b""
                with suppress(OSError, HTTPException):  # the status has been received, which decides
                    body = response.read(_BODY_MAX)
                    keep = response.isclosed() and not response.will_close
                content_type, retry_after = response.getheader("Content-Type"), response.getheader("Retry-After")
                return Answer(response.status, body, content_type or "", retry_after)
        finally:
            if not keep:
                self.close()

    def _connect(self, deadline: float) -> socket.socket:
        connected = connect_tcp(*_address(self._proxy or self._url), _remaining(deadline))
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._url.scheme != "https":
                return connected
            if self._settings.proxy is not None:
                self._open_tunnel(connected, self._settings.proxy, deadline)
            if self._context is None:
                self._context = _tls_context(self._settings, self._authorities)
            connected.settimeout(_remaining(deadline))
            return self._context.wrap_socket(connected, server_hostname=self._url.hostname)
        except BaseException:
            connected.close()
            raise

    def _open_tunnel(self, connected: socket.socket, proxy: str, deadline: float) -> None:
        host, port = _address(self._url)
        connected.settimeout(_remaining(deadline))
        connected.sendall(connect_request(host, port, proxy))
        with _read_response(connected, "CONNECT", deadline) as response:
            if response.status != 200:
                raise OSError(f"the proxy refused the connection: {response.status} {response.reason}")


def _address(url: SplitResult) -> tuple[str, int]:
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def _remaining(deadline: float) -> float:
    """Return the seconds until the deadline. Raises TimeoutError after it."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


def _is_readable(connected: socket.socket) -> bool:
    """Return whether an unused connection has something to read, which can only be its end."""
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def _usual_authorities() -> str | None:
    """Return the file of authorities that the official exporter trusts, if there is one."""
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()


def _tls_context(settings: OtlpSettings, authorities: str | None) -> ssl.SSLContext:
    if settings.certificate is None:
        context = ssl.create_default_context()
        if authorities is not None:
            context.load_verify_locations(authorities)
    elif Path(settings.certificate).is_dir():
        context = ssl.create_default_context(capath=settings.certificate)
    else:
        context = ssl.create_default_context(cafile=settings.certificate)
    if settings.client_certificate is not None:
        context.load_cert_chain(settings.client_certificate, settings.client_key)
    return context


class _Incoming(io.RawIOBase):
    """What arrives on a socket until a deadline."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._connected = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(_remaining(self._deadline))
        return self._connected.recv_into(buffer)


class _Source:
    """What HTTPResponse needs of a socket."""

    def __init__(self, incoming: _Incoming) -> None:
        self.makefile: Callable[[str], io.BufferedReader] = lambda _: io.BufferedReader(incoming)


def _read_response(connected: socket.socket, method: str, deadline: float) -> HTTPResponse:
    """Return a response with its headers. Raises OSError or HTTPException."""
    response = HTTPResponse(_Source(_Incoming(connected, deadline)), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    return response
