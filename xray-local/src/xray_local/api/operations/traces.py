"""PutTraceSegments, GetTraceSummaries and BatchGetTraces."""

import zlib
from collections.abc import Mapping
from typing import Any

from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups, paging
from xray_local.errors import invalid
from xray_local.state.region import Region
from xray_local.state.store import RangeBy, Refused
from xray_model.filter_expression import FilterError, parse

PAGE = 100  # summaries in one response
SCANNED_MAX = 1000  # traces examined for one response, so that a rare match cannot block other requests
SEGMENTS_MAX = 5000  # documents in one call, so that no other request waits long; the daemon sends 50
BATCH_MAX = 5  # trace ids that AWS accepts in one BatchGetTraces
_RANGES: dict[str | None, RangeBy] = {None: "start", "TraceId": "start", "Event": "update", "Service": "end"}


def put_trace_segments(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Store segment documents; each one that is refused is listed in the response."""
    count = len(request["TraceSegmentDocuments"])
    if count > SEGMENTS_MAX:
        raise invalid(f"TraceSegmentDocuments has {count} members: expected at most {SEGMENTS_MAX}")
    refused = region.put_segments(request["TraceSegmentDocuments"])
    return {"UnprocessedTraceSegments": [_unprocessed(item) for item in refused]}


def _unprocessed(item: Refused) -> dict[str, Any]:
    return ({"Id": item.id} if item.id else {}) | {"ErrorCode": item.code, "Message": item.message}


def get_trace_summaries(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the newest summaries of the range that match the filter.

    A page may be short or even empty and still have a NextToken. An EndTime in whole
    seconds includes that second, since the SDKs truncate fractions.
    """
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise invalid("StartTime is after EndTime")
    share = _share(request)
    trace_filter = _filter(region, request.get("FilterExpression"))
    token = request.get("NextToken")
    rows = region.store.summaries(
        start,
        end + 1 if end == int(end) else end,
        by=_RANGES[request.get("TimeRangeType")],
        before=_position(token) if token else None,
        limit=SCANNED_MAX,
    )
    found: list[Mapping[str, Any]] = []
    scanned, position = 0, None
    for row in rows:
        if len(found) == PAGE:
            break
        scanned, position = scanned + 1, row.position
        if _is_sampled(row.summary.id, share) and (summary := trace_filter.select(row.summary)) is not None:
            found.append(summary)
    else:
        position = position if scanned == SCANNED_MAX else None
    answer = {"TraceSummaries": found, "ApproximateTime": region.clock(), "TracesProcessedCount": scanned}
    return answer | ({"NextToken": paging.encode(position)} if position else {})


def _filter(region: Region, text: str | None) -> TraceFilter:
    if not text:
        return TraceFilter(None)
    try:
        return TraceFilter(parse(text), groups.expressions(region))
    except FilterError as error:
        raise invalid(f"Invalid filter expression: {error}") from error


def _share(request: Mapping[str, Any]) -> float:
    strategy = request.get("SamplingStrategy") or {}
    share = strategy.get("Value")
    if share is None or not request.get("Sampling"):
        return 1.0
    if not 0 <= share <= 1:
        raise invalid(f"SamplingStrategy.Value: {share}: expected a number from 0 to 1")
    return float(share)


def _is_sampled(trace_id: str, share: float) -> bool:
    # By the id, so that every response has the same traces.
    return zlib.crc32(trace_id.encode()) < share * 2**32


def _position(token: str) -> tuple[float, int]:
    match paging.decode(token):
        case [int() | float() as first, int() as sequence]:
            return float(first), sequence
        case _:
            raise invalid("NextToken is not valid: expected one from the previous response")


def batch_get_traces(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return complete traces with their documents as JSON text.

    An entry that came by both wires has two documents of its id, the segment as it was sent and the span in the form of
    one: what AWS returns for such an entry is not documented.
    """
    trace_ids = request["TraceIds"]
    if len(trace_ids) > BATCH_MAX:
        raise invalid(f"TraceIds has {len(trace_ids)} members: expected at most {BATCH_MAX}")
    traces, missing = [], []
    for trace_id in dict.fromkeys(trace_ids):
        known = region.store.trace(trace_id)
        if known is None:
            missing.append(trace_id)
            continue
        segments = [{"Id": id_, "Document": text} for id_, text in region.store.documents(trace_id)]
        traces.append({"Id": trace_id, "Duration": known[0], "LimitExceeded": known[1], "Segments": segments})
    return {"Traces": traces, "UnprocessedTraceIds": missing}
