"""Connections by TLS and through proxies."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from cruddur_tracing.wires.otlp.http.connection import Connection
from cruddur_tracing.wires.otlp.settings import OtlpSettings
from tests.tracing.wires.otlp.conftest import Backend, server, soon


def test_a_proxy_is_used(backend: Backend) -> None:
    """For plain HTTP it gets the whole URL."""
    connection = Connection(
        OtlpSettings("http://collector.invalid:4318/v1/traces", proxy=f"http://127.0.0.1:{backend.port}")
    )
    assert connection.post([b""], soon()).status == 200
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
    assert [connection.post([b""], soon()).status for _ in range(3)] == [200] * 3
    connection.close()
    assert len(set(tls.clients)) == 1


@pytest.mark.parametrize("trusted", ["", "folder", "/no/such/file.pem"])
def test_an_unknown_authority_is_an_error(tls: Backend, trusted: str, tmp_path: Path) -> None:
    """With the usual authorities, those of an empty folder, and those of a file that is missing."""
    certificate = str(tmp_path) if trusted == "folder" else trusted or None
    with pytest.raises(OSError, match=r"."):
        Connection(OtlpSettings(f"https://localhost:{tls.port}/", certificate=certificate)).post([b""], soon())


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
            assert connection.post([b""], soon()).status == 200
        else:
            with pytest.raises(OSError, match="the proxy refused the connection: 407 Authenticate"):
                connection.post([b""], soon())
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
