import inspect
import json
import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from typing import Any

import pytest

from tests.xray_local.conftest import Client
from xray_local.api.operations import OPERATIONS
from xray_local.page import routes
from xray_local.state.region import Region
from xray_local.state.store import Store
from xray_local.traces.documents import parse_segment

NOW = 1_700_000_000.0
PAGES = ["/", "/traces", "/services", "/services/backend", "/groups", "/sampling", "/start", "/clear", "/refused"]


def trace_id(number: int) -> str:
    return f"1-{int(NOW):08x}-{number:024x}"


@pytest.fixture
def region() -> Iterator[Region]:
    """A region in memory with a fixed clock."""
    with closing(Store(max_traces=500)) as store:
        yield Region(store=store, clock=lambda: NOW)


def put(region: Region, number: int, **more: Any) -> str:
    times = {"start_time": NOW - number - 1, "end_time": NOW - number}
    body = {"trace_id": trace_id(number), "id": f"{number:016x}", "name": "backend", **times, **more}
    assert region.put([parse_segment(json.dumps(body))]) == []
    return trace_id(number)


@pytest.mark.parametrize("path", [*PAGES, "/traces/none", "/?q=(", "/static/css/base.css", "/groups.json"])
async def test_every_response_has_strict_security_headers(client: Client, path: str) -> None:
    """Pages, JSON, errors and files: no scripts but this server's, no frame, no sniffing, no referrer to others."""
    headers = (await client.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["style-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert (policy["script-src"], policy["require-trusted-types-for"]) == ("'self'", "'script'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("name", [name for _, name in (*routes.ROUTES, *routes.PLAIN, *routes.ACTIONS)])
def test_every_address_names_a_function(name: str) -> None:
    """They are imported for their first request only."""
    assert inspect.iscoroutinefunction(routes.load(name))


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_has_nothing_inline(client: Client, region: Region, path: str) -> None:
    """No style attribute, no event handler, no script but those of this server: the policy forbids them."""
    put(region, 1)
    text = await (await client.get(path)).text()
    assert not [word for word in (" style=", "<style", " onclick=", "javascript:") if word in text]
    assert text.count("<script") == text.count('<script type="module" src="/static/js/')


@pytest.mark.parametrize("path", [*PAGES, "/traces/none"])
async def test_the_same_address_answers_json_on_request(client: Client, path: str) -> None:
    """By the Accept header, with the same status."""
    page = await client.get(path, headers={"Accept": "text/html,application/xhtml+xml,application/json;q=0.9"})
    data = await client.get(path, headers={"Accept": "application/json"})
    assert (page.content_type, data.content_type) == ("text/html", "application/json")
    assert page.status == data.status


async def test_the_newest_trace_is_first(client: Client, region: Region) -> None:
    """The JSON has TraceSummary shapes."""
    put(region, 2)
    put(region, 1)
    answer = await (await client.get("/traces.json")).json()
    assert [trace["Id"] for trace in answer["traces"]] == [trace_id(1), trace_id(2)]
    assert answer["next"] is None


async def test_the_list_is_paged(client: Client, region: Region) -> None:
    """Following the links shows every trace once."""
    for number in range(150):
        put(region, number)
    seen: list[str] = []
    path: str | None = "/?filter=!fault"
    while path:
        answer = await (await client.get(path, headers={"Accept": "application/json"})).json()
        seen += [trace["Id"] for trace in answer["traces"]]
        path = answer["next"]
    assert seen == [trace_id(number) for number in range(150)]


async def test_a_page_of_the_list_leads_to_the_next_one(client: Client, region: Region) -> None:
    """By the link that its JSON has; the last page has none."""
    for number in range(150):
        put(region, number)
    first = await (await client.get("/")).text()
    assert "100 of 150</span>" in first
    [href] = re.findall(r'rel="next" href="([^"]*)"', first)
    assert unescape(href) == (await (await client.get("/traces.json")).json())["next"]
    last = await (await client.get(unescape(href))).text()
    assert (last.count('<td class="rq">'), 'rel="next"' in last) == (50, False)


async def test_a_filter_and_a_range_narrow_the_list(client: Client, region: Region) -> None:
    """An unknown range is any time."""
    put(region, 1, fault=True)
    put(region, 2)
    put(region, 4000, fault=True)
    ids = {
        path: [trace["Id"] for trace in (await (await client.get(path)).json())["traces"]]
        for path in ("/traces.json?filter=fault", "/traces.json?filter=fault&range=1h", "/traces.json?range=foreign")
    }
    assert list(ids.values()) == [
        [trace_id(1), trace_id(4000)],
        [trace_id(1)],
        [trace_id(1), trace_id(2), trace_id(4000)],
    ]


async def test_a_filter_that_is_not_valid_is_answered_with_its_column(client: Client) -> None:
    """As a number in JSON, and as a caret on the page."""
    params = {"q": "http.url CONTAINS 5"}
    data = await client.get("/traces.json", params=params)
    assert (data.status, (await data.json())["column"]) == (400, 19)
    page = await client.get("/", params=params)
    assert page.status == 400
    assert "http.url CONTAINS 5\n<b>                  ^</b>" in await page.text()


async def test_an_error_of_the_api_is_a_page(client: Client) -> None:
    """Such as that of a paging token."""
    answer = await client.get("/?next=foreign")
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert "NextToken" in await answer.text()


async def test_a_trace_is_found_by_both_forms_of_its_id(client: Client, region: Region) -> None:
    """The page has both."""
    name = put(region, 1, subsegments=[{"id": "00000000000000ff", "name": "in", "start_time": NOW - 2}])
    for form in (name, name[2:].replace("-", ""), name.upper()):
        answer = await (await client.get(f"/traces/{form}.json")).json()
        assert (answer["trace_id"], answer["w3c_trace_id"]) == (name, name[2:].replace("-", ""))
        assert [(row["id"], row["depth"]) for row in answer["rows"]] == [
            ("0000000000000001", 0),
            ("00000000000000ff", 1),
        ]


async def test_the_old_address_of_a_row_leads_to_the_row(client: Client, region: Region) -> None:
    """Its JSON has that row only."""
    inner = {"id": "00000000000000ff", "name": "in", "start_time": NOW - 2, "end_time": NOW - 1.5}
    name = put(region, 1, subsegments=[inner])
    answer = await (await client.get(f"/traces/{name}.json?part=00000000000000ff")).json()
    assert [(row["id"], row["duration"]) for row in answer["rows"]] == [("00000000000000ff", 0.5)]


@pytest.mark.parametrize(
    "path", ["/traces/none", f"/traces/{trace_id(9)}", f"/traces/{trace_id(1)}?part=zz", "/static/web.py"]
)
async def test_an_unknown_trace_row_or_file_is_a_404_page(client: Client, region: Region, path: str) -> None:
    """The message names it."""
    put(region, 1)
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (404, "text/html")


@pytest.mark.parametrize("offset", ["-1", "x", "²", "9" * 30, "1e3", ""])
async def test_an_offset_that_is_not_a_number_is_ignored(client: Client, region: Region, offset: str) -> None:
    """The page shows the first rows."""
    name = put(region, 1)
    answer = await client.get(f"/traces/{name}.json", params={"offset": offset})
    assert [row["number"] for row in (await answer.json())["rows"]] == [1]


async def test_groups_count_their_traces(client: Client, region: Region) -> None:
    """Over all pages of summaries; Default has every trace."""
    OPERATIONS["CreateGroup"](region, {"GroupName": "broken", "FilterExpression": "fault"})
    for number in range(205):
        put(region, number, fault=number < 201)
    groups = (await (await client.get("/groups.json")).json())["groups"]
    assert {group["GroupName"]: (group["Matches"], group["at_least"]) for group in groups} == {
        "Default": (205, False),
        "broken": (201, False),
    }


async def test_evicted_traces_are_shown_on_every_page(client: Client, region: Region) -> None:
    """With the option that changes the limit."""
    for number in range(503):
        put(region, number)
    text = await (await client.get("/sampling")).text()
    assert "the oldest 3 traces were evicted" in text
    assert "--max-traces" in text


async def test_an_empty_list_shows_a_command_that_works(client: Client, region: Region) -> None:
    """Its segment can be stored."""
    text = await (await client.get("/", headers={"Host": "127.0.0.1:8900"})).text()
    assert "http://127.0.0.1:8900/TraceSegments" in text
    escaped = text[text.index("curl ") :].split("&#39;")
    documents = json.loads(escaped[3].replace("&#34;", '"'))["TraceSegmentDocuments"]
    assert region.put([parse_segment(document) for document in documents]) == []


async def test_a_deeply_nested_document_is_shown(client: Client, region: Region) -> None:
    """As a page and as JSON."""
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    put(region, 1, metadata={"m": deep})
    for path in (f"/traces/{trace_id(1)}", f"/traces/{trace_id(1)}.json"):
        assert (await client.get(path)).status == 200


async def test_what_was_refused_or_odd_is_listed_once_with_its_count(client: Client, region: Region) -> None:
    """The last one first."""
    assert "Everything that was sent is as AWS expects it" in await (await client.get("/refused")).text()
    for number in range(3):
        region.note("refused", "PutTraceSegments", "MissingName", "<b>", f"{number:016x}")
    region.note("odd", "GetSamplingTargets", "NotInModel", "SampleCount instead of SampledCount")
    text = await (await client.get("/refused")).text()
    assert "&lt;b&gt;" in text
    listed = (await (await client.get("/refused.json")).json())["problems"]
    assert [(problem["code"], problem["count"], problem["id"]) for problem in listed] == [
        ("NotInModel", 1, None),
        ("MissingName", 3, f"{2:016x}"),
    ]
