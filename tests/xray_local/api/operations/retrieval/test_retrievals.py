import json
from typing import Any

import pytest

from tests.xray_local.samples import NOW, Clock, document, trace_id
from xray_local.api.operations import (
    cancel_trace_retrieval,
    get_retrieved_traces_graph,
    list_retrieved_traces,
    start_trace_retrieval,
)
from xray_local.errors import ApiError
from xray_local.state.region import Region

RANGE = {"StartTime": NOW - 10, "EndTime": NOW + 10}


def start(region: Region, *numbers: int, **more: Any) -> str:
    ids = [trace_id(number) for number in numbers]
    return str(start_trace_retrieval(region, {"TraceIds": ids, **RANGE, **more})["RetrievalToken"])


def listed(region: Region, token: str, **more: Any) -> tuple[str, list[tuple[str, int]]]:
    """Return the status, and each part of each page with the number of its spans."""
    parts: list[tuple[str, int]] = []
    request: dict[str, Any] = {"RetrievalToken": token, **more}
    while True:
        answer = list_retrieved_traces(region, request)
        assert len(answer["Traces"]) <= 5
        parts += [(part["Id"], len(part["Spans"])) for part in answer["Traces"]]
        if "NextToken" not in answer:
            return answer["RetrievalStatus"], parts
        request["NextToken"] = answer["NextToken"]


def test_stored_traces_of_the_range_are_retrieved_at_once(region: Region) -> None:
    """Those that are not stored, or not in the range, are left out."""
    region.put([document(1), document(2), document(3, start_time=NOW + 60, end_time=NOW + 61)])
    assert listed(region, start(region, 1, 2, 3, 4)) == ("COMPLETE", [(trace_id(1), 1), (trace_id(2), 1)])


def test_a_response_has_five_traces_of_a_hundred_spans(region: Region) -> None:
    """As in the model; a larger trace goes on in the next part."""
    region.put([document(1, number) for number in range(1, 251)])
    region.put([document(number) for number in range(2, 9)])
    _, parts = listed(region, start(region, *range(1, 9)))
    assert parts[:3] == [(trace_id(1), 100), (trace_id(1), 100), (trace_id(1), 50)]
    assert len(parts) == 10


def test_a_segment_is_retrieved_as_it_is_or_as_spans(region: Region) -> None:
    """XRAY is the default; OTEL has a span for each subsegment as well."""
    call = {"id": f"{3:016x}", "name": "back", "start_time": NOW, "end_time": NOW + 0.5, "namespace": "remote"}
    region.put([document(1, 1, subsegments=[call])])
    token = start(region, 1)
    [trace] = list_retrieved_traces(region, {"RetrievalToken": token})["Traces"]
    segment, inferred = (json.loads(span["Document"]) for span in trace["Spans"])
    assert (segment["subsegments"][0]["name"], inferred["inferred"]) == ("back", True)
    [trace] = list_retrieved_traces(region, {"RetrievalToken": token, "TraceFormat": "OTEL"})["Traces"]
    spans = [json.loads(span["Document"]) for span in trace["Spans"]]
    assert [(span["spanId"], span.get("parentSpanId"), span["kind"]) for span in spans] == [
        (f"{1:016x}", None, "SERVER"),
        (f"{3:016x}", f"{1:016x}", "CLIENT"),
    ]


def test_the_graph_of_a_retrieval_has_its_services(region: Region) -> None:
    """In the form of GetServiceGraph."""
    region.put([document(1, name="front"), document(2, name="other")])
    answer = get_retrieved_traces_graph(region, {"RetrievalToken": start(region, 1)})
    assert answer["RetrievalStatus"] == "COMPLETE"
    names = {(node["Service"]["Name"], node["Service"]["Type"]) for node in answer["Services"]}
    assert names == {("front", "client"), ("front", "")}


def test_a_cancelled_retrieval_has_no_traces(region: Region) -> None:
    """Its status says so."""
    region.put([document(1)])
    token = start(region, 1)
    assert cancel_trace_retrieval(region, {"RetrievalToken": token}) == {}
    assert listed(region, token) == ("CANCELLED", [])
    assert get_retrieved_traces_graph(region, {"RetrievalToken": token})["Services"] == []


def test_a_retrieval_times_out_after_an_hour(region: Region, clock: Clock) -> None:
    """As in AWS."""
    region.put([document(1)])
    token = start(region, 1)
    clock.now += 3601
    assert listed(region, token) == ("TIMEOUT", [])


def test_the_oldest_of_a_hundred_retrievals_is_forgotten(region: Region, clock: Clock) -> None:
    """The store does not grow by them."""
    tokens = []
    for clock.now in range(int(NOW), int(NOW) + 101):
        tokens.append(start(region))
    with pytest.raises(ApiError) as caught:
        listed(region, tokens[0])
    assert (caught.value.code, caught.value.status) == ("ResourceNotFoundException", 404)
    assert listed(region, tokens[1])[0] == "COMPLETE"


def test_a_range_ends_after_its_start(region: Region) -> None:
    """Otherwise the request is refused."""
    with pytest.raises(ApiError, match="StartTime is after EndTime"):
        start(region, EndTime=0)
