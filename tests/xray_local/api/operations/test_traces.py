import json
from typing import Any

import pytest

from tests.xray_local.samples import NOW, Clock, body, document, text, trace_id
from xray_local.api import shapes
from xray_local.api.operations import batch_get_traces, get_trace_summaries, put_trace_segments, traces
from xray_local.errors import ApiError
from xray_local.state.region import Region

ALL = {"StartTime": 0, "EndTime": NOW + 1000}


def put(region: Region, *texts: str) -> list[dict[str, Any]]:
    refused: list[dict[str, Any]] = put_trace_segments(region, {"TraceSegmentDocuments": list(texts)})[
        "UnprocessedTraceSegments"
    ]
    return refused


def found(region: Region, **request: Any) -> list[str]:
    return [item["Id"] for item in get_trace_summaries(region, ALL | request)["TraceSummaries"]]


def refusal(region: Region, **request: Any) -> str:
    with pytest.raises(ApiError) as caught:
        get_trace_summaries(region, ALL | request)
    assert caught.value.code == "InvalidRequestException"
    return caught.value.message


def test_refused_documents_are_listed_and_the_rest_is_stored(region: Region) -> None:
    """With their ids, if those are valid."""
    refused = put(region, text(1), "{", text(2, trace_id="1-2-3"), text(3, metadata={"filling": "x" * 65_536}))
    assert [(item.get("Id"), item["ErrorCode"]) for item in refused] == [
        (None, "ParseError"),
        (f"{1:016x}", "InvalidTraceId"),
        (None, "SegmentTooLarge"),
    ]
    assert found(region) == [trace_id(1)]
    assert region.health()["rejected"] == 3


def test_a_call_has_a_limited_number_of_documents(region: Region) -> None:
    """Other requests wait while they are parsed."""
    with pytest.raises(ApiError, match="TraceSegmentDocuments has 5001 members: expected at most 5000"):
        put(region, *[""] * 5001)


def test_documents_beyond_the_limit_of_a_trace_are_refused_and_counted(region: Region) -> None:
    """500 KB, in one request or in many."""
    large = [text(1, number, metadata={"filling": "x" * 60_000}) for number in range(1, 10)]
    assert put(region, *large[:8]) == []
    [refused] = put(region, large[8])
    assert (refused["Id"], refused["ErrorCode"]) == (f"{9:016x}", "TraceSizeLimitExceeded")
    assert region.health()["rejected"] == 1
    [trace] = batch_get_traces(region, {"TraceIds": [trace_id(1)]})["Traces"]
    assert trace["LimitExceeded"] is True


def test_a_trace_is_returned_as_it_was_sent(region: Region) -> None:
    """Each segment with its own text; ids that are not stored are listed."""
    put(region, text(1, 1), text(1, 2, parent_id=f"{1:016x}", end_time=NOW + 3))
    answer = batch_get_traces(region, {"TraceIds": [trace_id(1), trace_id(2), trace_id(1)]})
    [trace] = answer["Traces"]
    assert (trace["Id"], trace["Duration"], trace["LimitExceeded"]) == (trace_id(1), 3.0, False)
    assert [json.loads(item["Document"])["id"] for item in trace["Segments"]] == [f"{1:016x}", f"{2:016x}"]
    assert json.loads(trace["Segments"][0]["Document"]) == body(1)
    assert answer["UnprocessedTraceIds"] == [trace_id(2)]


def test_a_trace_is_compiled(region: Region) -> None:
    """What was sent separately is one document."""
    put(region, text(1, 1), text(1, 2, parent_id=f"{1:016x}", type="subsegment", name="step"))
    [trace] = batch_get_traces(region, {"TraceIds": [trace_id(1)]})["Traces"]
    [segment] = trace["Segments"]
    assert [nested["name"] for nested in json.loads(segment["Document"])["subsegments"]] == ["step"]


def test_a_request_has_at_most_five_trace_ids(region: Region) -> None:
    """AWS's limit, which is not in the model."""
    with pytest.raises(ApiError, match="TraceIds has 6 members: expected at most 5"):
        batch_get_traces(region, {"TraceIds": [trace_id(number) for number in range(6)]})


def test_a_summary_has_the_members_of_the_api(region: Region) -> None:
    """Without a next page there is no token."""
    put(region, text(1, http={"request": {"method": "GET", "url": "http://a/b"}, "response": {"status": 200}}))
    answer = get_trace_summaries(region, ALL)
    [summary] = answer["TraceSummaries"]
    assert set(summary) <= set(shapes.shape("TraceSummary").members)
    assert summary["Http"] == {"HttpMethod": "GET", "HttpURL": "http://a/b", "HttpStatus": 200}
    assert (answer["ApproximateTime"], answer["TracesProcessedCount"]) == (NOW, 1)
    assert "NextToken" not in answer


@pytest.mark.parametrize(
    ("kind", "start", "end", "inside"),
    [
        (None, NOW - 1, NOW + 10, True),
        ("TraceId", NOW + 10, NOW + 60, False),
        ("Service", NOW + 40, NOW + 60, True),
        ("Service", NOW - 1, NOW + 10, False),
        ("Event", NOW + 90, NOW + 110, True),
        ("Event", NOW - 1, NOW + 60, False),
    ],
)
def test_the_range_is_compared_with_start_end_or_update(
    region: Region, clock: Clock, kind: str | None, start: float, end: float, *, inside: bool
) -> None:
    """A trace from NOW to NOW + 50 that arrived at NOW + 100."""
    clock.now = NOW + 100
    put(region, text(1, end_time=NOW + 50))
    assert bool(found(region, StartTime=start, EndTime=end, TimeRangeType=kind)) is inside


def test_windows_that_follow_each_other_have_each_trace_once(region: Region, clock: Clock) -> None:
    """The end of a window is not in it, by any time that the range is compared with."""
    clock.now = NOW + 60
    for number in range(8):
        put(region, text(number + 1, start_time=NOW + number / 4, end_time=NOW + number / 4))
    for kind in ("TraceId", "Service"):
        windows = [found(region, StartTime=NOW + n, EndTime=NOW + n + 1, TimeRangeType=kind) for n in range(2)]
        assert [len(ids) for ids in windows] == [4, 4]
        assert len({*windows[0], *windows[1]}) == 8
    assert found(region, StartTime=NOW + 59, EndTime=NOW + 60.5, TimeRangeType="Event")
    assert found(region, StartTime=NOW + 59, EndTime=NOW + 59.9, TimeRangeType="Event") == []


@pytest.mark.parametrize(("now", "inside"), [(NOW + 0.9, True), (NOW + 1, False)])
def test_an_end_of_now_includes_the_second_that_has_begun(
    region: Region, clock: Clock, now: float, *, inside: bool
) -> None:
    """boto3 truncates the fraction of a datetime."""
    clock.now = now
    put(region, text(1, start_time=NOW + 0.75))
    assert bool(found(region, EndTime=NOW)) is inside


def test_a_filter_expression_selects_traces(region: Region) -> None:
    """By flags, annotations, durations and services."""
    put(region, text(1, fault=True), text(2, annotations={"user": "bob"}), text(3, end_time=NOW + 9))
    assert found(region, FilterExpression="fault") == [trace_id(1)]
    assert found(region, FilterExpression='annotation.user = "bob"') == [trace_id(2)]
    assert found(region, FilterExpression="duration > 5") == [trace_id(3)]
    assert found(region, FilterExpression='service("backend") { fault }') == [trace_id(1)]
    assert len(found(region, FilterExpression="")) == 3


def test_a_filter_that_does_not_parse_names_the_column(region: Region) -> None:
    """The same message as on the command line and on the page."""
    message = "Invalid filter expression: column 19: expected a string after CONTAINS"
    assert refusal(region, FilterExpression="http.url CONTAINS 5") == message


def test_pages_have_every_trace_once(region: Region) -> None:
    """100 on each page."""
    put(region, *(text(number) for number in range(1, 251)))
    ids: list[str] = []
    sizes, request = [], dict(ALL)
    while True:
        answer = get_trace_summaries(region, request)
        sizes.append(len(answer["TraceSummaries"]))
        ids += [item["Id"] for item in answer["TraceSummaries"]]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert sizes == [100, 100, 50]
    assert sorted(ids) == [trace_id(number) for number in range(1, 251)]


def test_a_rare_match_is_on_the_first_page(region: Region) -> None:
    """Columns select it; the traces before it are not examined."""
    region.store.max_traces = 2000
    region.put([document(number, start_time=NOW + number / 1000) for number in range(1, 1102)])
    region.put([document(1, fault=True, start_time=NOW - 1)])
    while region.store.work():
        pass
    answer = get_trace_summaries(region, ALL | {"FilterExpression": "fault"})
    assert ([item["Id"] for item in answer["TraceSummaries"]], answer["TracesProcessedCount"]) == ([trace_id(1)], 1)
    assert "NextToken" not in answer


def test_what_takes_long_is_continued_by_the_token(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may be empty; each one examines something."""
    monkeypatch.setattr(traces, "PAGE_SECONDS", 0.0)
    region.put([document(number, start_time=NOW + number / 1000) for number in range(1, 31)])
    region.put([document(1, fault=True, start_time=NOW - 1)])
    request = ALL | {"FilterExpression": "fault"}
    answer = get_trace_summaries(region, request)
    assert (answer["TraceSummaries"], answer["TracesProcessedCount"]) == ([], 1)
    while not answer["TraceSummaries"]:
        answer = get_trace_summaries(region, request | {"NextToken": answer["NextToken"]})
    assert [item["Id"] for item in answer["TraceSummaries"]] == [trace_id(1)]


@pytest.mark.parametrize("token", ["nonsense", "W10=", "WyJhIiwgImIiXQ==", "e30=", "é"])
def test_a_token_that_is_not_valid_is_refused(region: Region, token: str) -> None:
    """Not base64, not JSON, not a position."""
    assert refusal(region, NextToken=token) == "NextToken is not valid: expected one from the previous response"


def test_a_range_ends_after_its_start(region: Region) -> None:
    """Otherwise the request is refused."""
    assert refusal(region, StartTime=NOW + 1, EndTime=NOW) == "StartTime is after EndTime"


def test_sampling_selects_the_same_share_every_time(region: Region) -> None:
    """By trace id; without Sampling the strategy is ignored."""
    put(region, *(text(number) for number in range(1, 101)))
    strategy = {"Name": "FixedRate", "Value": 0.3}
    sampled = found(region, Sampling=True, SamplingStrategy=strategy)
    assert 15 <= len(sampled) <= 45
    assert found(region, Sampling=True, SamplingStrategy=strategy) == sampled
    assert set(sampled) < set(found(region, Sampling=True, SamplingStrategy=strategy | {"Value": 0.6}))
    assert len(found(region, Sampling=False, SamplingStrategy=strategy)) == 100
    assert len(found(region, Sampling=True)) == 100


def test_a_share_is_from_zero_to_one(region: Region) -> None:
    """Any other number is refused."""
    message = refusal(region, Sampling=True, SamplingStrategy={"Name": "FixedRate", "Value": 30})
    assert message == "SamplingStrategy.Value: 30: expected a number from 0 to 1"
