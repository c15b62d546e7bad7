"""A response is read without `http.client` only if both read the same."""

import io
from http.client import HTTPResponse

import pytest

from cruddur_tracing.resilience.network.response import usual_response

COLLECTOR = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nDate: Mon, 30 Nov 2026 21:00:00 GMT\r\n"
    b"Content-Length: 2\r\n\r\n\x0a\x00"
)


class _Received:
    """What HTTPResponse needs of a socket."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


@pytest.mark.parametrize(
    "received",
    [
        COLLECTOR,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After:  7 \r\nX-Empty:\r\nContent-Length: 4\r\n\r\nbusy",
        b"HTTP/1.1 200 OK\r\nX-Body: a\tb\r\nContent-Length: 8\r\n\r\na\r\n\r\nb\r\n",
    ],
)
def test_it_is_what_http_client_reads(received: bytes) -> None:
    """Status, headers and body."""
    read = HTTPResponse(_Received(received))  # type: ignore[arg-type]
    read.begin()
    response = usual_response(received, 1000)
    assert response is not None
    assert (response.status, response.body, response.failure) == (read.status, read.read(), None)
    assert response.headers == {name.lower(): value.strip(" \t") for name, value in read.headers.items()}


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",  # not the whole head
        COLLECTOR[:-1],  # nor the whole body
        COLLECTOR + b"HTTP/1.1 500",  # more than a response
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",  # closes
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",  # up to the end
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"0" * 10_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: 0\r\n\r\n",  # a header of two lines
        b"HTTP/1.1 200 OK\r\nConnection : close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
        b"\x15\x03\x01\x00\x02",  # not HTTP
    ],
)
def test_what_is_unusual_is_left_to_http_client(received: bytes) -> None:
    """Which knows the rest of HTTP."""
    assert usual_response(received, 1000) is None


def test_a_body_that_is_too_long_is_left_to_the_reader() -> None:
    """It cuts it, and says so."""
    assert usual_response(COLLECTOR, 2) is not None
    assert usual_response(COLLECTOR, 1) is None
