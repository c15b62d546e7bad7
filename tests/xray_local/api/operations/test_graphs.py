from typing import Any

import pytest

from tests.xray_local.samples import NOW, Clock, document, trace_id
from xray_local.api.operations import create_group, get_service_graph, get_trace_graph
from xray_local.api.operations.graphs import PAGE
from xray_local.errors import ApiError
from xray_local.state.region import ACCOUNT_ID, Region
from xray_local.state.store import Store


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


def test_a_node_that_sent_nothing_has_an_unknown_state(region: Region) -> None:
    """The client has no account either; it is named as the root that it calls."""
    answer = get_trace_graph(region, {"TraceIds": [trace_id(1)]})
    nodes = {(node["Name"], node["Type"]): (node["State"], node["AccountId"]) for node in answer["Services"]}
    assert nodes == {
        ("front", "client"): ("unknown", ""),
        ("front", ""): ("active", ACCOUNT_ID),
        ("back", ""): ("active", ACCOUNT_ID),
    }


def test_node_times_are_those_of_its_segments(region: Region) -> None:
    """The range of the request is wider."""
    answer = get_service_graph(region, {"StartTime": NOW - 60, "EndTime": NOW + 60})
    times = {(node["Name"], node["Type"]): (node["StartTime"], node["EndTime"]) for node in answer["Services"]}
    assert times == {
        ("front", "client"): (NOW, NOW + 1),
        ("front", ""): (NOW, NOW + 1),
        ("back", ""): (NOW, NOW + 0.5),
    }


def test_a_service_graph_counts_every_trace_of_its_range() -> None:
    """However many they are."""
    store = Store(max_traces=2_000)
    store.put([document(number) for number in range(1, 1_501)], now=NOW)
    answer = get_service_graph(Region(store, Clock()), {"StartTime": NOW, "EndTime": NOW + 60})
    store.close()
    assert [node["SummaryStatistics"]["TotalCount"] for node in answer["Services"]] == [1_500, 1_500]
    assert "NextToken" not in answer


def test_a_service_graph_comes_in_pages(region: Region) -> None:
    """References lead across them."""
    region.put([document(number, name=f"shop-{number}") for number in range(1, PAGE // 2 + 2)])
    request = {"StartTime": NOW, "EndTime": NOW + 1}
    first = get_service_graph(region, request)
    second = get_service_graph(region, request | {"NextToken": first["NextToken"]})
    assert len(first["Services"]) == PAGE
    references = [node["ReferenceId"] for node in (*first["Services"], *second["Services"])]
    assert references == list(range(len(references)))
    assert "NextToken" not in second


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


def test_a_group_may_name_other_groups(region: Region) -> None:
    """Whatever the order of their names; a group that names itself has no traces."""
    create_group(region, {"GroupName": "a", "FilterExpression": 'group.name = "m" AND duration > 1'})
    create_group(region, {"GroupName": "m", "FilterExpression": 'group.name = "z"'})
    create_group(region, {"GroupName": "z", "FilterExpression": "fault"})
    create_group(region, {"GroupName": "self", "FilterExpression": 'group.name = "self"'})
    whole = {"StartTime": NOW, "EndTime": NOW + 7200}
    assert names(get_service_graph(region, whole | {"GroupName": "a"})) == ["job"]
    assert names(get_service_graph(region, whole | {"GroupName": "self"})) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [({"GroupName": "none"}, "Group not found"), ({"EndTime": NOW - 1}, "StartTime is after EndTime")],
)
def test_a_group_must_exist_and_a_range_end_after_its_start(region: Region, more: dict[str, Any], message: str) -> None:
    """Otherwise the request is refused."""
    with pytest.raises(ApiError, match=f"^InvalidRequestException: {message}$"):
        get_service_graph(region, {"StartTime": NOW, "EndTime": NOW + 1} | more)
