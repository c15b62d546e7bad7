"""SAM CLI: `sam traces` lists traces and their service graph by the API, from its own virtual environment."""

import json
import time
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.integration.clients.conftest import environment, run
from tests.xray_local.samples import text, trace_id

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def sam() -> Path:
    """Return SAM CLI's program."""
    return environment("sam", "aws-sam-cli", "sam").program("sam")


def test_sam_lists_traces(sam: Path, xray_local: XRayLocal, tmp_path: Path) -> None:
    """The newest ones of the last minutes, and one by its id, as text and as JSON."""
    now = time.time()
    call = {"id": f"{2:016x}", "name": "orders", "namespace": "aws", "start_time": now - 2, "end_time": now - 1}
    document = text(1, name="shop", start_time=now - 3, end_time=now - 1, subsegments=[call])
    xray_local.call("TraceSegments", {"TraceSegmentDocuments": [document]})
    settings = {**xray_local.environment, "SAM_CLI_TELEMETRY": "0"}
    listed = run([str(sam), "traces"], tmp_path, settings)
    assert trace_id(1) in listed
    assert "orders" in listed
    printed = run([str(sam), "traces", "--trace-id", trace_id(1), "--output", "json"], tmp_path, settings)
    [found] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert found["Id"] == trace_id(1)
