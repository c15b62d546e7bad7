from typing import Any

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.page.trace.conftest import put_checkout
from tests.xray_local.page.trace.rows import call, document, http
from tests.xray_local.samples import trace_id
from xray_local.page.trace.about.comparison import Compared, compared, largest
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.state.region import Region
from xray_local.traces.waterfall import waterfall


def rows(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[Compared]:
    return compared(AnalysedTrace(waterfall(first)), AnalysedTrace(waterfall(second)))


def named(id_: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    return call(id_, start, end, "a", **more) | {"name": "db"}


def test_rows_of_the_same_request_are_one() -> None:
    """In the order of the first trace; what only one of them has is alone, with its own time as the change."""
    first = [document("a", 0, 10), document("b", 1, 3, "a"), document("only", 4, 5, "a")]
    second = [document("a", 100, 120), document("new", 101, 102, "a"), document("b", 103, 113, "a")]
    found = rows(first, second)
    assert [(row.depth, row.called.text, bool(row.first), bool(row.second), row.change) for row in found] == [
        (0, "a", True, True, 2),
        (1, "b", True, True, 8),
        (1, "only", True, False, -1),
        (1, "new", False, True, 1),
    ]
    assert [row.called.text for row in largest(found)] == ["b", "a", "only"]


def test_a_call_again_and_again_is_compared_in_order() -> None:
    """The first with the first; a retry that only one trace has is alone."""
    first = [document("a", 0, 9), named("x1", 1, 2), named("x2", 3, 5)]
    second = [document("a", 0, 9), named("y1", 1, 4)]
    assert [row.change for row in rows(first, second)] == [0, 2, -2]


def test_requests_that_differ_in_a_path_are_compared_by_name() -> None:
    """After those that are the same."""
    one = [http("GET", f"http://db/{path}", 200) for path in ("1", "2")]
    first = [document("a", 0, 9), named("x", 1, 2, http=one[0])]
    second = [document("a", 0, 9), *(named(f"y{n}", n, n + 2, http=one[1 - n]) for n in (0, 1))]
    found = rows(first, second)
    assert [(row.called.what, row.change) for row in found[1:]] == [("GET /1", 1), ("GET /2", 2)]
    [_, paired] = rows(first, second[:2])
    assert (paired.called.what, paired.change) == ("GET /1", 1)


def test_a_trace_is_no_different_from_itself() -> None:
    """Also if it is deep."""
    deep = [document("0", 0, 1), *(call(str(number), 0, 1, str(number - 1)) for number in range(1, 5_000))]
    found = rows(deep, deep)
    assert (len(found), largest(found)) == (5_000, [])


async def test_two_traces_are_compared_at_their_address(client: Client, region: Region) -> None:
    """In a sentence, in a table, and as numbers."""
    first, second = put_checkout(region, 1), put_checkout(region, 2, 3.0)
    page = " ".join((await (await client.get(f"/traces/{first}/compare/{second}")).text()).split())
    assert "took 2 s longer, mostly in shop POST /checkout (+600 ms)" in page
    data = await (await client.get(f"/traces/{first}/compare/{second}.json")).json()
    assert data["durations"] == [1, 3]
    assert [row["called"]["name"] for row in data["rows"]] == [
        "shop",
        "payments.internal",
        "payments",
        "fraud.internal",
    ]


async def test_a_trace_is_offered_those_of_the_same_request(client: Client, region: Region) -> None:
    """Newest first, without itself; an id in either form is accepted in the field."""
    first, second = put_checkout(region, 1), put_checkout(region, 2)
    data = await (await client.get(f"/traces/{first}/compare.json")).json()
    assert [trace["Id"] for trace in data["traces"]] == [second]
    w3c = second[2:].replace("-", "")
    answer = await client.get(f"/traces/{first}/compare?with={w3c}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/traces/{first}/compare/{second}")


@pytest.mark.parametrize("path", [f"{trace_id(9)}/compare", "{}/compare/none", "{}/compare?with=x", "x/compare/{}"])
async def test_a_trace_that_is_not_stored_is_not_compared(client: Client, region: Region, path: str) -> None:
    """The answer is a 404 that names it."""
    assert (await client.get(f"/traces/{path.format(put_checkout(region, 1))}")).status == 404
