"""Fixtures that every suite shares: free ports and an emptied xray-local, whose process the pytest plugin runs."""

import gc
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from pytest_xray_local import XRayLocal
from tests.integration.faults.summary import summary
from tools import local_cluster

pytest_plugins = ["pytest_xray_local.plugin"]


def pytest_configure() -> None:
    """Let child processes be interrupted: a shell's background job inherits SIGINT ignored, and hands it on.

    A property has no deadline: how long one input takes says more about the machine than about the code.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("suite", deadline=None)
    settings.load_profile("suite")


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


@pytest.fixture
def xray_local(xray_local_process: XRayLocal) -> XRayLocal:
    """Return the session's xray-local, emptied; unlike the plugin's, with AWS's Default rule and without variables."""
    xray_local_process.reset()
    return xray_local_process


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the fault suite's line; a hook in its own conftest would run in the workers only."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    if line := summary(reports):
        terminalreporter.write_line(line)
