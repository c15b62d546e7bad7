"""PutTraceSegments, GetTraceSummaries and BatchGetTraces."""

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xray_local.api import rendering
from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups, paging
from xray_local.errors import invalid
from xray_local.ingest.texts import put_texts
from xray_local.state.region import Region
from xray_local.state.store import Position, RangeBy, Refused, Selection, TraceRow
from xray_local.traces.compiled import compiled
from xray_model.filter_expression import FilterError, parse

PAGE = 100  # summaries in one response
SEGMENTS_MAX = 5000  # documents in one call, so that no other request waits long; the daemon sends 50
PAGE_SECONDS = 0.25  # of CPU time, of looking for a page's matches, so that a rare match cannot block other requests
BATCH_MAX = 5  # trace ids that AWS accepts in one BatchGetTraces
_RANGES: dict[str | None, RangeBy] = {None: "start", "TraceId": "start", "Event": "update", "Service": "end"}


def put_trace_segments(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Store segment documents, and spans in the form of text; each one that is refused is listed in the response."""
    count = len(request["TraceSegmentDocuments"])
    if count > SEGMENTS_MAX:
        raise invalid(f"TraceSegmentDocuments has {count} members: expected at most {SEGMENTS_MAX}")
    refused = put_texts(region, request["TraceSegmentDocuments"])
    return {"UnprocessedTraceSegments": [_unprocessed(item) for item in refused]}


def _unprocessed(item: Refused) -> dict[str, Any]:
    return ({"Id": item.id} if item.id else {}) | {"ErrorCode": item.code, "Message": item.message}


def get_trace_summaries(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the newest summaries of the range that match the filter.

    A page may be short or even empty and still have a NextToken. EndTime is not part of the range, so that windows that
    follow each other have each trace once.
    """
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise invalid("StartTime is after EndTime")
    by = _RANGES[request.get("TimeRangeType")]
    chosen = _filter(region, request.get("FilterExpression"))
    selection = Selection(start, _until(end, region.clock()), by, chosen)
    token = request.get("NextToken")
    rows, position, examined = _page(region, selection, _share(request), trace_position(token) if token else None)
    answer = {
        "TraceSummaries": [rendering.trace_summary(row.summary) for row in rows],
        "ApproximateTime": region.clock(),
        "TracesProcessedCount": examined,
    }
    return answer | ({"NextToken": paging.encode(position)} if position else {})


def _until(end: float, now: float) -> float:
    """Return where the range ends: the SDKs truncate to seconds, so that an EndTime of now means the whole second."""
    return end + 1 if end == int(now) else end


def _page(
    region: Region, selection: Selection, share: float, position: Position | None
) -> tuple[list[TraceRow], Position | None, int]:
    """Return a page of sampled matches, where the next one begins, and how many traces were examined."""
    end = time.process_time() + PAGE_SECONDS
    rows: list[TraceRow] = []
    examined = 0
    while True:
        seconds = end - time.process_time()
        page = region.store.find(selection, before=position, limit=PAGE - len(rows), seconds=seconds)
        rows += [row for row in page.rows if _is_sampled(row.summary.id, share)]
        position, examined = page.next, examined + page.examined
        if position is None or len(rows) == PAGE or seconds < 0:
            return rows, position, examined


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


def trace_position(token: str) -> Position:
    """Return the position that the token of a list of traces holds."""
    match paging.decode(token):
        case [int() | float() as first, int() as sequence]:
            return float(first), sequence
        case _:
            raise invalid("NextToken is not valid: expected one from the previous response")


def batch_get_traces(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return complete traces, compiled: a document for each segment, with inferred ones, as JSON text."""
    return _traces(region, request["TraceIds"], lambda trace_id: compiled(region.store.parsed(trace_id)))


def stored_traces(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the same with the documents as they were sent, spans in the form of documents."""
    return _traces(region, request["TraceIds"], region.store.documents)


def _traces(
    region: Region, trace_ids: Sequence[str], documents: Callable[[str], list[tuple[str, str]]]
) -> dict[str, Any]:
    if len(trace_ids) > BATCH_MAX:
        raise invalid(f"TraceIds has {len(trace_ids)} members: expected at most {BATCH_MAX}")
    traces, missing = [], []
    for trace_id in dict.fromkeys(trace_ids):
        known = region.store.trace(trace_id)
        if known is None:
            missing.append(trace_id)
            continue
        segments = [{"Id": id_, "Document": text} for id_, text in documents(trace_id)]
        traces.append({"Id": trace_id, "Duration": known[0], "LimitExceeded": known[1], "Segments": segments})
    return {"Traces": traces, "UnprocessedTraceIds": missing}
