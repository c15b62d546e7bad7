"""The connection to an OTLP endpoint: by TLS or not, through a proxy or not."""

import socket
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from cruddur_tracing.resilience.network import http
from cruddur_tracing.resilience.network.connecting import connect_tcp
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
        self._connection = http.Connection(self._connect)
        self.close = self._connection.close
        self.abort = self._connection.abort

    def post(self, pieces: list[bytes], deadline: float) -> Answer:
        """Send a body of these pieces and return the answer. Raises OSError or HTTPException.

        `deadline` is on the monotonic clock.
        """
        request = b"".join([self._head, b"Content-Length: %d\r\n\r\n" % sum(map(len, pieces)), *pieces])
        response = self._connection.exchange(request, deadline, _BODY_MAX)  # of a failed body the status decides
        headers = response.headers
        return Answer(response.status, response.body, headers.get("content-type", ""), headers.get("retry-after"))

    def _connect(self, deadline: float) -> socket.socket:
        connected = connect_tcp(*_address(self._proxy or self._url), http.remaining(deadline))
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._url.scheme != "https":
                return connected
            if self._settings.proxy is not None:
                self._open_tunnel(connected, self._settings.proxy, deadline)
            if self._context is None:
                self._context = _tls_context(self._settings, self._authorities)
            connected.settimeout(http.remaining(deadline))
            return self._context.wrap_socket(connected, server_hostname=self._url.hostname)
        except BaseException:
            connected.close()
            raise

    def _open_tunnel(self, connected: socket.socket, proxy: str, deadline: float) -> None:
        host, port = _address(self._url)
        connected.settimeout(http.remaining(deadline))
        connected.sendall(connect_request(host, port, proxy))
        with http.read_response(http.Incoming(connected, deadline), "CONNECT") as response:
            if response.status != 200:
                raise OSError(f"the proxy refused the connection: {response.status} {response.reason}")


def _address(url: SplitResult) -> tuple[str, int]:
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


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
