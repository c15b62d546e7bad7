from typing import Any

import pytest

from xray_local.traces.waterfall import Waterfall, waterfall


def document(id_: str, start: float, end: float | None, parent: str | None = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"id": id_, "name": id_, "start_time": start, **more}
    if end is not None:
        body["end_time"] = end
    if parent is not None:
        body["parent_id"] = parent
    return body


def span(
    id_: str, start: float, end: float, parent: str | None = None, kind: str = "SPAN_KIND_SERVER"
) -> dict[str, Any]:
    return document(id_, start, end, parent, metadata={"otel": {"kind": kind}})


def shape(tree: Waterfall) -> list[tuple[str, int]]:
    return [(row.id, row.depth) for row in tree.rows]


def notes(tree: Waterfall) -> dict[str, tuple[str, ...]]:
    return {row.id: row.notes for row in tree.rows if row.notes}


def test_an_empty_trace_has_no_rows_and_no_time() -> None:
    """No documents give an empty waterfall of zero seconds."""
    tree = waterfall([])
    assert (tree.rows, tree.duration) == ((), 0.0)


def test_documents_are_nested_by_parent_id_whatever_their_order() -> None:
    """A child that arrives before its parent still stands under it."""
    tree = waterfall([document("c", 12, 13, "b"), document("b", 11, 14, "a"), document("a", 10, 20)])
    assert shape(tree) == [("a", 0), ("b", 1), ("c", 2)]
    assert (tree.start, tree.end, tree.duration) == (10, 20, 10)


def test_siblings_stand_by_start_and_then_as_they_came() -> None:
    """Siblings are sorted by start; equal starts keep the order of arrival."""
    tree = waterfall(
        [document("a", 0, 9), document("z", 2, 3, "a"), document("y", 1, 3, "a"), document("x", 2, 3, "a")]
    )
    assert [row.id for row in tree.rows] == ["a", "y", "z", "x"]


def test_nested_subsegments_become_rows_under_their_segment() -> None:
    """Subsegments inside a body are rows, and a document may name one of them as its parent."""
    inner = document("inner", 2, 3, namespace="remote")
    outer = document("outer", 1, 4, subsegments=[inner])
    tree = waterfall([document("a", 0, 5, subsegments=[outer]), document("b", 2, 3, "inner")])
    assert shape(tree) == [("a", 0), ("outer", 1), ("inner", 2), ("b", 3)]
    assert [row.kind for row in tree.rows] == ["segment", "subsegment", "remote subsegment", "segment"]
    assert [row.parent_id for row in tree.rows] == [None, "a", "outer", "inner"]


def test_both_recorders_nest_in_one_tree() -> None:
    """A segment under a span and a span under a segment keep their recorder and kind."""
    tree = waterfall(
        [span("server", 0, 5), document("segment", 1, 4, "server"), span("in", 2, 3, "segment", "INTERNAL")]
    )
    assert [(row.id, row.recorder, row.kind, row.depth) for row in tree.rows] == [
        ("server", "otel", "server span", 0),
        ("segment", "xray", "segment", 1),
        ("in", "otel", "internal span", 2),
    ]


def test_a_span_without_a_kind_is_a_span() -> None:
    """An unspecified kind is not shown as a word."""
    tree = waterfall([span("a", 0, 1, kind="SPAN_KIND_UNSPECIFIED")])
    assert tree.rows[0].kind == "span"


def test_a_missing_parent_makes_a_root_with_a_note() -> None:
    """A document whose parent was never received is a root that says so."""
    tree = waterfall([document("a", 0, 1, "gone")])
    assert shape(tree) == [("a", 0)]
    assert notes(tree) == {"a": ("its parent gone is not in this trace",)}


def test_a_document_that_is_its_own_parent_is_a_root() -> None:
    """A self-reference is a note, not a loop."""
    tree = waterfall([document("a", 0, 1, "a")])
    assert shape(tree) == [("a", 0)]
    assert notes(tree) == {"a": ("it names itself as its parent",)}


def test_a_loop_of_parents_is_entered_at_its_earliest_document() -> None:
    """Three documents in a circle, and one below them, are each shown once."""
    tree = waterfall(
        [document("b", 2, 3, "a"), document("c", 3, 4, "b"), document("a", 1, 5, "c"), document("d", 4, 5, "c")]
    )
    assert shape(tree) == [("a", 0), ("b", 1), ("c", 2), ("d", 3)]
    assert notes(tree) == {"a": ("its parents form a loop, so it is shown as a root",)}
    assert [row.children for row in tree.rows] == [1, 1, 1, 0]


def test_a_repeated_id_is_shown_twice_and_children_go_to_the_first() -> None:
    """Two documents of one id are both rows; the second one says so."""
    tree = waterfall([document("a", 0, 9), document("a", 1, 2), document("b", 3, 4, "a")])
    assert shape(tree) == [("a", 0), ("b", 1), ("a", 0)]
    assert tree.rows[2].notes == ("id a is recorded more than once",)


def test_a_finished_document_replaces_the_one_in_progress() -> None:
    """A segment sent first in progress and later complete is one row."""
    tree = waterfall([document("a", 0, None, in_progress=True), document("a", 0, 2)])
    assert [(row.id, row.duration) for row in tree.rows] == [("a", 2)]


def test_a_document_in_progress_has_no_duration() -> None:
    """What has not ended has no end, and does not stretch the time axis."""
    tree = waterfall([document("a", 5, None, in_progress=True)])
    assert (tree.rows[0].end, tree.rows[0].duration, tree.duration) == (None, None, 0)


def test_a_start_before_the_parent_is_noted_and_not_moved() -> None:
    """Clock skew is said and the recorded time kept; the axis begins at the earliest start."""
    tree = waterfall([document("a", 10, 12), document("b", 9.75, 11, "a")])
    assert notes(tree) == {"b": ("it starts 250 ms before its parent (clock skew?)",)}
    assert (tree.rows[1].start, tree.start) == (9.75, 9.75)


def test_a_millisecond_between_two_recorders_is_no_skew() -> None:
    """Two recorders read two clocks: a difference of under a millisecond is not worth a note."""
    tree = waterfall([document("a", 10.0005, 12), document("b", 10, 11, "a")])
    assert notes(tree) == {}


def test_an_end_before_the_start_is_zero_seconds_with_a_note() -> None:
    """A negative duration is never shown."""
    tree = waterfall([document("a", 10, 9)])
    assert (tree.rows[0].duration, tree.duration) == (0, 0)
    assert notes(tree) == {"a": ("it ends before it starts",)}


@pytest.mark.parametrize("start", ["noon", None, True, float("nan"), float("inf"), -1, 10**400, 1e308])
def test_what_is_no_time_takes_the_parents_start(start: object) -> None:
    """A start that is not epoch seconds is replaced by the parent's and noted."""
    tree = waterfall([document("a", 10, 12), {"id": "b", "parent_id": "a", "start_time": start}])
    assert (tree.rows[1].start, tree.rows[1].end) == (10, None)
    assert notes(tree) == {"b": ("it has no start time",)}


def test_a_root_without_any_time_stands_at_the_beginning() -> None:
    """A root with neither start nor end is placed at the first start of the others."""
    tree = waterfall([{"id": "lost"}, document("a", 10, 12)])
    assert [(row.id, row.start) for row in tree.rows] == [("a", 10), ("lost", 10)]


def test_bodies_of_the_wrong_types_do_not_break_the_tree() -> None:
    """Ids, names and subsegments of foreign types are read as absent."""
    odd = {"id": 7, "name": ["x"], "parent_id": {}, "subsegments": ["text", 3], "metadata": "none", "start_time": 1}
    tree = waterfall(
        [odd, {"id": "b", "type": "subsegment", "subsegments": {"a": 1}, "start_time": 2, "namespace": []}]
    )
    assert [(row.id, row.name, row.kind) for row in tree.rows] == [("", "", "segment"), ("b", "", "subsegment")]


def test_ten_thousand_nested_spans_are_ten_thousand_rows() -> None:
    """Depth costs no stack: a chain far deeper than Python's recursion limit is laid out."""
    chain = [document(str(n), n, 10_001, str(n - 1) if n else None) for n in range(10_000)]
    tree = waterfall(reversed(chain))
    assert (len(tree.rows), tree.rows[-1].depth, tree.rows[-1].id) == (10_000, 9_999, "9999")


def test_below_gives_a_row_and_what_is_nested_in_it() -> None:
    """A part of the tree has its own time axis and leaves its siblings out."""
    tree = waterfall(
        [document("a", 0, 9), document("b", 1, 4, "a"), document("c", 2, 3, "b"), document("d", 5, 6, "a")]
    )
    part = tree.below("b")
    assert part is not None
    assert [row.id for row in part.rows] == ["b", "c"]
    assert (part.start, part.end) == (1, 4)


def test_below_an_unknown_row_is_none() -> None:
    """An id that is not in the trace is not an empty part of it."""
    assert waterfall([document("a", 0, 9)]).below("z") is None


def test_a_span_is_called_by_its_own_name() -> None:
    """A server span's document has the service's name; the row has the span's."""
    tree = waterfall([document("a", 0, 1, metadata={"otel": {"name": "GET /home"}}), span("b", 0, 1)])
    assert [row.name for row in tree.rows] == ["GET /home", "b"]
