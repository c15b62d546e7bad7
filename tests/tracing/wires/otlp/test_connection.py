"""One connection is kept, made again when it was closed, and never waits beyond the deadline."""

import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPException

import pytest

from cruddur_tracing.wires.otlp.http.connection import Connection
from tests.tracing.wires.otlp.conftest import Answered, Backend, server, soon


def test_one_connection_serves_many_requests(backend: Backend) -> None:
    """And says what an exporter says."""
    connection = Connection(backend.settings(headers={"X-Team": "a", "Connection": "close"}))
    for _ in range(3):
        assert connection.post([b""], soon()).status == 200
    connection.close()
    assert len(set(backend.clients)) == 1
    assert backend.paths == ["/v1/traces"] * 3
    assert backend.headers[0] == {
        "host": f"127.0.0.1:{backend.port}",
        "content-type": "application/x-protobuf",
        "user-agent": "cruddur-tracing",
        "accept-encoding": "identity",
        "x-team": "a",
        "content-length": "0",
    }


def test_an_answer_is_complete(backend: Backend) -> None:
    """The status, the headers that matter, and the body."""
    backend.answer = lambda: Answered(503, {"Retry-After": "7", "Content-Type": "text/plain"}, b"busy")
    connection = Connection(backend.settings())
    answer = connection.post([b""], soon())
    connection.close()
    assert (answer.status, answer.body, answer.content_type, answer.retry_after) == (503, b"busy", "text/plain", "7")


def test_a_connection_that_was_closed_is_made_again(backend: Backend) -> None:
    """The request is sent once: the end is noticed before."""
    port = backend.port
    connection = Connection(backend.settings())
    connection.post([b""], soon())
    backend.close()
    second = Backend(port=port)
    assert connection.post([b""], soon()).status == 200
    connection.close()
    second.close()


def read_request(connected: socket.socket) -> None:
    """Read the head and the body of one byte."""
    received = b""
    while not received.endswith(b"\r\n\r\nx"):
        received += connected.recv(1000)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_a_connection_that_closes_at_the_next_request_is_made_again() -> None:
    """The backend had not read it."""
    answered = []

    def serve(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(OK)
        answered.append(1)
        if len(answered) == 1:
            read_request(connected)

    with server(serve, 2) as settings:
        connection = Connection(settings)
        assert [connection.post([b"x"], soon()).status for _ in range(2)] == [200, 200]
        connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_every_kind_of_body_is_read(answer: bytes) -> None:
    """With a length, in chunks, or up to the end of the connection."""

    def serve(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(answer)

    with server(serve) as settings:
        connection = Connection(settings)
        assert connection.post([b"x"], soon()).body == b"abc"
        connection.close()


def test_a_body_without_an_end_is_read_in_part() -> None:
    """The answer is known by then."""

    def serve(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000)

    with server(serve) as settings:
        connection = Connection(settings)
        answer = connection.post([b"x"], soon())
        assert (answer.status, len(answer.body)) == (200, 65536)


def drip(connected: socket.socket) -> None:
    """Send a byte again and again; no single read takes long."""
    while True:
        connected.sendall(b"H")
        time.sleep(0.05)


def hang(connected: socket.socket) -> None:
    """Take everything and never answer."""
    while connected.recv(1000):
        pass


def read_nothing(connected: socket.socket) -> None:
    """Never read, so that the sender's buffer fills."""
    time.sleep(0.6)


@pytest.mark.parametrize("serve", [drip, hang, read_nothing])
def test_no_request_goes_beyond_its_deadline(serve: Callable[[socket.socket], None]) -> None:
    """Whatever the other side does."""
    with server(serve) as settings:
        connection = Connection(settings)
        started = time.monotonic()
        with pytest.raises((OSError, HTTPException)):
            connection.post([b"x" * (16 << 20)], soon(0.3))
        assert time.monotonic() - started < 4
        connection.close()
        with pytest.raises(TimeoutError):
            connection.post([b"x"], soon(-1))


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"HTTP", b"SMTP ready\r\n", b"HTTP/1.1 2xx\r\n\r\n"),
        *(b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
    ],
)
def test_what_is_not_http_is_an_error(answer: bytes) -> None:
    """The next request makes another connection."""

    def serve(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(answer)

    with server(serve) as settings, pytest.raises((OSError, HTTPException)):
        Connection(settings).post([b"x"], soon())


def test_a_request_can_be_aborted() -> None:
    """By another thread."""
    with server(hang) as settings:
        connection = Connection(settings)
        aborting = threading.Timer(0.1, connection.abort)
        aborting.start()
        with pytest.raises((OSError, HTTPException)):
            connection.post([b"x"], soon())
        aborting.join()
        connection.abort()
