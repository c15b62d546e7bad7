"""What SIGTERM does to the containers: readiness fails, what runs is ended, what is recorded is sent."""

import json
import socket
import urllib.error
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_xray_local import XRayLocal
from tests.backend.processes import get
from tests.backend.sinks import running_sinks
from tests.e2e.containers import HARDENED, Container, image, running
from tests.waiting import until
from tools import local_cluster
from xray_local.cli import client

pytestmark = pytest.mark.e2e
HOME, READYZ = "/api/activities/home", "/readyz"
Ports = Callable[[], int]


def _answers(url: str, container: Container) -> Callable[[], bool]:
    """Return a question for `until`: does the address answer 200?"""

    def ask() -> bool:
        try:
            return get(url) == 200
        except (urllib.error.URLError, ConnectionError):
            assert container.is_running(), container.everything()
            return False

    return ask


def _half_a_request(port: int) -> socket.socket:
    """Begin a request whose body never comes."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
    return connection


def test_the_backend_fails_no_request_and_loses_nothing(free_port: Ports) -> None:
    """Under load of clients that heed readiness, every request is answered and arrives by both wires."""
    port = free_port()
    with running_sinks() as sinks:
        environment = {
            "PORT": str(port),
            "AWS_REGION": "us-east-1",
            "AWS_XRAY_DAEMON_ADDRESS": sinks.agent,
            "OTEL_EXPORTER_OTLP_ENDPOINT": sinks.otlp,
        }
        with running(image("cruddur-backend"), environment=environment) as container:
            url = f"http://127.0.0.1:{port}"
            until(_answers(url + READYZ, container), "the backend is ready")

            def while_it_is_ready() -> list[int]:
                answers = []
                while get(url + READYZ) == 200:
                    answers.append(get(url + HOME))
                return answers

            with ThreadPoolExecutor(4) as clients:
                load = [clients.submit(while_it_is_ready) for _ in range(4)]
                until(lambda: len(container.out()) > 100, "100 requests have been answered")
                container.signal("TERM")
                answers = [status for client in load for status in client.result()]
            assert container.wait() == 0
            requests = [json.loads(line) for line in container.out()]
        assert set(answers) == {200}
        assert len([line for line in requests if line["path"] == HOME]) == len(answers)
        sampled = {line["trace_id"]: line["otel_trace_id"] for line in requests if line["sampled"]}
        received = sinks.received
        until(
            lambda: {segment["trace_id"] for segment in received.segments} == set(sampled), "every segment has arrived"
        )
        assert {span.trace_id for span in received.spans} == set(sampled.values())


def test_xray_local_keeps_what_had_arrived(tmp_path: Path, free_port: Ports) -> None:
    """Datagrams sent right before SIGTERM are stored; a request that never ends does not hold it up."""
    tmp_path.chmod(0o777)  # the container's user is another
    options = (*HARDENED, f"--volume={tmp_path}:/data")
    ports = {"agent": free_port(), "api": free_port(), "otlp": free_port()}
    command = ["serve", "--db=/data/traces.db", *(f"--{name}-port={port}" for name, port in ports.items())]
    api = f"http://127.0.0.1:{ports['api']}"
    with running(image("xray-local"), *command, options=options) as container:
        until(_answers(f"{api}/_local/health", container), "xray-local is healthy")
        with _half_a_request(ports["api"]), socket.socket(type=socket.SOCK_DGRAM) as sender:
            for number in range(200):
                sender.sendto(_segment(number), ("127.0.0.1", ports["agent"]))
            assert container.stop(10) == 0
    with running(image("xray-local"), *command, options=options) as container:
        until(_answers(f"{api}/_local/health", container), "xray-local is healthy")
        assert len(_summaries(api)) == 200


def _segment(number: int) -> bytes:
    trace_id = f"1-65f0a000-{number:024x}"
    times = {"start_time": 1710268416.0, "end_time": 1710268416.5}
    document = {"name": "shop", "id": f"{number + 1:016x}", "trace_id": trace_id, **times}
    return b'{"format": "json", "version": 1}\n' + json.dumps(document).encode()


def _summaries(api: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"StartTime": 1710268000, "EndTime": 1710269000}
    while True:
        page = client.call(api, "TraceSummaries", asked)
        found += page["TraceSummaries"]
        if not page.get("NextToken"):
            return found
        asked["NextToken"] = page["NextToken"]


def test_the_operator_ends_by_itself(tmp_path: Path, free_port: Ports, xray_local: XRayLocal) -> None:
    """It has the chart's rights on a real API server; within the ten seconds that Docker gives, it exits with 0."""
    with local_cluster.running(tmp_path / "cluster") as started:
        account = started.operator_client()
        kubeconfig = account.kubeconfig(tmp_path / "kubeconfig")
        mounts = [f"--volume={file}:{file}:ro" for file in (kubeconfig, account.ca)]
        port = free_port()
        environment = {
            "KUBECONFIG": str(kubeconfig),
            "XRAY_OPERATOR_LISTEN": f"127.0.0.1:{port}",
            "AWS_ENDPOINT_URL_XRAY": xray_local.api,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
        }
        with running(image("xray-operator"), environment=environment, options=(*HARDENED, *mounts)) as operator:
            until(_answers(f"http://127.0.0.1:{port}/readyz", operator), "the operator is ready")
            with _half_a_request(port):
                assert operator.stop(10) == 0
