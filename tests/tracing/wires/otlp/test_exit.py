"""The end of a process has one deadline, whatever the backend does, and counts what is left."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.otlp.settings import OtlpSettings
from cruddur_tracing.wires.otlp.wire import OtlpWire
from tests.tracing.wires.conftest import SECONDS, wait_until
from tests.tracing.wires.otlp.conftest import Answered, Backend, ended_span, soon

SPANS = 1200  # three requests


def hang(connected: socket.socket) -> None:
    while connected.recv(100_000):
        pass


def reset(connected: socket.socket) -> None:
    connected.recv(100_000)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connected: socket.socket) -> None:
    connected.recv(100_000)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Slow: " + b"x" * 1000:
        connected.sendall(bytes([byte]))
        time.sleep(0.05)


def busy(connected: socket.socket) -> None:
    connected.recv(100_000)
    connected.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 1000\r\nConnection: close\r\n\r\n")


def silent(connected: socket.socket) -> None:
    while not STOP.wait(0.01):
        pass


STOP = threading.Event()


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[OtlpSettings]:
    """Run a server that handles each connection in a thread, and yield the settings for it."""
    STOP.clear()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def handle(connected: socket.socket) -> None:
            with connected, contextlib.suppress(OSError):
                serve(connected)

        def run() -> None:
            with contextlib.suppress(OSError):
                while not STOP.is_set():
                    connected, _ = listening.accept()
                    threads.append(threading.Thread(target=handle, args=(connected,)))
                    threads[-1].start()

        accepting = threading.Thread(target=run)
        accepting.start()
        yield OtlpSettings(f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces")
        STOP.set()
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for thread in threads:
        thread.join()


def fill(wire: OtlpWire) -> None:
    for number in range(SPANS):
        wire.ended(ended_span(str(number), 200))


@pytest.mark.parametrize("serve", [hang, reset, drip, busy, silent])
@pytest.mark.parametrize("wait", [0.0, 0.3])
def test_one_deadline_for_everything(
    serve: Callable[[socket.socket], None], wait: float, failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    """From before the first request, and from the middle of one."""
    with server(serve) as settings:
        wire = OtlpWire(settings, failures)
        fill(wire)
        time.sleep(wait)
        started = time.monotonic()
        wire.shutdown(0.4)
        assert time.monotonic() - started < 3
        assert failures.counts["span.lost"] == SPANS
        assert [message.split(":")[0] for message in caplog.messages].count("span.lost") == 1
        lines = len(caplog.messages)
        wait_until(lambda: "otlp-spans" not in [thread.name for thread in threading.enumerate()])
        assert len(caplog.messages) == lines
    wire.ended(ended_span("late"))
    assert failures.counts["span.lost"] == SPANS + 1


def test_a_backend_that_refuses_connections(failures: Failures) -> None:
    """It may come back within the deadline."""
    backend = Backend()
    port = backend.port
    backend.close()
    wire = OtlpWire(backend.settings(), failures)
    fill(wire)
    started = time.monotonic()
    wire.shutdown(0.5)
    assert time.monotonic() - started < 3
    assert failures.counts["span.lost"] == SPANS
    again = OtlpWire(backend.settings(), failures)
    fill(again)
    made: list[Backend] = []
    back = threading.Timer(0.3, lambda: made.append(Backend(port=port)))
    back.start()
    again.shutdown(10)
    back.join()
    assert len(made[0].names()) == SPANS
    assert failures.counts["span.lost"] == SPANS
    made[0].close()


def test_a_backend_that_answers_gets_everything(backend: Backend, failures: Failures) -> None:
    """Though it is slow."""

    def slowly() -> Answered:
        time.sleep(0.1)
        return Answered()

    backend.answer = slowly
    wire = OtlpWire(backend.settings(), failures)
    fill(wire)
    wire.shutdown(10)
    wire.shutdown(10)
    assert len(backend.names()) == SPANS
    assert failures.counts == {}


def test_an_outage_loses_nothing(failures: Failures) -> None:
    """With ended spans all the time, and the connection cut twice."""
    backends = [Backend()]
    wire = OtlpWire(backends[0].settings(), failures)
    number = 0

    def end_until(done: Callable[[], object]) -> None:
        nonlocal number
        deadline = soon(SECONDS)
        while not done():
            assert time.monotonic() < deadline
            wire.ended(ended_span(str(number)))
            number += 1
            time.sleep(0.0005)

    for outages in (1, 2):
        end_until(lambda: backends[-1].requests)
        backends[-1].close()
        end_until(lambda: failures.counts.get("otlp.unreachable", 0) >= outages)  # noqa: B023 - it is called in this round
        backends.append(Backend(port=backends[0].port))
    wire.shutdown(10)
    backends[-1].close()
    arrived = [name for backend in backends for name in backend.names().elements()]
    assert len(set(arrived)) == number
    assert len(arrived) == number
    assert failures.counts.keys() == {"otlp.unreachable"}
