from typing import Any

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.traces.flags import Flag
from xray_local.traces.service_graph import service_graph
from xray_local.traces.summaries import TraceSummary, summarize

CLIENT, FRONT, BACK = ("front", "client"), ("front", ""), ("back", "")


def trace(number: int, *, call: dict[str, Any] | None = None, **more: Any) -> TraceSummary:
    """A front end that calls a back end, which takes half a second."""
    own = {"id": f"{2:016x}", "name": "back", "start_time": NOW, "end_time": NOW + 0.5, "namespace": "remote"}
    call = own | (call or {})
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


def test_an_edge_is_what_the_caller_recorded() -> None:
    """A call that timed out is a fault of two seconds on the edge, also if the called service went well in less."""
    graph = service_graph([trace(1), trace(2, call={"end_time": NOW + 2, "fault": True})])
    assert {key: list(service.edges) for key, service in graph.items()} == {CLIENT: [FRONT], FRONT: [BACK], BACK: []}
    edge, called = graph[FRONT].edges[BACK], graph[BACK].calls
    assert (edge.results, edge.seconds, edge.end) == ({None: 1, Flag.FAULT: 1}, 2.5, NOW + 2)
    assert (called.results, called.seconds, called.end) == ({None: 2}, 1.0, NOW + 0.5)


def test_a_call_without_a_subsegment_is_the_called_segment() -> None:
    """Nothing else says when it was and how it went."""
    back = document(1, 2, name="back", parent_id=f"{1:016x}", end_time=NOW + 0.5, error=True)
    graph = service_graph([summarize(trace_id(1), [document(1, 1, name="front"), back])])
    assert (graph[FRONT].edges[BACK].results, graph[FRONT].edges[BACK].seconds) == ({Flag.ERROR: 1}, 0.5)


def test_each_root_has_its_client_and_services_without_segments_are_not_active() -> None:
    """Of two entry points each has a client of its name."""
    call = {"id": f"{2:016x}", "name": "db", "start_time": NOW, "end_time": NOW, "namespace": "remote"}
    roots = [document(1, name="front", subsegments=[call]), document(2, name="cron")]
    graph = service_graph(summarize(root.trace_id, [root]) for root in roots)
    assert {key: service.active for key, service in graph.items()} == {
        ("front", "client"): False,
        ("front", ""): True,
        ("db", "remote"): False,
        ("cron", "client"): False,
        ("cron", ""): True,
    }


def test_a_service_lasts_from_its_first_segment_to_the_end_of_its_last() -> None:
    """The range of the request has no part in it."""
    roots = [document(1, start_time=NOW + 5, end_time=NOW + 6), document(2, start_time=NOW + 2, end_time=NOW + 9)]
    graph = service_graph(summarize(root.trace_id, [root]) for root in roots)
    assert (graph["backend", ""].calls.start, graph["backend", ""].calls.end) == (NOW + 2, NOW + 9)


def test_two_segments_of_one_service_are_one_node() -> None:
    """A call between them is not an edge."""
    bodies = [document(1, name="shop"), document(1, 2, name="shop", parent_id=f"{1:016x}")]
    graph = service_graph([summarize(trace_id(1), bodies)])
    assert (graph["shop", ""].calls.results.total(), graph["shop", ""].edges) == (2, {})


def test_without_traces_the_graph_is_empty() -> None:
    """It has not even a client."""
    assert service_graph([]) == {}
