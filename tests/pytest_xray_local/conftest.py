"""The plugin's own fixture in place of the one that the other suites share, and documents to send."""

import json
import time
from typing import Any

from pytest_xray_local import XRayLocal
from pytest_xray_local.plugin import xray_local

__all__ = ["xray_local"]

TRACE_ID = "1-65a0b1c2-000000000000000000000001"


def segment(number: int, name: str = "shop", **more: Any) -> dict[str, Any]:
    """Return a finished segment of TRACE_ID."""
    now = time.time()
    times = {"start_time": now - 1, "end_time": now}
    return {"trace_id": TRACE_ID, "id": f"{number:016x}", "name": name, **times, **more}


def subsegment(number: int, name: str, *below: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a finished subsegment, `below` what is nested in it."""
    document = segment(number, name, subsegments=list(below), **more)
    del document["trace_id"]
    return document


def put(local: XRayLocal, *documents: dict[str, Any]) -> None:
    """Send segment documents."""
    answer = local.call("TraceSegments", {"TraceSegmentDocuments": list(map(json.dumps, documents))})
    assert answer["UnprocessedTraceSegments"] == []
