import json

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, trace_id
from xray_local.page.start.arrivals import Arrivals, State, arrivals, verdict
from xray_local.state.region import Region


@pytest.mark.parametrize(
    ("seen", "state", "text"),
    [
        (
            Arrivals(),
            "nothing",
            "Nothing has arrived: no datagram, no request with segments or spans",
        ),
        (Arrivals(polls=3), "not sampled", "3 sampling polls, no segment. An SDK is connected"),
        (Arrivals(polls=3, reported=40), "not sampled", "SDKs counted 40 requests; the rules sampled none."),
        (Arrivals(polls=1, reported=9, sampled=2), "not sent", "SDKs sampled 2 of 9 requests and send them elsewhere."),
        (Arrivals(datagrams=5, refused=5, reason="no JSON"), "refused", "5 documents, and none was stored. no JSON."),
        (Arrivals(polls=1, reason="Host: 'x'"), "refused", "Refused before it was read. Host: 'x'."),
        (Arrivals(span_requests=1), "empty", "Requests arrive (1 so far), but without a segment or a span."),
        (Arrivals(datagrams=5, traces=1), "stored", "1 trace stored."),
        (Arrivals(datagrams=5, traces=2, refused=1), "stored", "2 traces stored; 1 document refused."),
    ],
)
def test_the_verdict_says_why_there_are_no_traces(seen: Arrivals, state: State, text: str) -> None:
    """Nothing has arrived, it is refused, or nothing is sampled."""
    found = verdict(seen)
    assert found.state == state
    assert text in found.text


async def test_sampling_polls_and_reports_are_counted(api: Client, region: Region) -> None:
    """As an SDK sends them: it counted four requests and sampled none."""
    document = {"RuleName": "Default", "ClientID": "0" * 24, "Timestamp": NOW, "RequestCount": 4, "SampledCount": 0}
    await api.post("/GetSamplingRules", json={})
    await api.post("/SamplingTargets", json={"SamplingStatisticsDocuments": [document]})
    assert arrivals(region) == Arrivals(polls=1, reported=4)


async def test_requests_with_segments_and_spans_are_counted(api: Client, region: Region) -> None:
    """Refused ones as well, with the last reason."""
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": ["{"]})
    await api.post("/v1/traces", json={})
    seen = arrivals(region)
    assert (seen.segment_requests, seen.span_requests, seen.refused, seen.traces) == (1, 1, 1, 0)
    assert seen.reason


async def test_a_request_by_an_unknown_name_is_refused_with_the_cure(api: Client, region: Region) -> None:
    """A container that sends to this process by a name shows nothing itself."""
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": []}, headers={"Host": "xray.example:2000"})
    assert "--allow-host" in arrivals(region).reason


async def test_what_was_seen_is_forgotten_with_the_traces(api: Client, region: Region) -> None:
    """The start page then says that nothing arrives."""
    segment = {"trace_id": trace_id(1), "id": "00000000000000ab", "name": "a", "start_time": NOW, "end_time": NOW}
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": [json.dumps(segment), "{"]})
    assert arrivals(region).traces == 1
    region.clear_traces()
    assert arrivals(region) == Arrivals()
