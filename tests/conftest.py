"""Fixtures that every suite shares: free ports and a real xray-local process."""

import gc
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.faults.summary import summary
from tools import local_cluster

START_SECONDS = 30


def pytest_configure() -> None:
    """Let child processes be interrupted: a shell's background job inherits SIGINT ignored, and hands it on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _close_the_sdks_socket() -> None:
    """Close the socket that the X-Ray SDK opens when it is imported, and never closes."""
    if sdk := sys.modules.get("aws_xray_sdk.core"):
        sdk.xray_recorder.emitter._socket.close()


@pytest.fixture(scope="session", autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """Fail at the end of the run if a socket is open or a child process runs: Python's own warning comes too late."""
    yield
    _close_the_sdks_socket()
    gc.collect()
    found = gc.get_objects()
    sockets = [found_socket for found_socket in found if issubclass(type(found_socket), socket.socket)]
    assert [left for left in sockets if left.fileno() >= 0] == []
    processes = [process for process in found if issubclass(type(process), subprocess.Popen)]
    assert [process.args for process in processes if process.returncode is None] == []


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Return a function that returns a free TCP port."""
    return local_cluster.free_port


@dataclass(frozen=True, slots=True)
class XRayLocal:
    """A running xray-local: `api` and `otlp` are URLs, `agent` (UDP and TCP) and `grpc` are host:port."""

    api: str
    agent: str
    otlp: str
    grpc: str = ""

    def reset(self) -> None:
        """Empty the store, the scripted faults and the log of calls."""
        request = urllib.request.Request(f"{self.api}/_local/reset", method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass


def _parse_ready(line: str) -> XRayLocal:
    word, *pairs = line.split()
    if word != "ready":
        raise RuntimeError(f"xray-local's first line was {line!r}, expected one that begins with 'ready'")
    return XRayLocal(**dict(pair.split("=", 1) for pair in pairs))


@pytest.fixture(scope="session")
def xray_local_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XRayLocal]:
    """Run one `xray-local serve` on free ports for the whole session."""
    errors: Path = tmp_path_factory.mktemp("xray-local") / "stderr.log"
    command = [sys.executable, "-m", "xray_local", "serve", "--api-port", "0", "--agent-port", "0", "--otlp-port", "0"]
    with errors.open("w") as stderr, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        if not line:
            run.wait(timeout=START_SECONDS)
            raise RuntimeError(f"xray-local did not start: {errors.read_text()}")
        try:
            yield _parse_ready(line)
        finally:
            run.terminate()
            run.wait(timeout=START_SECONDS)


@pytest.fixture
def xray_local(xray_local_process: XRayLocal) -> XRayLocal:
    """Return the session's xray-local, emptied."""
    xray_local_process.reset()
    return xray_local_process


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the fault suite's line; a hook in its own conftest would run in the workers only."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    if line := summary(reports):
        terminalreporter.write_line(line)
