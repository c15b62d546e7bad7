"""The tutorial's steps on one machine: every command runs as it is printed, against xray-local."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.docs.blocks import ROOT, section
from tests.waiting import until
from tools.local_cluster import free_port

PAGE = "docs/tutorial.md"
SECONDS = 60


@pytest.fixture
def environment(xray_local_process: XRayLocal, tmp_path: Path) -> dict[str, str]:
    """Return the variables of a reader whose xray-local listens on other ports, and has only the Default rule."""
    xray_local_process.reset()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | xray_local_process.environment | {"PATH": path, "HOME": str(tmp_path), "BROWSER": "true"}


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[str]:
    """Start the app by the command of step 3 and yield its address."""
    address = f"127.0.0.1:{free_port()}"
    [command] = section(PAGE, "3. Start the app")
    with subprocess.Popen(command.replace("127.0.0.1:4567", address).split(), cwd=ROOT, env=environment) as server:
        until(lambda: _accepts(address), f"the app listens on {address}")
        yield address
        server.terminate()


def _accepts(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


@pytest.mark.process
def test_a_trace_is_read_and_a_rule_is_applied(
    app: str, environment: dict[str, str], xray_local_process: XRayLocal, tmp_path: Path
) -> None:
    """Steps 4 and 5, in one shell; what `explain` prints is on the page."""
    title = "5. Manage sampling rules as files"
    script = "\n".join(["set -euo pipefail", *section(PAGE, "4. Read a trace"), *section(PAGE, title)])
    script = script.replace("127.0.0.1:4567", app).replace("http://127.0.0.1:8900", xray_local_process.api)
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "└ user_notifications" in run.stdout
    assert "+ rule  notifications  priority: 100" in run.stdout
    assert "1 created\n*   100 notifications                    0/s then 0         every property matches" in run.stdout
    assert "no differences" in run.stdout
    xray_local_process.reset()
