"""The program in the pod of `helm test`, run as that pod runs it, on a real backend and a real xray-local."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.backend.processes import Backend, running_backend
from tests.chart.release import Values, container, named, render
from tests.conftest import XRayLocal

pytestmark = pytest.mark.process
SECONDS = 60


def arguments(given: Values | None = None) -> list[str]:
    """Give what the pod's container is started with: program, script, address and options."""
    pod = named(render(given), "Pod", "demo-cruddur-test")
    test = container(pod, "test")
    assert test["command"] == ["python3", "-c"]
    return list(test["args"])


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a Python without the project's packages."""
    command = [sys.executable, "-I", "-S", "-c", script, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def script() -> str:
    """Give the script as it is in the pod."""
    return arguments()[0]


@pytest.fixture(scope="module")
def backend(
    xray_local_process: XRayLocal, free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """Run a backend whose recorders both send to xray-local."""
    to = {
        "AWS_XRAY_DAEMON_ADDRESS": xray_local_process.agent,
        "OTEL_EXPORTER_OTLP_ENDPOINT": xray_local_process.otlp,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with running_backend(tmp_path_factory.mktemp("backend"), free_port(), to) as running:
        yield running


def test_the_pod_asks_the_service_and_xray_local() -> None:
    """The addresses are the Services', and the time is that of the values."""
    assert arguments()[1:] == [
        "http://demo-cruddur-backend:4567/api/activities/home",
        "--seconds=30",
        "--xray=http://demo-cruddur-xray-local:8900",
    ]


def test_without_xray_local_only_the_request_is_tested() -> None:
    """Nobody but AWS knows the trace then."""
    aws: Values = {"xrayLocal.enabled": False, "aws.region": "eu-central-1", "operator.clusterId": "prod"}
    assert arguments(aws)[1:] == ["http://demo-cruddur-backend:4567/api/activities/home", "--seconds=30"]


def test_without_the_sdk_no_segment_is_expected() -> None:
    """OpenTelemetry's spans are, as before."""
    assert arguments({"tracing.xraySdk.enabled": False})[-1] == "--no-segment"


def test_one_request_becomes_one_trace(script: str, backend: Backend, xray_local: XRayLocal) -> None:
    """Each step is a line that says what was seen."""
    done = run(script, f"{backend.url}/api/activities/home", "--xray", xray_local.api)
    assert (done.returncode, done.stderr) == (0, "")
    request, trace = done.stdout.splitlines()
    assert request.startswith(f"ok: GET {backend.url}/api/activities/home with the trace id 1-")
    assert request.endswith("was answered with 200")
    assert trace.startswith("ok: xray-local has 1 segments of the X-Ray SDK and ")


def test_a_request_alone_is_enough_without_xray_local(script: str, backend: Backend) -> None:
    """The output says what was not looked at."""
    done = run(script, f"{backend.url}/api/activities/home")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1] == "xray-local is off: where the trace went is not looked at"


def test_a_path_that_is_not_traced_fails(script: str, backend: Backend, xray_local: XRayLocal) -> None:
    """The message names both recorders, and whose pods to look at."""
    done = run(script, f"{backend.url}/healthz", "--xray", xray_local.api, "--seconds", "1")
    assert done.returncode == 1
    assert done.stderr.startswith("failed: 1-")
    assert done.stderr.endswith(
        " has no segment of the X-Ray SDK (look at the agent's pods) and no span of OpenTelemetry "
        "(look at the collector's pods) in xray-local after 1 s\n"
    )


def test_a_segment_that_should_not_be_there_fails(script: str, backend: Backend, xray_local: XRayLocal) -> None:
    """The SDK is said to be off, and records."""
    done = run(script, f"{backend.url}/api/activities/home", "--xray", xray_local.api, "--no-segment")
    assert done.returncode == 1
    assert done.stderr.endswith(" has 1 segments of the X-Ray SDK, expected none: it is off\n")


def test_a_bad_answer_fails(script: str, backend: Backend) -> None:
    """The message names the address and the answer."""
    done = run(script, f"{backend.url}/api/nothing", "--seconds", "0.1")
    assert done.returncode == 1
    assert done.stderr == (
        f"failed: GET {backend.url}/api/nothing was answered with 404 after 0.1 s, expected 200; "
        "look at the backend's pods\n"
    )


def test_nobody_at_the_address_fails(script: str, free_port: Callable[[], int]) -> None:
    """A refused connection is named as such."""
    done = run(script, f"http://127.0.0.1:{free_port()}/", "--seconds", "0.1")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr


def test_the_image_is_the_backends_unless_another_is_named() -> None:
    """Its digest belongs to its own repository and tag."""
    digest, other = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    backend: Values = {"backend.image.repository": "r/app", "backend.image.tag": "1", "backend.image.digest": digest}
    for given, image in (
        ({}, "cruddur-backend:0.1.0"),
        (backend, f"r/app:1@{digest}"),
        ({**backend, "tests.image.tag": "2"}, "r/app:2"),
        ({**backend, "tests.image.repository": "python", "tests.image.tag": "3.13-slim"}, "python:3.13-slim"),
        ({**backend, "tests.image.digest": other}, f"r/app:1@{other}"),
    ):
        pod = named(render(given), "Pod", "demo-cruddur-test")
        assert container(pod, "test")["image"] == image


def test_the_test_goes_with_the_backend() -> None:
    """Without one there is nothing to request."""
    assert [one for one in render({"backend.enabled": False}) if one["kind"] == "Pod"] == []


def test_the_script_is_the_charts_file(script: str) -> None:
    """What ruff and mypy read is what runs."""
    assert script == Path("charts/cruddur/files/one_trace.py").read_text()
