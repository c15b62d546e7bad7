import json

from tests.xray_local.conftest import Client
from tests.xray_local.otlp import JSON, span
from tests.xray_local.otlp import request as otlp_request
from tests.xray_local.page.trace.conftest import put_checkout
from tests.xray_local.samples import NOW, trace_id
from xray_local.ingest.spans import decode
from xray_local.state.region import Region
from xray_local.traces.documents import parse_segment
from xray_local.traces.waterfall import Waterfall, waterfall


def shape(tree: Waterfall) -> list[tuple[str, str, int, float | None]]:
    return [(row.id, row.entry.name, row.depth, row.duration and round(row.duration, 6)) for row in tree.rows]


def stored(region: Region) -> Waterfall:
    return waterfall(document.body for document in region.store.parsed(trace_id(1)))


async def test_markdown_is_at_the_address_of_the_trace(client: Client, region: Region) -> None:
    """As text."""
    answer = await client.get(f"/traces/{put_checkout(region, 1)}.md")
    assert answer.content_type == "text/markdown"
    assert (await answer.text()).startswith("# POST http://shop/checkout → 502 in 1 s")


async def test_otlp_can_be_sent_again(client: Client, region: Region) -> None:
    """Segments as well as spans become spans of the same names, places and times, with events and links."""
    put_checkout(region, 1)
    more = {
        "spanId": "00000000000000aa",
        "parentSpanId": "00000001000000f1",
        "events": [{"name": "hit", "timeUnixNano": str(int((NOW - 0.5) * 1e9)), "attributes": []}],
        "links": [{"traceId": "ab" * 16, "spanId": "cd" * 8}],
        "status": {"code": 2, "message": "no"},
    }
    region.put(decode(json.dumps(otlp_request(span(**more))).encode(), JSON).documents)
    before = stored(region)
    body = await (await client.get(f"/traces/{trace_id(1)}.otlp.json")).read()
    decoded = decode(body, JSON)
    assert decoded.refused == []
    again = waterfall(document.body for document in decoded.documents)
    assert shape(again) == shape(before)
    sent = next(document.body for document in decoded.documents if document.id == "00000000000000aa")
    assert sent["links"] == [{"trace_id": "1-abababab-" + "ab" * 12, "id": "cd" * 8}]
    assert [(event["name"], event["time"]) for event in sent["metadata"]["otel"]["events"]] == [("hit", NOW - 0.5)]
    assert sent["metadata"]["otel"]["status"] == {"code": "ERROR", "message": "no"}


async def test_segments_can_be_put_again(client: Client, region: Region) -> None:
    """Without those that X-Ray infers."""
    put_checkout(region, 1)
    before = shape(stored(region))
    documents = await (await client.get(f"/traces/{trace_id(1)}.segments.json")).json()
    assert not [document for document in documents if document.get("inferred")]
    region.reset()
    region.put([parse_segment(json.dumps(document)) for document in documents])
    assert shape(stored(region)) == before


async def test_a_trace_that_is_not_stored_has_no_other_form(client: Client) -> None:
    """The answer is a 404."""
    for form in ("md", "otlp.json", "segments.json"):
        assert (await client.get(f"/traces/{trace_id(1)}.{form}")).status == 404
