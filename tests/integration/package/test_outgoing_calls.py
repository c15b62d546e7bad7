"""An app that calls `patch_all()`: each outgoing call is recorded once on both wires, whoever records it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.integration.package.conftest import Install, stock
from tests.tracing.served import documents, echo, environment, is_span, sample_all, until

pytestmark = pytest.mark.process

SDK_ONLY = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests,botocore,urllib3"}


@pytest.fixture(scope="module")
def patched(install: Install) -> Path:
    """Return the programs of an environment with boto3 and instrumentations of HTTP clients and AWS."""
    names = ("requests", "botocore", "urllib3")
    return install("3.12", "boto3", *(f"opentelemetry-instrumentation-{name}" for name in names))


@pytest.mark.parametrize("variables", [{}, SDK_ONLY], ids=["OpenTelemetry and the SDK", "the SDK"])
def test_each_call_is_recorded_once(
    patched: Path, xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path, variables: dict[str, str]
) -> None:
    """The same two calls on both wires, and the header of the second names the one that was recorded."""
    sample_all(xray_local)
    settings = environment(xray_local, **variables)
    with echo() as url, stock(patched, free_port(), tmp_path, settings, app="patched_app:app") as served:
        answer = served.get(f"/call?url={url}&aws={xray_local.api}")
        until(lambda: len([found for found in documents(xray_local, answer.trace) if is_span(found)]) == 3)
        found = documents(xray_local, answer.trace)
    (segment,) = (document for document in found if not is_span(document))
    calls = {call["name"]: call for call in segment["subsegments"]}
    assert [call["namespace"] for call in calls.values()] == ["aws", "remote"]
    assert all("subsegments" not in call for call in calls.values())
    spans = {document["id"] for document in found if is_span(document)}
    assert spans == {segment["id"], *(call["id"] for call in calls.values())}
    assert answer.body["x-amzn-trace-id"] == f"Root={answer.trace};Parent={calls['127.0.0.1']['id']};Sampled=1"
