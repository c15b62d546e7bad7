"""The example: one trace over four services, in which the last one fails. Pure, but for reading its own file.

`example.json` has its segment documents, with times in seconds from the start of the trace.
"""

import json
from importlib.resources import files
from typing import Any


def documents(trace_id: str, end: float) -> list[dict[str, Any]]:
    """Return the segment documents of the example with that id; the trace ends at `end` (epoch seconds)."""
    segments: list[dict[str, Any]] = json.loads((files("xray_local.ingest") / "example.json").read_text())
    start = end - max(segment["end_time"] for segment in segments)
    return [{"trace_id": trace_id, **_shifted(segment, start)} for segment in segments]


def _shifted(entry: dict[str, Any], start: float) -> dict[str, Any]:
    """Return a segment or subsegment, with what is nested in it, that many seconds later."""
    times = {key: round(start + entry[key], 6) for key in ("start_time", "end_time")}
    nested = [_shifted(subsegment, start) for subsegment in entry.get("subsegments", ())]
    return entry | times | ({"subsegments": nested} if nested else {})
