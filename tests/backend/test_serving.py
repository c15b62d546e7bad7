"""gunicorn's hooks."""

import socket
from types import SimpleNamespace

import pytest

from cruddur.readiness import Readiness
from cruddur.serving import address_check, bind_address, follow_worker
from cruddur.settings import Settings


@pytest.mark.parametrize(
    ("host", "bind"), [("127.0.0.1", "127.0.0.1:4567"), ("::1", "[::1]:4567"), ("localhost", "localhost:4567")]
)
def test_an_address_is_written_as_gunicorn_reads_it(host: str, bind: str) -> None:
    """An IPv6 address stands in brackets."""
    assert bind_address(Settings(host=host)) == bind


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the address and the reason."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            address_check(Settings(port=port), {})(None)
    assert caught.value.code == 1
    assert capsys.readouterr().err == f"cruddur: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("variable", ["GUNICORN_FD", "LISTEN_FDS"])
def test_an_inherited_socket_is_not_checked(variable: str) -> None:
    """The address of a socket that is handed over is in use by design."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address_check(Settings(port=taken.getsockname()[1]), {variable: "3"})(None)


def test_the_app_is_ready_while_its_worker_lives() -> None:
    """gunicorn clears `alive` on SIGTERM and before a planned restart."""
    readiness = Readiness()
    worker = SimpleNamespace(alive=True, wsgi=SimpleNamespace(extensions={Readiness.EXTENSION: readiness}))
    follow_worker(worker)
    before = readiness.ready
    worker.alive = False
    assert (before, readiness.ready) == (True, False)
