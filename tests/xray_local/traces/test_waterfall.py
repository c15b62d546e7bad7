from typing import Any

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
    """Without documents there are no rows and zero seconds."""
    tree = waterfall([])
    assert (tree.rows, tree.duration) == ((), 0.0)


def test_documents_are_nested_by_parent_id_whatever_their_order() -> None:
    """A child may arrive before its parent."""
    tree = waterfall([document("c", 12, 13, "b"), document("b", 11, 14, "a"), document("a", 10, 20)])
    assert shape(tree) == [("a", 0), ("b", 1), ("c", 2)]
    assert (tree.start, tree.end, tree.duration) == (10, 20, 10)


def test_siblings_are_sorted_by_start_and_then_by_arrival() -> None:
    """Equal starts keep the order of arrival."""
    tree = waterfall(
        [document("a", 0, 9), document("z", 2, 3, "a"), document("y", 1, 3, "a"), document("x", 2, 3, "a")]
    )
    assert [row.id for row in tree.rows] == ["a", "y", "z", "x"]


def test_nested_subsegments_become_rows_under_their_segment() -> None:
    """A document may name one of them as its parent."""
    inner = document("inner", 2, 3, namespace="remote")
    outer = document("outer", 1, 4, subsegments=[inner])
    tree = waterfall([document("a", 0, 5, subsegments=[outer]), document("b", 2, 3, "inner")])
    assert shape(tree) == [("a", 0), ("outer", 1), ("inner", 2), ("b", 3)]
    assert [row.kind for row in tree.rows] == ["segment", "subsegment", "remote subsegment", "segment"]
    assert [row.parent_id for row in tree.rows] == [None, "a", "outer", "inner"]


def test_segments_and_spans_nest_in_one_waterfall() -> None:
    """A segment under a span and a span under a segment keep their kind."""
    tree = waterfall(
        [span("server", 0, 5), document("segment", 1, 4, "server"), span("in", 2, 3, "segment", "INTERNAL")]
    )
    assert [(row.id, row.wires, row.kind, row.depth) for row in tree.rows] == [
        ("server", ("otlp",), "server span", 0),
        ("segment", ("segments",), "segment", 1),
        ("in", ("otlp",), "internal span", 2),
    ]


def test_a_span_without_a_kind_is_a_span() -> None:
    """An unspecified kind is not shown as a word."""
    tree = waterfall([span("a", 0, 1, kind="SPAN_KIND_UNSPECIFIED")])
    assert tree.rows[0].kind == "span"


def test_the_segment_that_was_made_for_a_call_is_a_segment() -> None:
    """Its document came of a span, which is the row below."""
    made = {"id": "a", "name": "job", "start_time": 1, "end_time": 2, "metadata": {"otel": {"service_of": "b"}}}
    call = {"id": "b", "name": "x", "parent_id": "a", "type": "subsegment", "start_time": 1, "end_time": 2}
    tree = waterfall([made, call | {"metadata": {"otel": {"name": "GET", "kind": "CLIENT"}}}])
    assert [(row.name, row.kind, row.depth) for row in tree.rows] == [("job", "segment", 0), ("GET", "client span", 1)]


def test_a_missing_parent_is_noted_on_the_root() -> None:
    """The note names the parent."""
    tree = waterfall([document("a", 0, 1, "gone")])
    assert shape(tree) == [("a", 0)]
    assert notes(tree) == {"a": ("its parent gone is not in this trace",)}


def test_an_entry_that_is_its_own_parent_is_noted() -> None:
    """It is a root with a note of its own."""
    tree = waterfall([document("a", 0, 1, "a")])
    assert shape(tree) == [("a", 0)]
    assert notes(tree) == {"a": ("it names itself as its parent",)}


def test_a_cycle_of_parents_is_noted_on_the_root_it_is_cut_at() -> None:
    """Three documents in a cycle, and one below them, are each shown once."""
    tree = waterfall(
        [document("b", 2, 3, "a"), document("c", 3, 4, "b"), document("a", 1, 5, "c"), document("d", 4, 5, "c")]
    )
    assert shape(tree) == [("a", 0), ("b", 1), ("c", 2), ("d", 3)]
    assert notes(tree) == {"a": ("its parents form a cycle, so it is shown as a root",)}
    assert [row.children for row in tree.rows] == [1, 1, 1, 0]


def test_a_repeat_is_a_row_with_a_note() -> None:
    """Its children are rows below the first entry of the id."""
    tree = waterfall([document("a", 0, 9), document("a", 1, 2), document("b", 3, 4, "a")])
    assert shape(tree) == [("a", 0), ("b", 1), ("a", 0)]
    assert tree.rows[2].notes == ("id a is recorded more than once",)


def test_a_document_in_progress_has_no_duration() -> None:
    """It does not extend the time axis."""
    tree = waterfall([document("a", 5, None, in_progress=True)])
    assert (tree.rows[0].end, tree.rows[0].duration, tree.duration) == (None, None, 0)


def test_an_absent_start_time_is_noted() -> None:
    """The row starts with its parent."""
    tree = waterfall([document("a", 10, 12), {"id": "b", "parent_id": "a"}])
    assert (tree.rows[1].start, tree.rows[1].end) == (10, None)
    assert notes(tree) == {"b": ("it has no start time",)}


def test_a_start_before_the_parent_is_noted_and_not_moved() -> None:
    """The recorded time is kept; the axis begins at the earliest start."""
    tree = waterfall([document("a", 10, 12), document("b", 9.75, 11, "a")])
    assert notes(tree) == {"b": ("it starts 250 ms before its parent (clock skew?)",)}
    assert (tree.rows[1].start, tree.start) == (9.75, 9.75)


def test_a_difference_below_a_millisecond_is_not_skew() -> None:
    """Two processes read two clocks."""
    tree = waterfall([document("a", 10.0005, 12), document("b", 10, 11, "a")])
    assert notes(tree) == {}


def test_an_end_before_the_start_is_zero_seconds_with_a_note() -> None:
    """A duration is never negative."""
    tree = waterfall([document("a", 10, 9)])
    assert (tree.rows[0].duration, tree.duration) == (0, 0)
    assert notes(tree) == {"a": ("it ends before it starts",)}


def test_a_root_without_times_is_placed_at_the_start_of_the_trace() -> None:
    """It comes after the roots that have a start time."""
    tree = waterfall([{"id": "lost"}, document("a", 10, 12)])
    assert [(row.id, row.start) for row in tree.rows] == [("a", 10), ("lost", 10)]


def test_members_of_the_wrong_type_are_absent() -> None:
    """Ids, names, parents and subsegments."""
    odd = {"id": 7, "name": ["x"], "parent_id": {}, "subsegments": ["text", 3], "metadata": "none", "start_time": 1}
    tree = waterfall(
        [odd, {"id": "b", "type": "subsegment", "subsegments": {"a": 1}, "start_time": 2, "namespace": []}]
    )
    assert [(row.id, row.name, row.kind) for row in tree.rows] == [("", "", "segment"), ("b", "", "subsegment")]


def test_below_returns_a_row_and_what_is_nested_in_it() -> None:
    """On a time axis of its own, without siblings."""
    tree = waterfall(
        [document("a", 0, 9), document("b", 1, 4, "a"), document("c", 2, 3, "b"), document("d", 5, 6, "a")]
    )
    part = tree.below("b")
    assert part is not None
    assert [row.id for row in part.rows] == ["b", "c"]
    assert (part.start, part.end) == (1, 4)


def test_below_an_unknown_row_is_none() -> None:
    """It is not an empty part."""
    assert waterfall([document("a", 0, 9)]).below("z") is None


def test_a_span_row_has_the_name_of_the_span() -> None:
    """The document of a server span has the name of the service."""
    tree = waterfall([document("a", 0, 1, metadata={"otel": {"name": "GET /home"}}), span("b", 0, 1)])
    assert [row.name for row in tree.rows] == ["GET /home", "b"]
