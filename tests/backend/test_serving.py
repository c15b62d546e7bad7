"""gunicorn's hooks."""

import signal
import socket
from collections.abc import Callable
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from cruddur.readiness import Readiness
from cruddur.serving import Hooks, bind_address
from cruddur.settings import Settings


@pytest.mark.parametrize(
    ("host", "bind"), [("127.0.0.1", "127.0.0.1:4567"), ("::1", "[::1]:4567"), ("localhost", "localhost:4567")]
)
def test_an_address_has_gunicorn_s_format(host: str, bind: str) -> None:
    """An IPv6 address has brackets."""
    assert bind_address(Settings(host=host)) == bind


def test_a_port_in_use_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the address and the reason."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            Hooks(Settings(port=port), {}).on_starting(None)
    assert caught.value.code == 1
    assert capsys.readouterr().err == f"cruddur: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("variable", ["GUNICORN_FD", "LISTEN_FDS"])
def test_an_inherited_socket_is_not_checked(variable: str) -> None:
    """The address of an inherited socket is always in use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        Hooks(Settings(port=taken.getsockname()[1]), {variable: "3"}).on_starting(None)


def _worker() -> SimpleNamespace:
    return SimpleNamespace(alive=True, wsgi=SimpleNamespace(extensions={Readiness.EXTENSION: Readiness()}))


def test_the_app_is_ready_while_its_worker_is_alive() -> None:
    """gunicorn clears `alive` on SIGTERM and before a planned restart."""
    worker = _worker()
    readiness = worker.wsgi.extensions[Readiness.EXTENSION]
    Hooks(Settings(), {}).post_worker_init(worker)
    before = readiness.ready
    worker.alive = False
    assert (before, readiness.ready) == (True, False)


@pytest.mark.parametrize(
    ("queued", "alive"),
    [([], True), ([signal.SIGCHLD], True), ([signal.SIGCHLD, signal.SIGTERM], False), ([signal.SIGQUIT], False)],
)
def test_a_worker_stops_for_a_signal_from_before_it_was_ready(
    free_port: Callable[[], int], queued: list[int], alive: bool
) -> None:
    """The signal is in the queue that the worker inherits from its master."""
    hooks, queue, worker = Hooks(Settings(port=free_port()), {}), SimpleQueue[int](), _worker()
    hooks.on_starting(SimpleNamespace(SIG_QUEUE=queue))
    for number in queued:
        queue.put(number)
    hooks.post_worker_init(worker)
    assert worker.alive is alive
