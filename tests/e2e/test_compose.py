"""compose.yaml, run once: one request, one trace, by way of the real daemon and the real collector."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.backend.processes import get
from tests.e2e.containers import TAG
from tests.waiting import until
from tools.provide import ROOT, tool_path
from xray_local.cli import client

pytestmark = pytest.mark.e2e
PROJECT = "cruddur-e2e"
UP_SECONDS = 300


class Compose:
    """`docker compose` on our file, under a project name and ports of the tests' own."""

    def __init__(self, backend_port: int, page_port: int) -> None:
        self.backend = f"http://127.0.0.1:{backend_port}"
        self.api = f"http://127.0.0.1:{page_port}"
        ports = {"BACKEND_PORT": str(backend_port), "PAGE_PORT": str(page_port)}
        self._environment = {**os.environ, **ports, "TAG": TAG}

    def __call__(self, *arguments: str) -> str:
        """Run a command and return what it wrote; AssertionError with its complaint if it fails."""
        run = subprocess.run(
            [tool_path("docker-compose"), "--project-name", PROJECT, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def states(self) -> dict[str, tuple[str, str]]:
        """Return each service's state and health; a service without a check has no health."""
        rows = [json.loads(line) for line in self("ps", "--all", "--format=json").splitlines()]
        return {row["Service"]: (row["State"], row["Health"]) for row in rows}

    def traces(self) -> list[dict[str, Any]]:
        """Return the summaries of the last hour's traces."""
        now = time.time()
        answer = client.call(self.api, "TraceSummaries", {"StartTime": now - 3600, "EndTime": now + 60})
        return list(answer["TraceSummaries"])

    def segments(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the documents of one trace."""
        (trace,) = client.call(self.api, "_local/traces", {"TraceIds": [trace_id]})["Traces"]
        return [json.loads(segment["Document"]) for segment in trace["Segments"]]


@pytest.fixture(scope="module")
def compose(free_port: Callable[[], int]) -> Iterator[Compose]:
    """Return compose with nothing of an earlier run, and leave nothing."""
    running = Compose(free_port(), free_port())
    try:
        yield running
    finally:
        running("down", "--volumes")


@pytest.mark.parametrize("configs", [["collector"], ["collector", "collector-honeycomb"]], ids=["alone", "honeycomb"])
def test_the_collector_accepts_its_config(compose: Compose, configs: list[str]) -> None:
    """The real collector reads each file, and both merged."""
    variables = ("--env=HONEYCOMB_API_KEY=a-key", "--env=HONEYCOMB_ENDPOINT=https://api.honeycomb.io")
    mounts = [f"--volume={ROOT}/deploy/compose/{name}.yaml:/etc/otelcol/{name}.yaml:ro" for name in configs]
    files = [f"--config=/etc/otelcol/{name}.yaml" for name in configs]
    compose("run", "--rm", "--no-deps", "--quiet-pull", *variables, *mounts, "cruddur-collector", "validate", *files)


def test_one_command_brings_one_trace_by_both_wires(compose: Compose) -> None:
    """The segment comes by the daemon, the spans by the collector; both have the id that the backend logged."""
    compose("up", "--detach", "--no-build", "--wait")
    assert compose.states() == {
        "cruddur-agent": ("running", ""),
        "cruddur-backend": ("running", "healthy"),
        "cruddur-collector": ("running", ""),
        "cruddur-xray-local": ("running", "healthy"),
    }
    # Sampled for sure: X-Ray's default rule lets one request a second through.
    until(lambda: get(f"{compose.backend}/api/activities/home") == 200 and compose.traces(), "a trace is there")
    trace_id = compose.traces()[-1]["Id"]
    until(lambda: len(compose.segments(trace_id)) >= 2, "the trace is there by both wires")
    segments = compose.segments(trace_id)
    assert {document["name"] for document in segments} >= {"backend-flask"}
    assert {document["trace_id"] for document in segments} == {trace_id}
    logged = compose("logs", "--no-log-prefix", "cruddur-backend")
    assert f'"trace_id": "{trace_id}"' in logged
