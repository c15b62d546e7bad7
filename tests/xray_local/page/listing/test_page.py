"""The list of traces over HTTP."""

import re
from html import unescape
from typing import Any

from tests.xray_local.conftest import Client
from tests.xray_local.samples import body, text
from xray_local.state.region import Region
from xray_local.traces.documents import parse_stored

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


async def test_recorded_texts_are_escaped(api: Client, region: Region) -> None:
    """Every text of a trace that the list can show, what it is grouped by, and what is typed."""
    http = {"request": {"method": HOSTILE, "url": f"http://{HOSTILE}/{HOSTILE}", "user_agent": HOSTILE}}
    cause = {"exceptions": [{"id": "0" * 16, "type": HOSTILE, "message": HOSTILE}]}
    more: dict[str, Any] = {"user": HOSTILE, "origin": HOSTILE, "annotations": {"key": HOSTILE}, "http": http}
    sent = (text(1, name=HOSTILE, fault=True, cause=cause, **more), text(2, name=HOSTILE))
    assert region.put([parse_stored(document) for document in sent]) == []  # of OTLP, which allows any name
    for query in ({}, {"by": "service"}, {"by": "annotation.key"}, {"by": f"annotation.{HOSTILE}"}, {"q": HOSTILE}):
        page = await (await api.get("/", params=query)).text()
        assert "onerror" in page
        assert "<img src=x" not in page
        assert "\"'&" not in page


async def test_a_cell_of_the_heat_map_leads_to_its_traces(api: Client, region: Region) -> None:
    """To as many as its label says."""
    start = body(1)["start_time"]
    for number, seconds in enumerate((0.01, 0.01, 0.5, 0.01, 7.0), 1):
        at = start + 600.0 * (number // 3)
        region.put_segments([text(number, start_time=at, end_time=at + seconds, fault=number == 5)])
    page = await (await api.get("/")).text()
    cells = re.findall(r'<a href="([^"]+)" tabindex="-1"><rect( class="bad")? [^>]+><title>(\d) trace', page)
    found = {unescape(href): int(number) for href, _, number in cells}
    assert sorted(found.values()) == [1, 1, 1, 2]
    assert [bool(bad) for _, bad, _ in cells].count(True) == 1
    for href, number in found.items():
        assert len((await (await api.get(f"/traces.json{href[1:]}")).json())["traces"]) == number
