from typing import Any

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.traces.flags import Flag
from xray_local.traces.service_graph import service_graph
from xray_local.traces.summaries import TraceSummary, summarize

CLIENT, FRONT, BACK = ("client", "client"), ("front", ""), ("back", "")


def trace(number: int, **more: Any) -> TraceSummary:
    """A front end that calls a back end, which takes half a second."""
    call = {"id": f"{2:016x}", "name": "back", "start_time": NOW, "end_time": NOW + 0.5, "namespace": "remote"}
    front = document(number, 1, name="front", subsegments=[call])
    back = document(number, 3, name="back", parent_id=f"{2:016x}", end_time=NOW + 0.5, **more)
    return summarize(trace_id(number), [front, back])


def test_the_calls_of_all_traces_are_added_up() -> None:
    """By their most severe flag, and by their seconds."""
    graph = service_graph([trace(1), trace(2, fault=True), trace(3, error=True, throttle=True)])
    assert set(graph) == {CLIENT, FRONT, BACK}
    assert [graph[key].root for key in (CLIENT, FRONT, BACK)] == [False, True, False]
    calls = graph[BACK].calls
    assert calls.results == {None: 1, Flag.FAULT: 1, Flag.THROTTLE: 1}
    assert (calls.seconds, calls.histogram) == (1.5, {0.5: 3})


def test_edges_lead_from_the_caller_to_the_called_service() -> None:
    """With the results of the called service."""
    graph = service_graph([trace(1), trace(2, error=True)])
    assert {key: list(service.edges) for key, service in graph.items()} == {CLIENT: [FRONT], FRONT: [BACK], BACK: []}
    assert graph[FRONT].edges[BACK].results == {None: 1, Flag.ERROR: 1}


def test_two_segments_of_one_service_are_one_node() -> None:
    """A call between them is not an edge."""
    bodies = [document(1, name="shop"), document(1, 2, name="shop", parent_id=f"{1:016x}")]
    graph = service_graph([summarize(trace_id(1), bodies)])
    assert (graph["shop", ""].calls.results.total(), graph["shop", ""].edges) == (2, {})


def test_without_traces_the_graph_is_empty() -> None:
    """It has not even a client."""
    assert service_graph([]) == {}
