"""The `docker run` lines of docs/images.md, as they are there but for the ports of the host."""

import json
import re
import shlex
import urllib.error
import urllib.request

import pytest

from tests.e2e.containers import TAG, docker
from tests.waiting import until
from tools.dist.parts import workspace_version
from tools.local_cluster import free_port
from tools.provide import ROOT

LINES = re.findall(r"^docker (run .*)$", (ROOT / "docs/images.md").read_text(), re.MULTILINE)

pytestmark = pytest.mark.e2e


def _words(image: str) -> list[str]:
    """Return the words of the line that runs an image, with the tag that is tested."""
    (line,) = [line for line in LINES if f" {image}:" in line]
    return shlex.split(line.replace(f":{workspace_version()}", f":{TAG}").replace("$PWD", str(ROOT)))


def _health(port: int) -> dict[str, int]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_local/health", timeout=5) as answer:
            found: dict[str, int] = json.load(answer)
    except (OSError, urllib.error.URLError):
        return {}
    return found


def test_xray_local_answers_on_the_published_port() -> None:
    """A call to the container's address is not refused."""
    page = free_port()
    run, *words = _words("xray-local")
    assert "127.0.0.1:8900:8900" in words
    ports = {"8900": page, "2000": free_port(), "4318": free_port()}
    published = [re.sub(r"^127\.0\.0\.1:(\d+)", lambda port: f"127.0.0.1:{ports[port[1]]}", word) for word in words]
    container = docker(run, "--detach", *published).strip()
    try:
        assert until(lambda: _health(page), "xray-local answers")["traces"] == 0
    finally:
        docker("stop", container)


def test_the_operators_command_line_reads_mounted_files() -> None:
    """It explains the rule for a request without AWS."""
    assert "backend-flask" in docker(*_words("xray-operator"))
