import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, trace_id
from xray_local.api.operations import OPERATIONS
from xray_local.state.region import Region
from xray_local.traces.documents import parse_segment


def put(region: Region, number: int, start: float = NOW, **more: Any) -> None:
    """Store a trace of a request to `shop/prod`, which calls `payments`."""
    call = {
        "id": f"{number:015x}f",
        "name": "payments",
        "namespace": "remote",
        "start_time": start,
        "end_time": start + 1,
    }
    times = {"start_time": start, "end_time": start + 2, "subsegments": [call]}
    body = {"trace_id": trace_id(number), "id": f"{number:015x}0", "name": "shop/prod", **times, **more}
    assert region.put([parse_segment(json.dumps(body))]) == []


async def test_services_and_calls_are_numbers_in_json(api: Client, region: Region) -> None:
    """The same as the page has."""
    put(region, 1, fault=True)
    put(region, 2)
    answer = await (await api.get("/services.json")).json()
    calls = {
        service["name"]: service["numbers"]["calls"] for service in answer["services"] if service["type"] != "client"
    }
    assert (answer["traces"], calls) == (2, {"shop/prod": 2, "payments": 2})
    assert [call["numbers"]["failures"] for call in answer["calls"] if call["target"][0] == "shop/prod"] == [1]


@pytest.mark.parametrize(("query", "traces"), [("", 3), ("?range=1h", 2), ("?group=faults", 1), ("?range=x", 3)])
async def test_a_range_and_a_group_narrow_the_graph(api: Client, region: Region, query: str, traces: int) -> None:
    """An unknown range is any time."""
    put(region, 1, fault=True)
    put(region, 2)
    put(region, 3, start=NOW - 7200)
    OPERATIONS["CreateGroup"](region, {"GroupName": "faults", "FilterExpression": "fault"})
    answer = await (await api.get(f"/services.json{query}")).json()
    shop = next(service for service in answer["services"] if service["name"] == "shop/prod")
    assert (answer["traces"], shop["numbers"]["calls"]) == (traces, traces)


async def test_an_unknown_group_is_an_error(api: Client) -> None:
    """In AWS's words, as a page."""
    answer = await api.get("/services?group=none")
    assert answer.status == 400
    assert "Group not found" in await answer.text()


async def test_a_graph_that_was_read_is_read_again_after_a_change(api: Client, region: Region) -> None:
    """What is cached is never older than the traces."""
    for number in (1, 2):
        put(region, number)
        assert (await (await api.get("/services.json")).json())["traces"] == number
        assert (await (await api.get("/services/payments.json")).json())["sample"] == number


@pytest.mark.parametrize("path", ["shop/prod", quote("shop/prod", safe="")])
async def test_a_name_with_a_slash_has_a_page(api: Client, region: Region, path: str) -> None:
    """Both ways to write it."""
    put(region, 1)
    answer = await (await api.get(f"/services/{path}.json")).json()
    assert (answer["name"], [call["target"] for call in answer["calls"]]) == ("shop/prod", [["payments", "remote"]])


async def test_an_unknown_service_is_not_found(api: Client) -> None:
    """With its name."""
    answer = await api.get("/services/none")
    assert answer.status == 404
    assert "no service none" in await answer.text()


async def test_every_link_of_the_map_leads_to_traces(api: Client, region: Region) -> None:
    """Of all services and calls: each filter is valid and has a match."""
    table = {"id": "00000000000000ff", "name": "DynamoDB", "namespace": "aws", "start_time": NOW, "end_time": NOW + 1}
    put(region, 1, name="a\\b", subsegments=[table | {"aws": {"table_name": 'a "quoted" \\ <b>name</b>'}}])
    assert "<b>name" not in await (await api.get("/services")).text()
    answer = await (await api.get("/services.json")).json()
    for item in [*answer["services"], *answer["calls"]]:
        found = await (await api.get("/traces.json", params={"filter": item["filter"]})).json()
        assert len(found["traces"]) == 1, item["filter"]
