"""One recording by two wires: the same trace as segment documents and as OTLP spans with the same ids."""

import itertools
import json
import re
from typing import Any

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.otlp import pairs, request, span
from tests.xray_local.samples import NOW, trace_id
from xray_local.cli.terminal.screen import Screen
from xray_local.cli.terminal.trace_view import draw
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.state.region import Region
from xray_local.traces.waterfall import waterfall

ROOT, WORK, CALL, TABLE, QUERY = (f"{number:016x}" for number in range(1, 6))
TRACE = trace_id(1)
REQUEST = {"method": "GET", "url": "http://shop.example/cart", "client_ip": "10.0.0.1"}
MESSAGE = "invalid literal for int() with base 10: 'x'"
FRAME = {"path": "app.py", "line": 7, "label": "load"}
FAILED = {"type": "ValueError", "message": MESSAGE, "stack": [FRAME]}
TRACEBACK = (
    f'Traceback (most recent call last):\n  File "/app/app.py", line 7, in load\n    int("x")\nValueError: {MESSAGE}\n'
)


def entry(id_: str, name: str, seconds: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return a segment or a subsegment."""
    return {"id": id_, "name": name, "start_time": NOW + seconds[0], "end_time": NOW + seconds[1], **more}


SQL = {"database_type": "postgresql", "url": "SELECT", "connection_string": "localhost/orders"}
CALLED = {"request": {"method": "GET", "url": "http://users.example/7"}, "response": {"status": 503}}
GOT = {"operation": "GetItem", "table_name": "carts"}
SEGMENT = entry(
    ROOT,
    "shop",
    (0, 1),
    trace_id=TRACE,
    user="ann",
    http={"request": REQUEST, "response": {"status": 500}},
    fault=True,
    aws={"xray": {"sdk": "opentelemetry for python", "sampling_rule_name": "Default"}},
    metadata={"default": {"http.route": "/cart", "otel.resource.service.name": "shop"}},
    subsegments=[
        entry(
            WORK,
            "load",
            (0.1, 0.9),
            annotations={"handle": "ann", "items": 3},
            metadata={"shop": {"cart": {"id": 7}}},
            fault=True,
            cause={"working_directory": "/app", "exceptions": [{"id": "f" * 16, **FAILED}]},
            subsegments=[
                entry(CALL, "users.example", (0.2, 0.6), namespace="remote", http=CALLED, fault=True),
                entry(
                    TABLE, "dynamodb", (0.6, 0.7), namespace="aws", aws={"operation": "GetItem", "table_name": "carts"}
                ),
                entry(QUERY, "orders", (0.7, 0.8), namespace="remote", sql=SQL),
            ],
        )
    ],
)


def sent_span(id_: str, name: str, parent: str, seconds: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return a span."""
    start, end = (str(int((NOW + at) * 1000) * 1_000_000) for at in seconds)
    times = {"startTimeUnixNano": start, "endTimeUnixNano": end}
    return span(spanId=id_, name=name, parentSpanId=parent, **times, **more)


EXCEPTION = {"exception.type": "ValueError", "exception.message": MESSAGE, "exception.stacktrace": TRACEBACK}
SPANS = [
    sent_span(
        CALL,
        "GET",
        WORK,
        (0.2, 0.6),
        attributes={
            "http.request.method": "GET",
            "url.full": "http://users.example/7?token=x",
            "server.address": "users.example",
            "http.response.status_code": 503,
            "aws.xray.annotations": [],
        },
    ),
    sent_span(
        TABLE,
        "DynamoDB.GetItem",
        WORK,
        (0.6, 0.7),
        attributes={
            "rpc.system": "aws-api",
            "rpc.service": "DynamoDB",
            "rpc.method": "GetItem",
            "aws.dynamodb.table_names": ["carts"],
            "aws.xray.annotations": [],
        },
    ),
    sent_span(
        QUERY,
        "SELECT",
        WORK,
        (0.7, 0.8),
        attributes={"db.system": "postgresql", "db.name": "orders", "aws.xray.annotations": []},
    ),
    sent_span(
        WORK,
        "load",
        ROOT,
        (0.1, 0.9),
        kind=1,
        status={"code": 2, "message": f"ValueError: {MESSAGE}"},
        events=[{"name": "exception", "attributes": pairs(EXCEPTION)}],
        attributes={
            "handle": "ann",
            "items": 3,
            "aws.xray.annotations": ["handle", "items"],
            "aws.xray.metadata.shop": '{"cart": {"id": 7}}',
        },
    ),
    sent_span(
        ROOT,
        "GET /cart",
        "",
        (0, 1),
        kind=2,
        attributes={
            "http.method": "GET",
            "http.url": "http://shop.example/cart",
            "http.route": "/cart",
            "net.peer.ip": "10.0.0.1",
            "http.status_code": 500,
            "enduser.id": "ann",
            "aws.xray.annotations": [],
        },
    ),
]
ORDERS = {
    "segments first": ("segments", "spans"),
    "spans first": ("spans", "segments"),
    "doubled": ("segments", "segments", "spans", "spans"),
    "doubled in turn": ("spans", "segments", "spans", "segments"),
    "flat segments, between the spans": ("one span", "flat", "spans"),
}
every_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())


def flat(segment: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a segment and its subsegments as separate documents, as the collector sends them."""
    nested = segment.get("subsegments", [])
    own = {key: value for key, value in segment.items() if key != "subsegments"}
    below = [{"trace_id": TRACE, "parent_id": segment["id"], "type": "subsegment"} | part for part in nested]
    return [own, *itertools.chain.from_iterable(flat(part) for part in below)]


async def send(api: Client, *wires: str) -> None:
    """Send the trace by these wires, one after the other."""
    for wire in wires:
        if wire in {"spans", "one span"}:
            sent = SPANS[:1] if wire == "one span" else SPANS
            answer = await api.post("/v1/traces", json=request(*sent))
            assert await answer.json() == {}
        else:
            documents = flat(SEGMENT) if wire == "flat" else [SEGMENT]
            body = {"TraceSegmentDocuments": [json.dumps(document) for document in documents]}
            answer = await api.post("/TraceSegments", json=body)
            assert await answer.json() == {"UnprocessedTraceSegments": []}


async def call(api: Client, operation: str, **body: Any) -> Any:
    return await (await api.post(f"/{operation}", json=body)).json()


async def derived(api: Client) -> dict[str, Any]:
    """Return what the API derives from the trace; the revision counts documents."""
    times = {"StartTime": NOW - 10, "EndTime": NOW + 10}
    [summary] = (await call(api, "TraceSummaries", **times))["TraceSummaries"]
    return {
        "summary": {key: value for key, value in summary.items() if key != "Revision"},
        "trace graph": (await call(api, "TraceGraph", TraceIds=[TRACE]))["Services"],
        "service graph": (await call(api, "ServiceGraph", **times))["Services"],
    }


async def rows(api: Client) -> list[dict[str, Any]]:
    page = await (await api.get(f"/traces/{TRACE}.json")).json()
    found: list[dict[str, Any]] = page["rows"]
    return found


@every_order
async def test_everything_that_is_derived_counts_an_entry_once(api: Client, order: tuple[str, ...]) -> None:
    """Summaries, root causes and graphs are those of the segments alone, whatever arrived first and how often."""
    await send(api, "segments")
    alone = await derived(api)
    await api.post("/_local/reset")
    await send(api, *order)
    assert await derived(api) == alone
    assert alone["summary"]["ResponseTime"] == alone["summary"]["Duration"] == 1
    [shop] = [node for node in alone["service graph"] if (node["Name"], node["Type"]) == ("shop", "")]
    assert (shop["SummaryStatistics"]["TotalCount"], len(shop["Edges"])) == (1, 3)


@every_order
async def test_an_entry_is_one_row_that_names_both_wires(api: Client, order: tuple[str, ...]) -> None:
    """With the segment's name and kind and what only the span has; without notes."""
    await send(api, *order)
    found = await rows(api)
    assert [(row["name"], row["kind"], row["depth"]) for row in found] == [
        ("shop", "segment", 0),
        ("load", "subsegment", 1),
        ("users.example", "remote subsegment", 2),
        ("dynamodb", "aws subsegment", 2),
        ("orders", "remote subsegment", 2),
    ]
    assert all(row["wires"] == ["segments", "otlp"] and row["notes"] == [] for row in found)
    root, work = found[0]["body"], found[1]["body"]
    assert root["aws"]["xray"]["sampling_rule_name"] == "Default"
    assert root["metadata"]["otel"]["attributes"]["http.route"] == "/cart"
    assert set(root["metadata"]) == {"otel"}
    assert [failure["id"] for failure in work["cause"]["exceptions"]] == ["f" * 16]
    assert (work["annotations"], work["metadata"]["shop"]) == ({"handle": "ann", "items": 3}, {"cart": {"id": 7}})


@every_order
async def test_the_page_and_the_terminal_name_the_wires(api: Client, order: tuple[str, ...]) -> None:
    """The page by the shape of its marks; the exception is listed once for its row."""
    await send(api, *order)
    page = await (await api.get(f"/traces/{TRACE}", headers={"Accept": "text/html"})).text()
    assert len(re.findall(r'class="sw s\d both"', page)) == 5
    assert page.count("<b>ValueError</b>") == 1
    [trace] = (await call(api, "_local/traces", TraceIds=[TRACE]))["Traces"]
    tree = waterfall(json.loads(part["Document"]) for part in trace["Segments"])
    facts = list(draw(AnalysedTrace(tree), Screen(80, colour=False)))[1]
    assert "5 rows: 5 X-Ray and OpenTelemetry" in facts


@pytest.mark.parametrize("expression", ["fault", 'annotation.handle = "ann"', "annotation.items = 3", 'user = "ann"'])
@pytest.mark.parametrize("wires", [("segments",), ("spans",), ("spans", "segments")])
async def test_filters_find_the_trace_by_any_wire(api: Client, wires: tuple[str, ...], expression: str) -> None:
    """And what was not annotated by none."""
    await send(api, *wires)
    times = {"StartTime": NOW - 10, "EndTime": NOW + 10}
    assert len((await call(api, "TraceSummaries", **times, FilterExpression=expression))["TraceSummaries"]) == 1
    other = 'annotation.http.route = "/cart"'
    assert (await call(api, "TraceSummaries", **times, FilterExpression=other))["TraceSummaries"] == []


async def test_the_documents_are_kept_as_they_were_sent(api: Client, region: Region) -> None:
    """Of one id the segment's and the span's; sent to another place, they are the same trace."""
    await send(api, "segments", "spans")
    [trace] = (await call(api, "_local/traces", TraceIds=[TRACE]))["Traces"]
    assert [part["Id"] for part in trace["Segments"]].count(ROOT) == 2
    assert json.loads(trace["Segments"][0]["Document"]) == SEGMENT
    assert region.store.counts() == {"traces": 1, "segments": 1, "spans": 5}
    expected = await rows(api)
    await api.post("/_local/reset")
    await call(api, "TraceSegments", TraceSegmentDocuments=[part["Document"] for part in reversed(trace["Segments"])])
    assert region.store.counts() == {"traces": 1, "segments": 1, "spans": 5}
    assert await rows(api) == expected


async def test_a_datagram_that_arrives_twice_counts_once(api: Client, region: Region) -> None:
    """So does one in progress that comes late."""
    running = json.dumps({key: value for key, value in SEGMENT.items() if key != "end_time"} | {"in_progress": True})
    for text in (json.dumps(SEGMENT), running, json.dumps(SEGMENT)):
        region.put_segments([text])
    await send(api, "spans")
    assert [row["wires"] for row in await rows(api)] == [["segments", "otlp"]] * 5


COMPARED = ("name", "namespace", "annotations", "http", "sql", "user", "error", "fault", "throttle")


def compared(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a row shows in the same way whether it came as a segment or as a span."""
    body = row["body"]
    called = {key: body.get("aws", {}).get(key) for key in ("operation", "table_name")}
    causes = [
        {key: value for key, value in found.items() if key in {"type", "message", "stack"}}
        for found in body.get("cause", {}).get("exceptions", [])
    ]
    place = {key: row[key] for key in ("id", "parent_id", "depth")}
    parts = {key: body.get(key) or None for key in COMPARED} | {"aws": called, "cause": causes}
    return place | parts | {"metadata": body.get("metadata", {}).get("shop")}


async def test_a_trace_of_spans_alone_reads_like_its_segments(api: Client) -> None:
    """The same tree, names, namespaces, annotations, requests, queries, users, flags and exceptions."""
    await send(api, "segments")
    as_segments, derived_from_segments = [compared(row) for row in await rows(api)], await derived(api)
    await api.post("/_local/reset")
    await send(api, "spans")
    assert [compared(row) for row in await rows(api)] == as_segments
    assert await derived(api) == derived_from_segments


async def test_entries_of_two_recorders_stay_apart(api: Client) -> None:
    """A segment with its own ids below the span of the same request, as without one recording."""
    other = {key: value for key, value in SEGMENT.items() if key != "subsegments"} | {"id": "a" * 16, "parent_id": ROOT}
    await send(api, "spans")
    await call(api, "TraceSegments", TraceSegmentDocuments=[json.dumps(other)])
    found = await rows(api)
    assert [(row["id"], row["wires"]) for row in found] == [
        (ROOT, ["otlp"]),
        ("a" * 16, ["segments"]),
        *((id_, ["otlp"]) for id_ in (WORK, CALL, TABLE, QUERY)),
    ]
