import json
from typing import Any

import pytest

from tests.xray_local.page.trace.rows import call, checkout, document
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.rows import ROWS_PER_PAGE, Window, axis, row_json, window, wire_counts
from xray_local.page.trace.shown.view import read, shown
from xray_local.traces.waterfall import Waterfall, waterfall


def lines(tree: Waterfall, **query: Any) -> Window:
    trace, view = AnalysedTrace(tree), read(query)
    return window(trace, view, shown(trace, view))


def test_a_row_says_what_was_called_by_whom_and_how_it_went() -> None:
    """A call and its answer are one row, with the name of the service and the request."""
    found = lines(checkout())
    assert [(line.called.text, line.service, line.status, line.flag, line.began) for line in found.lines] == [
        ("shop POST /checkout", "shop", 502, "fault", False),
        ("table PutItem orders", "orders", None, "", False),
        ("payments POST /charge", "payments", 502, "fault", False),
        ("fraud POST /score", "fraud", 503, "fault", True),
    ]
    assert [(line.took, line.share) for line in found.lines] == [(10, 1), (1, 0.1), (6, 0.6), (2.5, 0.25)]


def test_a_call_is_light_what_is_at_work_is_solid_and_where_it_failed_is_red() -> None:
    """The colour of the call is that of its caller."""
    bars = [[(bar.left, bar.width, bar.service, bar.kind) for bar in line.bars] for line in lines(checkout()).lines]
    assert bars == [
        [(0, 100, "shop", "")],
        [(10, 10, "orders", "call")],
        [(30, 60, "shop", "call"), (40, 40, "payments", "")],
        [(50, 25, "payments", "call"), (55, 15, "fraud", "began")],
    ]


def test_a_call_that_nothing_answered_is_red_where_it_failed() -> None:
    """As in a timeout."""
    [_, found] = lines(waterfall([document("a", 0, 9, fault=True), call("c", 1, 8, "a", fault=True)])).lines
    assert [bar.kind for bar in found.bars] == ["began"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 10, (0, 100)),
        (2, 3, (20, 10)),
        (9.999, 10, (99.7, 0.3)),
        (5, 5, (50, 0.3)),
        (7, None, (70, 30)),
        (7, 6, (70, 0.3)),
    ],
)
def test_every_bar_is_visible_and_inside_the_axis(start: float, end: float | None, expected: tuple[float, ...]) -> None:
    """The shortest row can be seen, also at the end; a row in progress reaches to the end and is marked."""
    [_, line] = lines(waterfall([document("a", 0, 10), document("b", start, end, "a")])).lines
    [bar] = line.bars
    assert (bar.left, bar.width, bar.kind) == (*expected, "open" if end is None else "")


def test_a_zoom_changes_the_axis() -> None:
    """Bars are cut at its ends, and the labels count from the start of the trace."""
    tree = waterfall([document("a", 0, 10), document("b", 4, 6, "a")])
    [_, line] = lines(tree, zoom="5000-7000").lines
    assert [(bar.left, bar.width) for bar in line.bars] == [(0, 50)]
    found = axis(AnalysedTrace(tree), read({"zoom": "5000-7000"}))
    assert [(left, found.start + seconds) for left, seconds in found.ticks] == [
        (0, 5),
        (25, 5.5),
        (50, 6),
        (75, 6.5),
        (100, 7),
    ]


def test_the_critical_path_is_below_the_bars() -> None:
    """Pieces that are close to each other are drawn as one, so that a row stays small."""
    tree = waterfall([document("a", 0, 10), document("b", 2, 6, "a")])
    assert [[(bar.left, bar.width) for bar in line.critical] for line in lines(tree).lines] == [
        [(0, 20), (60, 40)],
        [(20, 40)],
    ]
    many = [document("a", 0, 10)] + [document(f"b{n}", n / 100, n / 100 + 0.009, "a") for n in range(1000)]
    assert len(lines(waterfall(many)).lines[0].critical) == 1


def test_a_trace_of_one_moment_has_bars() -> None:
    """Without dividing by zero."""
    [line] = lines(waterfall([document("a", 5, 5)])).lines
    assert (
        line.bars[0].left,
        line.share,
        axis(AnalysedTrace(waterfall([document("a", 5, 5)])), read({})).duration,
    ) == (
        0,
        0,
        0,
    )


def test_the_shape_is_the_recorder() -> None:
    """A square for segments, a circle for spans, both for an entry that came by both."""

    def span(name: str) -> dict[str, Any]:
        return document(name, 1, 2, "a", metadata={"otel": {"name": f"span {name}"}})

    tree = waterfall([document("a", 0, 3, subsegments=[document("b", 1, 2)]), span("b"), span("c")])
    assert [(line.shape, line.wires) for line in lines(tree).lines] == [
        ("", "X-Ray only"),
        ("both", "X-Ray and OpenTelemetry"),
        ("round", "OpenTelemetry only"),
    ]
    assert [(count.label, count.rows) for count in wire_counts(tree.rows)] == [
        ("X-Ray and OpenTelemetry", 1),
        ("X-Ray only", 1),
        ("OpenTelemetry only", 1),
    ]


def test_events_are_points_on_the_bar() -> None:
    """At their times; an exception is marked."""
    events = [{"name": "hit", "time": 1}, {"name": "exception", "time": 3}]
    [line] = lines(waterfall([document("a", 0, 4, metadata={"otel": {"events": events}})])).lines
    assert [(point.left, point.failure) for point in line.points] == [(25, False), (75, True)]


def test_a_long_trace_has_windows() -> None:
    """With the offsets of the previous and the next one."""
    tree = waterfall([document(str(n), n, n + 1) for n in range(10_000)])
    first, second = lines(tree), lines(tree, offset="200")
    assert (first.first, first.last, first.total, len(first.lines)) == (1, 200, 10_000, ROWS_PER_PAGE)
    assert (first.previous, first.next) == (None, 200)
    assert (second.first, second.previous, second.next) == (201, 0, 400)


@pytest.mark.parametrize(("query", "first"), [({"offset": "99"}, 3), ({"row": "c"}, 1), ({"row": "gone"}, 1), ({}, 1)])
def test_an_offset_out_of_range_shows_the_last_row(query: dict[str, str], first: int) -> None:
    """The page always shows rows."""
    assert lines(waterfall([document(i, 0, 1) for i in "abc"]), **query).first == first


def test_the_address_of_a_row_shows_its_window() -> None:
    """Also that of a segment that is in the row of its call."""
    rows = [document("root", 0, 9)]
    for n in range(300):
        rows += [call(f"c{n}", n / 100, n / 100 + 0.5, "root"), document(f"s{n}", n / 100, n / 100 + 0.4, f"c{n}")]
    assert [lines(waterfall(rows), row=name).first for name in ("c250", "s250", "s3")] == [201, 201, 1]


def test_a_view_without_rows_is_empty() -> None:
    """Its window has no number."""
    found = lines(checkout(), find="nothing")
    assert (found.lines, found.first, found.last, found.previous, found.next) == ((), 0, 0, None, None)


def test_the_indentation_is_limited() -> None:
    """Depth 20 is indented like depth 16."""
    tree = waterfall([document(str(n), n, 30, str(n - 1) if n else None) for n in range(21)])
    line = lines(tree).lines[20]
    assert (line.depth, line.indent) == (20, 16)


def test_the_json_of_a_row_has_its_document_without_subsegments() -> None:
    """With its place and times as numbers."""
    tree = waterfall([document("a", 1, 3, fault=True, subsegments=[document("b", 1, 2)])])
    assert json.loads(json.dumps(row_json(AnalysedTrace(tree), 0))) == {
        "number": 1,
        "id": "a",
        "parent_id": None,
        "depth": 0,
        "name": "a",
        "service": "a",
        "called": "a",
        "wires": ["segments"],
        "kind": "segment",
        "start": 1.0,
        "duration": 2.0,
        "own": 1.0,
        "critical": [[2.0, 3.0]],
        "status": None,
        "marks": ["fault"],
        "began": True,
        "notes": [],
        "body": {"id": "a", "name": "a", "start_time": 1, "end_time": 3, "fault": True},
    }
