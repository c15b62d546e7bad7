from typing import Any

import pytest

from xray_local.page.listing.lines import Reason, Scale, reason, trace_lines

ID = "1-5759e988-bd862e3fe1be46a994272793"
SCALE = Scale(0.001, 1.0)


def test_a_line_has_the_request_the_result_and_the_times_of_a_summary() -> None:
    """Services are listed once; the age is relative to now."""
    summary = {
        "Id": ID,
        "StartTime": 1_700_000_000.5,
        "Duration": 0.1,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": True,
        "Http": {"HttpURL": "http://localhost:4567/api?x=1", "HttpMethod": "GET", "HttpStatus": 500},
        "ServiceIds": [{"Name": "backend"}, {"Name": "backend"}, {"Name": "users"}],
    }
    (line,) = trace_lines([summary], now=1_700_000_010.5, scale=SCALE)
    assert (line.method, line.host, line.path, line.status) == ("GET", "localhost:4567", "/api?x=1", 500)
    assert (line.marks, line.services, line.partial) == (("fault", "throttle"), ("backend", "users"), False)
    assert (line.started, line.age, line.duration, line.place) == (1_700_000_000.5, 10, 0.1, 66.7)
    assert line.href == f"/traces/{ID}"


def test_a_trace_without_a_request_has_the_name_of_its_entry_point() -> None:
    """Without a start time the time is that of the trace id."""
    (line,) = trace_lines(
        [{"Id": ID, "EntryPoint": {"Name": "worker"}, "IsPartial": True}], now=0x5759E988, scale=SCALE
    )
    assert (line.path, line.status, line.marks, line.partial) == ("worker", None, ("ok",), True)
    assert (line.age, line.duration, line.place) == (0, None, 0)


def test_an_id_without_a_time_still_has_a_line() -> None:
    """It starts at the epoch."""
    (line,) = trace_lines([{"Id": "odd"}], now=0, scale=Scale(0, 0))
    assert (line.started, line.path) == (0.0, "no entry point yet")


def service(name: str, *entities: Any, inferred: bool = False) -> dict[str, Any]:
    path = [{"Name": entity, "Exceptions": [{"Name": thrown}] if thrown else []} for entity, thrown in entities]
    return {"Name": name, "Inferred": inferred, "EntityPath": path}


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([service("front", ("front", ""), ("put", "lib.OrderNotSaved"))], "front: OrderNotSaved"),
        ([service("front", ("front", "")), service("pay", ("pay", ""), ("call", "a.b.Timeout"))], "pay: Timeout"),
        ([service("front", ("front", ""), ("DynamoDB", "")), service("DynamoDB", inferred=True)], "front: DynamoDB"),
        ([service("front", ("front", ""))], "front"),
        ([], ""),
    ],
)
def test_the_reason_is_where_and_by_what_a_trace_failed(services: list[Any], expected: str) -> None:
    """The service that sent a segment, and the last exception without its package, or else the call."""
    assert reason({"HasFault": True, "FaultRootCauses": [{"Services": services}]}).text == expected


def test_a_trace_that_did_not_fail_has_no_reason() -> None:
    """Even if a call of it did."""
    assert reason({"FaultRootCauses": [{"Services": [service("front", ("front", "Odd"))]}]}) == Reason()
