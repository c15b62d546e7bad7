"""The package as a user installs it: a stock app's requests are one trace on both wires, without a line in the app."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_xray_local import XRayLocal
from tests.integration.package.conftest import Install, stock
from tests.tracing.served import Served, documents, environment, is_span, sample_all, until
from tools.pythons import SUPPORTED

pytestmark = pytest.mark.process

AWS = {"OTEL_PYTHON_DISTRO": "aws_distro", "OTEL_PYTHON_CONFIGURATOR": "aws_configurator"}


@pytest.fixture(scope="module")
def adot(install: Install) -> Path:
    """Return the programs of an environment with AWS's distro."""
    return install("3.12", "aws-opentelemetry-distro")


def tree(document: dict[str, Any]) -> Any:
    """Return the ids of a document and of what is in it, by name."""
    return {document["name"]: (document["id"], [tree(child) for child in document.get("subsegments", ())])}


def one_trace(local: XRayLocal, served: Served) -> None:
    """Assert that a request is one tree, the same one on both wires."""
    trace = served.get().trace
    until(lambda: len(documents(local, trace)) == 4)
    found = documents(local, trace)
    (segment,) = (document for document in found if not is_span(document))
    spans = {document.get("parent_id"): document for document in found if is_span(document)}
    root = spans[None]
    span = spans[root["id"]]
    subsegment = spans[span["id"]]
    assert tree(segment) == {"stock": (root["id"], [{"span": (span["id"], [{"subsegment": (subsegment["id"], [])}])}])}
    assert segment["subsegments"][0]["subsegments"][0]["annotations"] == {"key": "value"}
    assert subsegment["annotations"] == {"key": "value"}
    assert "Traceback" not in served.log.read_text()


def names(document: dict[str, Any]) -> Any:
    """Return the names of what is in a document, with what is in each."""
    return {child["name"]: names(child) for child in document.get("subsegments", ())}


def asynchronous_view(local: XRayLocal, served: Served) -> None:
    """Assert that what tasks record at the same time is nested in their request, on both wires."""
    trace = served.get("/gathered").trace
    until(lambda: len(documents(local, trace)) == 7)
    found = documents(local, trace)
    (segment,) = (document for document in found if not is_span(document))
    assert names(segment) == {"parts": {"part 1": {"span 1": {}}, "part 2": {"span 2": {}}}}
    spans = {document["id"]: document for document in found if is_span(document)}
    above = {span["name"]: spans[span["parent_id"]]["name"] for span in spans.values() if "parent_id" in span}
    below = {"part 1": "parts", "part 2": "parts", "span 1": "part 1", "span 2": "part 2"}
    assert {name: above[name] for name in below} == below


@pytest.fixture(scope="module", params=SUPPORTED)
def newest(install: Install, request: pytest.FixtureRequest) -> Path:
    """Return the programs of an environment with the newest version of everything."""
    return install(request.param)


def test_on_each_python(newest: Path, xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path) -> None:
    """Both wires, and nothing in the log that worries."""
    sample_all(xray_local)
    with stock(newest, free_port(), tmp_path, environment(xray_local)) as served:
        one_trace(xray_local, served)
        asynchronous_view(xray_local, served)


def test_the_end_on_each_python(newest: Path, free_port: Callable[[], int], tmp_path: Path) -> None:
    """Whether or not threads can be started then: both wires have their time, and what is left is counted."""
    away = {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{free_port()}"}
    away["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{free_port()}"
    with stock(newest, free_port(), tmp_path, away) as served:
        for _ in range(5):
            served.get(X_Amzn_Trace_Id="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
        served.process.terminate()
        began = time.monotonic()
        served.process.wait(timeout=30)
        assert time.monotonic() - began < 8
    log = served.log.read_text()
    assert dict(re.findall(r"^(\w+\.lost): .*, (\d+) in all", log, re.MULTILINE)) == {
        "segment.lost": "5",
        "span.lost": "15",
    }
    assert "Traceback" not in log


def test_with_the_oldest_versions(
    install: Install, xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path
) -> None:
    """The lower ends of all ranges in pyproject.toml."""
    sample_all(xray_local)
    programs = install("3.12", "--resolution=lowest-direct")
    with stock(programs, free_port(), tmp_path, environment(xray_local)) as served:
        one_trace(xray_local, served)


@pytest.mark.parametrize("named", [{}, AWS], ids=["ours", "AWS's"])
def test_beside_the_adot_distro(
    adot: Path, xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path, named: dict[str, str]
) -> None:
    """With its own versions of OpenTelemetry, whether its variables are set or not."""
    sample_all(xray_local)
    with stock(adot, free_port(), tmp_path, environment(xray_local, **named)) as served:
        one_trace(xray_local, served)
