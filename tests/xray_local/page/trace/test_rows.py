import json
from typing import Any

import pytest

from xray_local.page.trace.rows import ROWS_PER_PAGE, WireCount, row_json, trace_head, trace_page
from xray_local.traces.flags import Flag
from xray_local.traces.waterfall import waterfall


def document(id_: str, start: float, end: float | None, parent: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"id": id_, "name": id_, "start_time": start, "end_time": end, "parent_id": parent} | more
    return {key: value for key, value in body.items() if value is not None}


def test_bars_and_ticks_share_one_axis() -> None:
    """A bar is its row's part of the trace's time in percent; the ticks divide that time."""
    page = trace_page(waterfall([document("a", 10, 14), document("b", 11, 13, "a")]), "/traces/x")
    assert [(line.bar.left, line.bar.width) for line in page.lines] == [(0, 100), (25, 50)]
    assert [(tick.left, tick.seconds) for tick in page.ticks] == [
        (0, 0),
        (25, 1),
        (50, 2),
        (75, 3),
        (100, 4),
    ]


def test_a_bar_is_always_visible() -> None:
    """Also for an instant at the end; a row in progress reaches to the end of the axis."""
    page = trace_page(waterfall([document("a", 0, 10), document("b", 10, 10, "a"), document("c", 4, None, "a")]), "/t")
    assert [(line.row.id, line.bar.left, line.bar.width) for line in page.lines[1:]] == [
        ("c", 40, 60),
        ("b", 99.6, 0.4),
    ]


def test_a_trace_of_zero_seconds_has_bars_at_the_start() -> None:
    """Nothing is divided by zero."""
    page = trace_page(waterfall([document("a", 5, 5)]), "/t")
    assert (page.lines[0].bar.left, page.lines[0].bar.width) == (0, 0.4)


def test_segments_subsegments_and_spans_are_counted() -> None:
    """For the legend, over all rows."""
    span = document("s", 1, 2, "a", metadata={"otel": {"kind": "INTERNAL"}})
    segment = document("a", 0, 3, subsegments=[document("b", 1, 2)])
    page = trace_page(waterfall([segment, span]), "/t")
    assert page.counts == (WireCount("X-Ray only", "xray", 1, 1, 0), WireCount("OpenTelemetry only", "otel", 0, 0, 1))
    assert [count.rows for count in page.counts] == [2, 1]
    assert page.wires == 2


def test_a_row_says_by_which_wires_it_came() -> None:
    """In words, with a class, and counted for the legend."""
    spans = [document(id_, 1, 2, "a", metadata={"otel": {"name": f"span {id_}"}}) for id_ in "bc"]
    page = trace_page(
        waterfall([document("a", 0, 3, subsegments=[document("b", 1, 2), document("d", 2, 3)]), *spans]), "/t"
    )
    assert [(line.row.name, line.row.kind, line.wires, line.wires_class) for line in page.lines] == [
        ("a", "segment", "X-Ray only", "xray"),
        ("b", "subsegment", "X-Ray and OpenTelemetry", "both"),
        ("span c", "span", "OpenTelemetry only", "otel"),
        ("d", "subsegment", "X-Ray only", "xray"),
    ]
    assert [(count.label, count.rows) for count in page.counts] == [
        ("X-Ray and OpenTelemetry", 1),
        ("X-Ray only", 2),
        ("OpenTelemetry only", 1),
    ]
    assert row_json(2, page.lines[1].row)["wires"] == ["segments", "otlp"]


def test_a_long_trace_has_windows() -> None:
    """With links to the previous and the next one."""
    tree = waterfall([document(str(n), n, n + 1) for n in range(10_000)])
    first, second = trace_page(tree, "/t"), trace_page(tree, "/t", offset=ROWS_PER_PAGE)
    assert (first.first, first.last, first.total, len(first.lines)) == (1, 200, 10_000, 200)
    assert (first.previous, first.next) == (None, "/t?offset=200")
    assert (second.first, second.previous, second.next) == (201, "/t", "/t?offset=400")


@pytest.mark.parametrize(("offset", "first"), [(-5, 1), (2, 3), (99, 3)])
def test_an_offset_out_of_range_is_clamped(offset: int, first: int) -> None:
    """The page always shows rows."""
    assert trace_page(waterfall([document(i, 0, 1) for i in "abc"]), "/t", offset=offset).first == first


def test_windows_of_a_part_stay_in_the_part() -> None:
    """Links to other windows keep the part."""
    tree = waterfall([document("a", 0, 9)] + [document(str(n), 1, 2, "a") for n in range(300)])
    assert trace_page(tree, "/t", "a").next == "/t?part=a&offset=200"


def test_exceptions_are_listed_above_with_links_to_their_rows() -> None:
    """Each leads to the window of its row."""
    cause = {"exceptions": [{"type": "KeyError", "message": "x"}]}
    tree = waterfall([document(f"r{n}", n, n + 1, cause=cause if n == 250 else None) for n in range(300)])
    (exception,) = trace_page(tree, "/t").exceptions
    assert (exception.href, exception.name, exception.type) == ("/t?offset=200#row-251", "r250", "KeyError")


def test_at_most_five_exceptions_are_listed_above() -> None:
    """All of them are in the waterfall."""
    cause = {"exceptions": [{"type": "E"}]}
    tree = waterfall([document(f"r{n}", n, n + 1, cause=cause) for n in range(9)])
    assert len(trace_page(tree, "/t").exceptions) == 5


def test_the_title_is_the_first_request_of_the_trace() -> None:
    """The flags are those of all rows."""
    http = {"request": {"method": "GET", "url": "http://h:1/a"}, "response": {"status": 404}}
    head = trace_head(waterfall([document("a", 0, 2), document("b", 1, 2, "a", http=http, fault=True, error=True)]))
    assert (head.method, head.host, head.path, head.status) == ("GET", "h:1", "/a", 404)
    assert (head.marks, head.duration) == ((Flag.FAULT, Flag.ERROR), 2)


def test_a_trace_without_a_request_has_the_name_of_its_first_row() -> None:
    """Method and status are empty."""
    head = trace_head(waterfall([document("worker", 0, 2)]))
    assert (head.method, head.path, head.status) == ("", "worker", None)


def test_events_are_points_on_the_bar() -> None:
    """At their times; an exception is marked."""
    events = [{"name": "hit", "time": 1}, {"name": "exception", "time": 3}]
    page = trace_page(waterfall([document("a", 0, 4, metadata={"otel": {"events": events}})]), "/t")
    assert [(point.left, point.failure) for point in page.lines[0].points] == [(25, False), (75, True)]
    assert [(event.name, event.at) for event in page.lines[0].details.events] == [("hit", 1)]


def test_only_a_row_with_children_links_to_its_part() -> None:
    """The id is escaped in the link."""
    page = trace_page(waterfall([document("a&b", 0, 4), document("c", 1, 2, "a&b")]), "/t")
    assert [line.part_query for line in page.lines] == ["?part=a%26b", ""]


def test_the_indentation_is_limited() -> None:
    """Depth 20 is indented like depth 16."""
    tree = waterfall([document(str(n), n, 30, str(n - 1) if n else None) for n in range(21)])
    line = trace_page(tree, "/t").lines[20]
    assert (line.row.depth, line.indent) == (20, 16)


def test_the_json_of_a_row_has_its_document_without_subsegments() -> None:
    """With its place and times as numbers."""
    tree = waterfall([document("a", 1, 3, fault=True, subsegments=[document("b", 1, 2)])])
    row = json.loads(json.dumps(row_json(1, tree.rows[0])))
    assert row == {
        "number": 1,
        "id": "a",
        "parent_id": None,
        "depth": 0,
        "name": "a",
        "wires": ["segments"],
        "kind": "segment",
        "start": 1.0,
        "duration": 2.0,
        "status": None,
        "marks": ["fault"],
        "notes": [],
        "body": {"id": "a", "name": "a", "start_time": 1, "end_time": 3, "fault": True},
    }
