"""One connection is kept, made again when it was closed, and never waits beyond the deadline."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from cruddur_tracing.wires.otlp.http.connection import Connection
from cruddur_tracing.wires.otlp.http.request import connect_request, request_head
from cruddur_tracing.wires.otlp.settings import OtlpSettings
from tests.tracing.wires.otlp.conftest import Answered, Backend


def soon(seconds: float = 10) -> float:
    return time.monotonic() + seconds


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None], connections: int = 1) -> Iterator[OtlpSettings]:
    """Run a server that handles each connection by a function, and yield the settings for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            for _ in range(connections):
                connected, _ = listening.accept()
                with connected, contextlib.suppress(OSError):
                    serve(connected)

        thread = threading.Thread(target=run)
        thread.start()
        yield OtlpSettings(f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces")
        thread.join()


def test_one_connection_serves_many_requests(backend: Backend) -> None:
    """And says what an exporter says."""
    connection = Connection(backend.settings(headers={"X-Team": "a", "Connection": "close"}))
    for _ in range(3):
        assert connection.post(b"", soon()).status == 200
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
    answer = connection.post(b"", soon())
    connection.close()
    assert (answer.status, answer.body, answer.content_type, answer.retry_after) == (503, b"busy", "text/plain", "7")


def test_a_connection_that_was_closed_is_made_again(backend: Backend) -> None:
    """The request is sent once: the end is noticed before."""
    port = backend.port
    connection = Connection(backend.settings())
    connection.post(b"", soon())
    backend.close()
    second = Backend(port=port)
    assert connection.post(b"", soon()).status == 200
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
        assert [connection.post(b"x", soon()).status for _ in range(2)] == [200, 200]
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
        assert connection.post(b"x", soon()).body == b"abc"
        connection.close()


def test_a_body_without_an_end_is_read_in_part() -> None:
    """The answer is known by then."""

    def serve(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000)

    with server(serve) as settings:
        connection = Connection(settings)
        answer = connection.post(b"x", soon())
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
            connection.post(b"x" * (16 << 20), soon(0.3))
        assert time.monotonic() - started < 4
        connection.close()
        with pytest.raises(TimeoutError):
            connection.post(b"x", soon(-1))


@pytest.mark.parametrize("answer", [b"", b"HTTP", b"SMTP ready\r\n", b"HTTP/1.1 2xx\r\n\r\n"])
def test_what_is_not_http_is_an_error(answer: bytes) -> None:
    """The next request makes another connection."""

    def serve(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(answer)

    with server(serve) as settings, pytest.raises((OSError, HTTPException)):
        Connection(settings).post(b"x", soon())


def test_a_request_can_be_aborted() -> None:
    """By another thread."""
    with server(hang) as settings:
        connection = Connection(settings)
        aborting = threading.Timer(0.1, connection.abort)
        aborting.start()
        with pytest.raises((OSError, HTTPException)):
            connection.post(b"x", soon())
        aborting.join()
        connection.abort()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (OtlpSettings("http://collector:4318"), ["POST / HTTP/1.1", "host: collector:4318"]),
        (OtlpSettings("https://[::1]/a?b=c"), ["POST /a?b=c HTTP/1.1", "host: [::1]"]),
        (OtlpSettings("http://a/", {"User-Agent": "mine", "Host": "b"}), ["host: b", "user-agent: mine"]),
        (OtlpSettings("http://u:p%40@a/"), ["host: a", "authorization: Basic dTpwQA=="]),
        (OtlpSettings("http://u:p@a/", {"Authorization": "Bearer x"}), ["authorization: Bearer x"]),
        (OtlpSettings("http://a/", compression="gzip"), ["content-encoding: gzip"]),
        (
            OtlpSettings("http://u@a:1/b", proxy="http://user:word@proxy:3128"),
            ["POST http://a:1/b HTTP/1.1", "host: a:1", "proxy-authorization: Basic dXNlcjp3b3Jk"],
        ),
        (OtlpSettings("https://a/b", proxy="http://user:word@proxy:3128"), ["POST /b HTTP/1.1", "host: a"]),
    ],
)
def test_the_head_of_a_request(settings: OtlpSettings, expected: list[str]) -> None:
    """Its target, and headers that depend on the settings."""
    lines = request_head(settings).decode().split("\r\n")
    assert set(expected) <= set(lines)
    assert sum(line.startswith("proxy-") for line in lines) == sum(line.startswith("proxy-") for line in expected)


def test_a_tunnel_is_requested_with_the_proxys_password() -> None:
    """The backend never sees it."""
    assert connect_request("::1", 443, "http://proxy:1") == b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"
    assert b"\r\nProxy-Authorization: Basic dTpw\r\n" in connect_request("a", 443, "http://u:p@proxy:1")


def test_a_proxy_is_used(backend: Backend) -> None:
    """For plain HTTP it gets the whole URL."""
    connection = Connection(
        OtlpSettings("http://collector.invalid:4318/v1/traces", proxy=f"http://127.0.0.1:{backend.port}")
    )
    assert connection.post(b"", soon()).status == 200
    connection.close()
    assert backend.paths == ["http://collector.invalid:4318/v1/traces"]
    assert backend.headers[0]["host"] == "collector.invalid:4318"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost` and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


@pytest.fixture
def tls(backend: Backend, certificate: Path) -> Backend:
    """A backend that wants a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    backend.server.socket = context.wrap_socket(backend.server.socket, server_side=True)
    return backend


def test_tls_with_a_clients_certificate(tls: Backend, certificate: Path) -> None:
    """The connection is kept."""
    files = {"certificate": str(certificate), "client_certificate": str(certificate.with_name("cert.pem"))}
    files["client_key"] = str(certificate.with_name("key.pem"))
    connection = Connection(OtlpSettings(f"https://localhost:{tls.port}/v1/traces", **files))  # type: ignore[arg-type]
    assert [connection.post(b"", soon()).status for _ in range(3)] == [200] * 3
    connection.close()
    assert len(set(tls.clients)) == 1


@pytest.mark.parametrize("trusted", ["", "folder", "/no/such/file.pem"])
def test_an_unknown_authority_is_an_error(tls: Backend, trusted: str, tmp_path: Path) -> None:
    """With the usual authorities, those of an empty folder, and those of a file that is missing."""
    certificate = str(tmp_path) if trusted == "folder" else trusted or None
    with pytest.raises(OSError, match=r"."):
        Connection(OtlpSettings(f"https://localhost:{tls.port}/", certificate=certificate)).post(b"", soon())


@pytest.mark.parametrize(("status", "works"), [("200 OK", True), ("407 Authenticate", False)])
def test_tls_through_a_proxy(tls: Backend, certificate: Path, status: str, works: bool) -> None:
    """By a tunnel, which the proxy may refuse."""
    requested: list[bytes] = []

    def serve(connected: socket.socket) -> None:
        requested.append(connected.recv(1000))
        connected.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if works:
            relay(connected, tls.port)

    with server(serve) as proxy:
        settings = OtlpSettings(
            f"https://localhost:{tls.port}/v1/traces",
            certificate=str(certificate),
            client_certificate=str(certificate),
            proxy=proxy.endpoint,
        )
        connection = Connection(settings)
        if works:
            assert connection.post(b"", soon()).status == 200
        else:
            with pytest.raises(OSError, match="the proxy refused the connection: 407 Authenticate"):
                connection.post(b"", soon())
        connection.close()
    assert requested[0].startswith(f"CONNECT localhost:{tls.port} HTTP/1.1\r\n".encode())


def relay(client: socket.socket, port: int) -> None:
    """Copy both ways until the client closes."""
    with socket.create_connection(("localhost", port)) as backend:
        back = threading.Thread(target=copy, args=(backend, client))
        back.start()
        copy(client, backend)
        back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(10_000):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
