from typing import Any

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.api.operations import create_group, get_service_graph, get_trace_graph
from xray_local.errors import ApiError
from xray_local.state.region import ACCOUNT_ID, Region


@pytest.fixture(autouse=True)
def _traces(region: Region) -> None:
    """A front end that calls a back end, and a job that fails, an hour later."""
    call = {"id": f"{3:016x}", "name": "back", "start_time": NOW, "end_time": NOW + 0.5, "namespace": "remote"}
    region.put(
        [
            document(1, 1, name="front", subsegments=[call]),
            document(1, 2, name="back", parent_id=f"{3:016x}", end_time=NOW + 0.5),
            document(2, 4, name="job", fault=True, start_time=NOW + 3600, end_time=NOW + 3602),
        ]
    )


def names(answer: dict[str, Any]) -> list[str]:
    return sorted({node["Name"] for node in answer["Services"] if node.get("Type") != "client"})


def test_a_trace_graph_has_the_services_of_its_traces(region: Region) -> None:
    """With an edge from the caller to the called service."""
    answer = get_trace_graph(region, {"TraceIds": [trace_id(1)]})
    assert names(answer) == ["back", "front"]
    number = {node["Name"]: node["ReferenceId"] for node in answer["Services"]}
    [front] = [node for node in answer["Services"] if node["Name"] == "front" and node.get("Type") != "client"]
    assert number["back"] in [edge["ReferenceId"] for edge in front["Edges"]]


def test_only_the_client_at_the_start_has_no_account(region: Region) -> None:
    """A segment may have any origin, also the type of the client."""
    region.put([document(3, 5, name="app", origin="client")])
    answer = get_trace_graph(region, {"TraceIds": [trace_id(3)]})
    accounts = {node["Name"]: node["AccountId"] for node in answer["Services"]}
    assert accounts == {"client": "", "app": ACCOUNT_ID}


def test_a_trace_that_is_not_stored_adds_nothing(region: Region) -> None:
    """The graph is empty."""
    assert get_trace_graph(region, {"TraceIds": [trace_id(9)]}) == {"Services": []}


def test_a_service_graph_has_the_traces_of_a_range(region: Region) -> None:
    """A trace that overlaps the range is in it."""
    answer = get_service_graph(region, {"StartTime": NOW + 0.5, "EndTime": NOW + 60})
    assert names(answer) == ["back", "front"]
    assert (answer["StartTime"], answer["EndTime"], answer["ContainsOldGroupVersions"]) == (NOW + 0.5, NOW + 60, False)


def test_a_service_graph_of_a_group_has_only_its_traces(region: Region) -> None:
    """By name or by ARN; Default is every trace."""
    arn = create_group(region, {"GroupName": "broken", "FilterExpression": "fault"})["Group"]["GroupARN"]
    whole = {"StartTime": NOW, "EndTime": NOW + 7200}
    assert names(get_service_graph(region, whole | {"GroupName": "broken"})) == ["job"]
    assert names(get_service_graph(region, whole | {"GroupARN": arn})) == ["job"]
    assert names(get_service_graph(region, whole | {"GroupName": "Default"})) == ["back", "front", "job"]


@pytest.mark.parametrize(
    ("more", "message"),
    [({"GroupName": "none"}, "Group not found"), ({"EndTime": NOW - 1}, "StartTime is after EndTime")],
)
def test_a_group_must_exist_and_a_range_end_after_its_start(region: Region, more: dict[str, Any], message: str) -> None:
    """Otherwise the request is refused."""
    with pytest.raises(ApiError, match=f"^InvalidRequestException: {message}$"):
        get_service_graph(region, {"StartTime": NOW, "EndTime": NOW + 1} | more)
