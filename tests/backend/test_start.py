"""Starting and stopping the backend as a process: errors, signals, leftovers."""

import contextlib
import http.client
import signal
import socket
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backend.processes import GUNICORN, INSTRUMENTED, get, run_to_its_end, running_backend, to
from tests.backend.sinks import Sinks
from tests.waiting import until

pytestmark = pytest.mark.process

Ports = Callable[[], int]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "http", "a whole number from 1 to 65535"),
        ("WEB_CONCURRENCY", "two", "a whole number from 1 to 256"),
    ],
)
@pytest.mark.parametrize("command", [INSTRUMENTED, (*INSTRUMENTED[:2], "--preload", *INSTRUMENTED[2:])])
def test_an_invalid_setting_stops_the_start(
    tmp_path: Path, command: tuple[str, ...], variable: str, value: str, expected: str
) -> None:
    """There is one line on stderr, no traceback, no worker, and exit status 2."""
    done = run_to_its_end(tmp_path, {variable: value}, command)
    assert done.stderr == f"cruddur: {variable}: {value!r}: expected {expected}\n"
    assert (done.stdout, done.returncode) == ("", 2)


@pytest.mark.parametrize("command", [GUNICORN, INSTRUMENTED])
def test_a_port_in_use_is_one_clear_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The line has the address; gunicorn's own eleven lines do not appear."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_to_its_end(tmp_path, {"PORT": str(port)}, command)
    last = [line for line in done.stderr.splitlines() if '"level": "info"' not in line]
    assert last == [f"cruddur: cannot listen on 127.0.0.1:{port}: Address already in use"]
    assert done.returncode == 1


def test_after_sigterm_an_open_connection_gets_503(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """With a worker class that keeps connections, a stopping worker answers a probe on one of them with 503."""
    kept = ("--worker-class", "gthread", "--threads", "2", "--keep-alive", "30")
    port, variables = free_port(), {**to(sinks), "WEB_CONCURRENCY": "1"}
    with running_backend(tmp_path, port, variables, (*INSTRUMENTED[:2], *kept, *INSTRUMENTED[2:])) as backend:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def probe() -> int:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            answer.read()
            return answer.status

        assert probe() == 200
        backend.process.terminate()
        until(lambda: probe() == 503, "the worker is stopping")
        connection.close()
        assert backend.stop() == 0


def test_sigterm_while_the_workers_boot_stops_them(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """A newly forked worker does not miss the signal: the stop does not wait for the graceful timeout."""
    variables = {**to(sinks), "WEB_CONCURRENCY": "4", "CRUDDUR_GRACEFUL_TIMEOUT": "3600"}
    with running_backend(tmp_path, free_port(), variables) as backend:  # ready as soon as the first worker is
        assert backend.stop() == 0


def test_after_sighup_new_workers_answer(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """The master stays, its workers are replaced, and nothing above `info` is logged; after SIGTERM nothing listens."""
    with running_backend(tmp_path, free_port(), to(sinks)) as backend:

        def workers() -> set[int]:
            with contextlib.suppress(ConnectionError):
                get(f"{backend.url}/api/activities/home")
            return {line["pid"] for line in backend.requests()}

        until(lambda: len(workers()) == 2, "both workers have answered")
        backend.process.send_signal(signal.SIGHUP)
        until(lambda: len(workers()) == 4, "both new workers have answered")
        assert backend.stop() == 0
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            get(f"{backend.url}/readyz")
    assert backend.complaints() == []


def test_large_input_is_rejected_and_nothing_is_written(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """A request line beyond gunicorn's limits does not reach the app; the home folder has only this test's logs."""
    with running_backend(tmp_path, free_port(), to(sinks)) as backend:
        assert get(f"{backend.url}/{'x' * 9000}") == 414
        assert get(f"{backend.url}/healthz") == 200
        assert {path.name for path in tmp_path.iterdir()} == {"out.log", "err.log"}
