import json
import re
from typing import Any

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.page.trace.conftest import put_checkout
from tests.xray_local.samples import NOW
from xray_local.state.region import Region
from xray_local.traces.documents import parse_segment

ROW = re.compile(r'<li role="treeitem" id="s-([^"]+)" aria-level="(\d+)"')


async def text(client: Client, path: str) -> str:
    return await (await client.get(path)).text()


async def test_the_page_explains_the_failure_in_words(client: Client, region: Region) -> None:
    """The way through the services, the exception with the application's own line, and how many failed alike."""
    trace_id = put_checkout(region, 1)
    put_checkout(region, 2)
    put_checkout(region, 3, failed=False)
    found = " ".join(re.sub("<[^>]+>", " ", await text(client, f"/traces/{trace_id}")).split())
    assert "Why it failed shop → payments → fraud.internal POST /s" in found
    assert "ReadTimeout timed out » /app/pay.py:4 pay" in found
    assert "passed up through 1 service; 1 other trace failed like this" in found
    assert "sampled by rule Default , the first rule that matches any request" in found
    assert "er than" not in found
    assert 'href="/sampling?rule=Default#rule"' in await text(client, f"/traces/{trace_id}")


async def test_the_other_traces_that_failed_alike_are_a_list(client: Client, region: Region) -> None:
    """The link finds them and this one, and no other."""
    ids = [put_checkout(region, 1), put_checkout(region, 2)]
    put_checkout(region, 3, failed=False)
    page = await text(client, f"/traces/{ids[0]}")
    [href] = re.findall(r'href="([^"]+)">1 other trace', page)
    address = href.replace("&amp;", "&").replace("/?", "/traces.json?")
    listed = (await (await client.get(address)).json())["traces"]
    assert [trace["Id"] for trace in listed] == ids


@pytest.mark.parametrize(("seconds", "sentence"), [(9.0, "slower than 83 %"), (0.5, "faster than 100 %")])
async def test_the_duration_has_a_place_among_its_request(
    client: Client, region: Region, seconds: float, sentence: str
) -> None:
    """Of the traces with the same method and URL, if there are enough to compare with."""
    for number in range(5):
        put_checkout(region, number + 2, 1 + number / 10, failed=False)
    assert sentence in await text(client, f"/traces/{put_checkout(region, 1, seconds, failed=False)}")


async def test_every_view_is_an_address(client: Client, region: Region) -> None:
    """Calls and answers, kinds of rows, a search, folded rows and a part of the time."""
    trace_id = put_checkout(region, 1)
    rows = {
        query: [name[-2:] for name, _ in ROW.findall(await text(client, f"/traces/{trace_id}?{query}"))]
        for query in ("", "calls=all", "only=errors&find=fraud", "fold=00000001000000f1", "zoom=0-100")
    }
    assert list(rows.values()) == [["f1", "f2", "f4"], ["f1", "f2", "f3", "f4"], ["f1", "f2", "f4"], ["f1"], ["f1"]]


async def test_a_row_is_folded_without_a_script(client: Client, region: Region) -> None:
    """The button of a row leads to the address with the row folded, and again to the one without."""
    trace_id = put_checkout(region, 1)
    folded = await client.get(f"/traces/{trace_id}?only=errors&toggle=00000001000000f2", allow_redirects=False)
    assert folded.status == 303
    assert folded.headers["Location"] == f"/traces/{trace_id}?only=errors&fold=00000001000000f2#s-00000001000000f2"
    again = await client.get(f"/traces/{trace_id}?fold=00000001000000f2&toggle=00000001000000f2", allow_redirects=False)
    assert again.headers["Location"] == f"/traces/{trace_id}#s-00000001000000f2"


async def test_the_pane_of_a_row_is_at_its_address(client: Client, region: Region) -> None:
    """What failed comes before the ids, and the frames of libraries are folded; it is also a fragment."""
    trace_id = put_checkout(region, 1)
    whole = await text(client, f"/traces/{trace_id}?row=00000001000000f4")
    part = await text(client, f"/traces/{trace_id}?row=00000001000000f4&part=pane")
    assert part.strip() in whole
    assert "<html" not in part
    order = [part.index(word) for word in ("fraud.internal", "ReadTimeout", "» /app/pay.py", ">HTTP<", "Ids and times")]
    assert order == sorted(order)
    assert "1 frame of libraries" in part
    assert (await client.get(f"/traces/{trace_id}?row=00000001000000ff")).status == 404


async def test_the_rows_are_a_fragment(client: Client, region: Region) -> None:
    """With the form that they are in, so that a script replaces one element."""
    trace_id = put_checkout(region, 1)
    part = await text(client, f"/traces/{trace_id}?part=rows&find=fraud")
    assert part.lstrip().startswith("<form")
    assert len(ROW.findall(part)) == 3
    assert 'name="find" type="search" value="fraud"' in part


async def test_a_late_document_is_shown(client: Client, region: Region) -> None:
    """Although the trace was shown before."""
    trace_id = put_checkout(region, 1)
    assert len(ROW.findall(await text(client, f"/traces/{trace_id}"))) == 3
    late: dict[str, Any] = {
        "trace_id": trace_id,
        "id": "00000000000000aa",
        "parent_id": "00000001000000f1",
        "type": "subsegment",
    }
    late |= {"name": "late", "start_time": NOW, "end_time": NOW + 1}
    region.put([parse_segment(json.dumps(late))])
    assert len(ROW.findall(await text(client, f"/traces/{trace_id}"))) == 4


async def test_the_json_of_a_view_has_numbers(client: Client, region: Region) -> None:
    """Of all rows, of a choice, or of one; a call and its answer are always two."""
    trace_id = put_checkout(region, 1)
    for query, ids in (
        ("", ["f1", "f2", "f3", "f4"]),
        ("find=payments", ["f1", "f2", "f3"]),
        ("row=00000001000000f2", ["f2", "f3"]),
    ):
        answer = await (await client.get(f"/traces/{trace_id}.json?{query}")).json()
        assert [row["id"][-2:] for row in answer["rows"]] == ids
    assert answer["services"] == pytest.approx({"shop": 0.5, "payments": 0.3, "fraud.internal": 0.2})


async def test_a_window_of_ten_thousand_rows_is_small(client: Client, region: Region) -> None:
    """At most 130 KB of HTML for 200 rows of usual names."""
    calls = [
        {
            "id": f"{n:016x}",
            "name": "DynamoDB",
            "namespace": "aws",
            "aws": {"operation": "GetItem", "table_name": "orders"},
        }
        | {"start_time": NOW + n / 1e4, "end_time": NOW + (n + 0.9) / 1e4}
        for n in range(1, 2_000)
    ]
    body: dict[str, Any] = {"trace_id": f"1-{int(NOW):08x}-{1:024x}", "id": f"{2**60:016x}", "name": "shop"}
    body |= {"start_time": NOW, "end_time": NOW + 1, "subsegments": calls}
    for at in range(0, 2_000, 250):
        part = body | {"id": f"{2**60 + at:016x}", "subsegments": calls[at : at + 250]}
        assert region.put([parse_segment(json.dumps(part))]) == []
    answer = await client.get(f"/traces/{body['trace_id']}")
    page = await answer.text()
    assert len(ROW.findall(page)) == 200
    assert len(page.encode()) < 130_000
