"""PutTraceSegments, GetTraceSummaries and BatchGetTraces."""

import zlib
from collections.abc import Mapping
from typing import Any

from xray_local.api.operations import groups, paging
from xray_local.errors import invalid
from xray_local.state.region import Service
from xray_local.state.store import RangeBy
from xray_local.traces.documents import Document, SegmentError, parse_segment
from xray_model.filter_expression import Expression, FilterError, matches, parse

PAGE = 100  # summaries in one answer
SCANNED = 1000  # traces looked at for one answer, so that a rare match cannot hold up everybody else
TRACES_A_CALL = 5  # what AWS takes in one BatchGetTraces
_RANGES: dict[str | None, RangeBy] = {None: "start", "TraceId": "start", "Event": "update", "Service": "end"}


def put_trace_segments(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Store segment documents; what cannot be stored is answered one by one, and the rest is stored."""
    documents: list[Document] = []
    refused: list[dict[str, Any]] = []
    for text in request["TraceSegmentDocuments"]:
        try:
            documents.append(parse_segment(text))
        except SegmentError as error:
            service.counters["rejected"] += 1
            refused.append(_unprocessed(error.segment_id, error.code, error.message))
    refused += [_unprocessed(one.id, one.code, one.message) for one in service.put(documents)]
    return {"UnprocessedTraceSegments": refused}


def _unprocessed(segment_id: str | None, code: str, message: str) -> dict[str, Any]:
    return ({"Id": segment_id} if segment_id else {}) | {"ErrorCode": code, "Message": message}


def get_trace_summaries(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give the newest summaries of the range that the filter holds for.

    A page may be shorter than the next one, even empty, while NextToken says that there is more. An EndTime in whole
    seconds includes its second, since the SDKs cut the fraction off.
    """
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise invalid("StartTime is after EndTime")
    share = _share(request)
    expression = _expression(request.get("FilterExpression"))
    token = request.get("NextToken")
    rows = service.store.summaries(
        start,
        end + 1 if end == int(end) else end,
        by=_RANGES[request.get("TimeRangeType")],
        before=_position(token) if token else None,
        most=SCANNED,
    )
    known = groups.expressions(service) if expression else []
    found: list[dict[str, Any]] = []
    scanned, more = 0, len(rows) == SCANNED
    for row in rows:
        scanned += 1
        if not _is_sampled(row.summary["Id"], share):
            continue
        if expression is None or matches(expression, {**row.summary, "_groups": _member_of(known, row.summary)}):
            found.append(_public(row.summary))
        if len(found) == PAGE:
            more = more or scanned < len(rows)
            break
    answer = {"TraceSummaries": found, "ApproximateTime": service.clock(), "TracesProcessedCount": scanned}
    return answer | ({"NextToken": paging.encode(rows[scanned - 1].position)} if more else {})


def _expression(text: str | None) -> Expression | None:
    if not text:
        return None
    try:
        return parse(text)
    except FilterError as error:
        raise invalid(f"Invalid filter expression: {error}") from error


def _share(request: Mapping[str, Any]) -> float:
    strategy = request.get("SamplingStrategy") or {}
    share = strategy.get("Value")
    if share is None or not request.get("Sampling"):
        return 1.0
    if not 0 <= share <= 1:
        raise invalid(f"SamplingStrategy.Value is {share}, expected a number from 0 to 1")
    return float(share)


def _is_sampled(trace_id: str, share: float) -> bool:
    # By the id, so that a trace that is in one answer is in the next one too.
    return zlib.crc32(trace_id.encode()) < share * 2**32


def _position(token: str) -> tuple[float, int]:
    match paging.decode(token):
        case [int() | float() as first, int() as sequence]:
            return float(first), sequence
        case _:
            raise invalid("NextToken is not one that this service has given")


def _member_of(known: list[tuple[dict[str, Any], Expression]], summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [group for group, expression in known if matches(expression, summary)]


def _public(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if not key.startswith("_")}


def batch_get_traces(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give whole traces with their documents as JSON text."""
    trace_ids = request["TraceIds"]
    if len(trace_ids) > TRACES_A_CALL:
        raise invalid(f"TraceIds has {len(trace_ids)} members, expected at most {TRACES_A_CALL}")
    traces, missing = [], []
    for trace_id in dict.fromkeys(trace_ids):
        known = service.store.trace(trace_id)
        if known is None:
            missing.append(trace_id)
            continue
        segments = [{"Id": id_, "Document": text} for _, id_, text in service.store.documents(trace_id)]
        traces.append({"Id": trace_id, "Duration": known[0], "LimitExceeded": known[1], "Segments": segments})
    return {"Traces": traces, "UnprocessedTraceIds": missing}
