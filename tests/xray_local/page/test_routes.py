import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from xray_local.api.operations import OPERATIONS
from xray_local.page.routes import add_routes
from xray_local.state.region import SERVICE_KEY, Service
from xray_local.state.store import Store
from xray_local.traces.documents import parse_segment

NOW = 1_700_000_000.0
PAGES = ["/", "/traces", "/groups", "/rules"]

Client = TestClient[web.Request, web.Application]


def trace_id(number: int) -> str:
    return f"1-{int(NOW):08x}-{number:024x}"


@pytest.fixture
def service() -> Service:
    """A store in memory, and a clock that stands still."""
    return Service(store=Store(max_traces=500), clock=lambda: NOW)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    """The page alone, on a port of its own."""
    app = web.Application()
    app[SERVICE_KEY] = service
    add_routes(app)
    async with TestClient(TestServer(app)) as client:
        yield client


def put(service: Service, number: int, **more: Any) -> str:
    times = {"start_time": NOW - number - 1, "end_time": NOW - number}
    body = {"trace_id": trace_id(number), "id": f"{number:016x}", "name": "backend", **times, **more}
    assert service.put([parse_segment(json.dumps(body))]) == []
    return trace_id(number)


@pytest.mark.parametrize("path", [*PAGES, "/traces/none", "/?filter=(", "/static/style.css", "/groups.json"])
async def test_every_answer_forbids_what_the_page_does_not_need(client: Client, path: str) -> None:
    """Pages, data, errors and files: no script, no frame, no sniffing, no referrer."""
    headers = (await client.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["style-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert "script-src" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_has_nothing_inline(client: Client, service: Service, path: str) -> None:
    """No style attribute, no handler, no script: the policy would refuse them."""
    put(service, 1)
    text = await (await client.get(path)).text()
    assert not [word for word in (" style=", "<style", "<script", " onclick=", "javascript:") if word in text]


@pytest.mark.parametrize("path", [*PAGES, "/traces/none"])
async def test_the_same_address_answers_json_when_asked(client: Client, path: str) -> None:
    """A browser gets HTML, a client that accepts JSON gets JSON, with the same status."""
    page = await client.get(path, headers={"Accept": "text/html,application/xhtml+xml,application/json;q=0.9"})
    data = await client.get(path, headers={"Accept": "application/json"})
    assert (page.content_type, data.content_type) == ("text/html", "application/json")
    assert page.status == data.status


async def test_the_newest_trace_is_first(client: Client, service: Service) -> None:
    """The list's JSON has the summaries in the API's shape, newest first."""
    put(service, 2)
    put(service, 1)
    answer = await (await client.get("/traces.json")).json()
    assert [trace["Id"] for trace in answer["traces"]] == [trace_id(1), trace_id(2)]
    assert answer["next"] is None


async def test_the_list_is_paged(client: Client, service: Service) -> None:
    """The link to older traces leads on until all of them were shown once."""
    for number in range(150):
        put(service, number)
    seen: list[str] = []
    path: str | None = "/?filter=!fault"
    while path:
        answer = await (await client.get(path, headers={"Accept": "application/json"})).json()
        seen += [trace["Id"] for trace in answer["traces"]]
        path = answer["next"]
    assert seen == [trace_id(number) for number in range(150)]


async def test_a_filter_and_a_range_narrow_the_list(client: Client, service: Service) -> None:
    """Only what matches the expression within the time range is listed."""
    put(service, 1, fault=True)
    put(service, 2)
    put(service, 4000, fault=True)
    ids = {
        path: [trace["Id"] for trace in (await (await client.get(path)).json())["traces"]]
        for path in ("/traces.json?filter=fault", "/traces.json?filter=fault&range=1h", "/traces.json?range=foreign")
    }
    assert list(ids.values()) == [
        [trace_id(1), trace_id(4000)],
        [trace_id(1)],
        [trace_id(1), trace_id(2), trace_id(4000)],
    ]


async def test_a_bad_filter_is_answered_with_its_column(client: Client) -> None:
    """400, the message, the column in JSON, and a caret under it on the page."""
    asked = {"filter": "http.url CONTAINS 5"}
    data = await client.get("/traces.json", params=asked)
    assert (data.status, (await data.json())["column"]) == (400, 19)
    page = await client.get("/", params=asked)
    assert page.status == 400
    assert "http.url CONTAINS 5\n<b>                  ^</b>" in await page.text()


async def test_a_foreign_paging_token_is_answered_on_a_page(client: Client) -> None:
    """What the API refuses is a message for people here."""
    answer = await client.get("/?next=foreign")
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert "NextToken" in await answer.text()


async def test_a_trace_is_found_by_both_forms_of_its_id(client: Client, service: Service) -> None:
    """X-Ray's form and 32 hex digits lead to the same trace, which tells both."""
    name = put(service, 1, subsegments=[{"id": "00000000000000ff", "name": "in", "start_time": NOW - 2}])
    for form in (name, name[2:].replace("-", ""), name.upper()):
        answer = await (await client.get(f"/traces/{form}.json")).json()
        assert (answer["trace_id"], answer["w3c_trace_id"]) == (name, name[2:].replace("-", ""))
        assert [(row["id"], row["depth"]) for row in answer["rows"]] == [
            ("0000000000000001", 0),
            ("00000000000000ff", 1),
        ]


async def test_a_part_of_a_trace_has_its_own_rows(client: Client, service: Service) -> None:
    """Only the row that is named and what is below it."""
    inner = {"id": "00000000000000ff", "name": "in", "start_time": NOW - 2, "end_time": NOW - 1.5}
    name = put(service, 1, subsegments=[inner])
    answer = await (await client.get(f"/traces/{name}.json?part=00000000000000ff")).json()
    assert ([row["id"] for row in answer["rows"]], answer["duration"]) == (["00000000000000ff"], 0.5)


@pytest.mark.parametrize(
    "path", ["/traces/none", f"/traces/{trace_id(9)}", f"/traces/{trace_id(1)}?part=zz", "/static/web.py"]
)
async def test_what_is_not_there_is_a_404_page(client: Client, service: Service, path: str) -> None:
    """An unknown trace, row or file says what is missing."""
    put(service, 1)
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (404, "text/html")


@pytest.mark.parametrize("offset", ["-1", "x", "²", "9" * 30, "1e3", ""])
async def test_a_foreign_offset_shows_the_beginning(client: Client, service: Service, offset: str) -> None:
    """A window that is no number is the first one, or the last when it is too far."""
    name = put(service, 1)
    answer = await client.get(f"/traces/{name}.json", params={"offset": offset})
    assert [row["number"] for row in (await answer.json())["rows"]] == [1]


async def test_groups_count_their_traces(client: Client, service: Service) -> None:
    """A group's matches are counted over all pages, and Default holds every trace."""
    OPERATIONS["CreateGroup"](service, {"GroupName": "broken", "FilterExpression": "fault"})
    for number in range(205):
        put(service, number, fault=number < 201)
    groups = (await (await client.get("/groups.json")).json())["groups"]
    assert {group["GroupName"]: group["Matches"] for group in groups} == {"Default": "205", "broken": "201"}


async def test_rules_tell_counts_and_who_decides(client: Client, service: Service) -> None:
    """The JSON has numbers in the order of evaluation, and the verdict on the request that was asked about."""
    report = {"RuleName": "Default", "ClientID": "0" * 24, "Timestamp": NOW, "RequestCount": 4, "SampledCount": 1}
    OPERATIONS["GetSamplingTargets"](service, {"SamplingStatisticsDocuments": [report]})
    (rule,) = (await (await client.get("/rules.json?path=/x")).json())["rules"]
    assert (rule["name"], rule["matched"], rule["sampled"], rule["share"]) == ("Default", 4, 1, 0.25)
    assert rule["decides"] is True


async def test_the_header_says_what_was_evicted(client: Client, service: Service) -> None:
    """A full store is told on every page, with the option that changes it."""
    for number in range(503):
        put(service, number)
    text = await (await client.get("/rules")).text()
    assert "the oldest 3 traces were dropped" in text
    assert "--max-traces" in text


async def test_an_empty_store_names_a_command_that_works(client: Client, service: Service) -> None:
    """The segment in the example is one that the store takes."""
    text = await (await client.get("/", headers={"Host": "127.0.0.1:8900"})).text()
    assert "http://127.0.0.1:8900/TraceSegments" in text
    escaped = text[text.index("curl ") :].split("&#39;")
    documents = json.loads(escaped[3].replace("&#34;", '"'))["TraceSegmentDocuments"]
    assert service.put([parse_segment(document) for document in documents]) == []


async def test_a_document_of_many_levels_is_shown(client: Client, service: Service) -> None:
    """Nine hundred nested lists in the metadata neither fail nor fill the page."""
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    put(service, 1, metadata={"m": deep})
    for path in (f"/traces/{trace_id(1)}", f"/traces/{trace_id(1)}.json"):
        assert (await client.get(path)).status == 200
