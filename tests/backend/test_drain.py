"""The backend process between SIGTERM and its exit."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cruddur.drain import Drain
from tests.backend.processes import INSTRUMENTED, get, running_backend, to
from tests.backend.sinks import Sinks
from tests.waiting import until

HOME, READYZ = "/api/activities/home", "/readyz"
COMMANDS = {"plain": INSTRUMENTED, "preload": (*INSTRUMENTED[:2], "--preload", *INSTRUMENTED[2:])}
FOREVER = {"CRUDDUR_DRAIN_SECONDS": "3600"}

Ports = Callable[[], int]


@pytest.mark.process
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_sigterm_fails_readiness_and_requests_are_still_answered(
    tmp_path: Path, free_port: Ports, sinks: Sinks, command: tuple[str, ...]
) -> None:
    """Every worker fails readiness; a second SIGTERM stops the process immediately."""
    with running_backend(tmp_path, free_port(), {**to(sinks), **FOREVER}, command) as backend:
        backend.process.terminate()

        def both_fail() -> bool:
            get(backend.url + READYZ)
            return len({line["pid"] for line in backend.requests() if line["status"] == 503}) == 2

        until(both_fail, "readiness has failed in both workers")
        assert [get(backend.url + path) for path in (READYZ, HOME, "/healthz") * 8] == [503, 200, 200] * 8
        assert backend.stop() == 0
    sampled = {line["trace_id"] for line in backend.requests() if line["sampled"]}
    until(lambda: {segment["trace_id"] for segment in sinks.received.segments} == sampled, "every segment has arrived")


@pytest.mark.process
def test_clients_that_respect_readiness_see_no_failure(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """Like a load balancer, they stop sending before the socket closes; all sampled requests arrive at the sinks."""
    with running_backend(tmp_path, free_port(), {**to(sinks), "CRUDDUR_DRAIN_SECONDS": "2"}) as backend:

        def while_it_is_ready() -> list[int]:
            answers = []
            while get(backend.url + READYZ) == 200:
                answers.append(get(backend.url + HOME))
            return answers

        with ThreadPoolExecutor(4) as clients:
            load = [clients.submit(while_it_is_ready) for _ in range(4)]
            until(lambda: len(backend.requests()) > 100, "100 requests have been answered")
            backend.process.terminate()
            answers = [status for client in load for status in client.result()]
        assert backend.process.wait(timeout=30) == 0
    assert set(answers) == {200}
    sampled = {line["otel_trace_id"] for line in backend.requests() if line["sampled"]}
    until(lambda: {span.trace_id for span in sinks.received.spans} == sampled, "every span has arrived")


@pytest.mark.process
def test_the_drain_works_after_a_reload(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """The workers that SIGHUP started also fail readiness."""
    with running_backend(tmp_path, free_port(), {**to(sinks), **FOREVER}) as backend:
        backend.process.send_signal(signal.SIGHUP)
        until(lambda: _events(backend.messages()).count("Worker exiting") == 2, "the old workers have exited")
        backend.process.terminate()
        until(lambda: get(backend.url + READYZ) == 503, "readiness has failed")
        assert [get(backend.url + READYZ) for _ in range(8)] == [503] * 8
        assert backend.stop() == 0


def _events(messages: list[dict[str, str]]) -> list[str]:
    return [message["event"].partition(" (")[0] for message in messages]


def test_a_worker_without_its_own_handlers_forwards_the_signal() -> None:
    """The signal reaches gunicorn's handler and does not affect the other workers."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    stops: list[int] = []
    drain = Drain(3600)
    try:
        drain.before(lambda number, _: stops.append(number))
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0 if stops == [signal.SIGTERM] and not drain.begun else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not drain.begun
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_drain_of_zero_seconds_changes_nothing() -> None:
    """SIGTERM keeps gunicorn's handler."""
    before = signal.getsignal(signal.SIGTERM)
    Drain(0).before(lambda *_: None)
    assert signal.getsignal(signal.SIGTERM) is before
