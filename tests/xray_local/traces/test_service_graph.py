from typing import Any

from tests.xray_local.samples import NOW, document
from xray_local.traces.documents import Document
from xray_local.traces.service_graph import service_graph


def trace(number: int, **more: Any) -> list[Document]:
    """A front end that calls a back end, which takes half a second."""
    call = {"id": f"{2:016x}", "name": "back", "start_time": NOW, "end_time": NOW + 0.5, "namespace": "remote"}
    front = document(number, 1, name="front", subsegments=[call])
    back = document(number, 3, name="back", parent_id=f"{2:016x}", end_time=NOW + 0.5, **more)
    return [front, back]


def graph(*traces: list[Document]) -> dict[str, dict[str, Any]]:
    """Give the services by name, the client as such."""
    services = service_graph(traces, NOW, NOW + 60)
    return {"client" if one["Type"] == "client" else one["Name"]: one for one in services}


def test_traces_add_up_to_one_graph() -> None:
    """Two traces, one of them with a fault in the back."""
    services = graph(trace(1), trace(2, fault=True))
    assert set(services) == {"client", "front", "back"}
    assert [services[name]["Root"] for name in ("client", "front", "back")] == [False, True, False]
    statistics = services["back"]["SummaryStatistics"]
    assert (statistics["OkCount"], statistics["FaultStatistics"]["TotalCount"], statistics["TotalCount"]) == (1, 1, 2)
    assert statistics["TotalResponseTime"] == 1.0
    assert services["back"]["ResponseTimeHistogram"] == [{"Value": 0.5, "Count": 2}]
    assert (services["front"]["StartTime"], services["front"]["EndTime"]) == (NOW, NOW + 60)


def test_edges_lead_from_the_caller_to_the_called() -> None:
    """By the numbers of the services, with the counts of the called."""
    services = graph(trace(1), trace(2, error=True), trace(3, error=True, throttle=True))
    [to_front] = services["client"]["Edges"]
    [to_back] = services["front"]["Edges"]
    assert to_front["ReferenceId"] == services["front"]["ReferenceId"]
    assert to_back["ReferenceId"] == services["back"]["ReferenceId"]
    assert to_back["SummaryStatistics"]["ErrorStatistics"] == {"ThrottleCount": 1, "OtherCount": 1, "TotalCount": 2}
    assert services["back"]["Edges"] == []


def test_nothing_is_an_empty_graph() -> None:
    """Neither no trace nor a trace without documents is an error."""
    assert service_graph([], NOW, NOW) == []
    assert service_graph([[]], NOW, NOW) == []
