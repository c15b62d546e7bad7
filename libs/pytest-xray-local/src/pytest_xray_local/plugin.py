"""The pytest plugin: the fixtures, and the diff of a trace and an expected tree."""

from collections.abc import Iterator

import pytest

from pytest_xray_local.expected import Expected
from pytest_xray_local.process import running
from pytest_xray_local.server import XRayLocal
from pytest_xray_local.trace import Trace

REMOVED = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_SDK_DISABLED",
)
"""Variables that would lead an SDK elsewhere, or send a key to xray-local."""


@pytest.fixture(scope="session")
def xray_local_process() -> Iterator[XRayLocal]:
    """Run one xray-local for the session (with pytest-xdist, one for each worker). It sets no variables."""
    with running() as local:
        yield local


@pytest.fixture
def xray_local(xray_local_process: XRayLocal, monkeypatch: pytest.MonkeyPatch) -> XRayLocal:
    """Return an empty xray-local that samples every request; the environment leads SDKs and AWS clients to it."""
    xray_local_process.reset()
    xray_local_process.sample(1.0)
    for name in REMOVED:
        monkeypatch.delenv(name, raising=False)
    for name, text in xray_local_process.environment.items():
        monkeypatch.setenv(name, text)
    return xray_local_process


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain `trace == entry(...)`, in either order, by the diff of both trees."""
    trace, expected = (right, left) if isinstance(left, Expected) else (left, right)
    if op != "==" or not isinstance(trace, Trace) or not isinstance(expected, Expected):
        return None
    title = f"trace {trace.id} is not the expected tree (- expected, + recorded):"
    return [title, "", *trace.differences(expected)]
