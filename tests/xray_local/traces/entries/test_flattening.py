import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from xray_local.traces.entries import Trace, flatten
from xray_local.traces.waterfall import waterfall

IDS = some.sampled_from(["a", "b", "c", "d", ""])
TIMES = some.none() | some.integers(0, 5)
METADATA = some.none() | some.just({"otel": {"name": "span"}})
BODIES = some.recursive(
    some.fixed_dictionaries(
        {"id": IDS, "parent_id": IDS, "start_time": TIMES, "end_time": TIMES, "metadata": METADATA}
    ),
    lambda bodies: some.builds(lambda body, nested: body | {"subsegments": nested}, bodies, some.lists(bodies)),
    max_leaves=6,
)


def document(id_: str, start: float | None = 1.0, end: float | None = 2.0, **more: Any) -> dict[str, Any]:
    """Return a body; None leaves a member out."""
    body = {"id": id_, "name": id_, "start_time": start, "end_time": end, **more}
    return {key: value for key, value in body.items() if value is not None}


def span(id_: str, start: float | None = 1.0, end: float | None = 2.0, **more: Any) -> dict[str, Any]:
    """Return the body of a span."""
    return document(id_, start, end, **{"type": "subsegment", "metadata": {"otel": {"name": f"span {id_}"}}, **more})


def parents(trace: Trace) -> list[tuple[str, str | None]]:
    """Return the entries in order, each with the id of the parent that it has."""
    return [(entry.id, entry.parent.id if entry.parent else None) for entry in trace.entries]


def test_entries_are_in_the_order_of_arrival_depth_first() -> None:
    """Each document is followed by what is nested in it."""
    inner = document("c", subsegments=[document("d")])
    trace = flatten([document("a", subsegments=[document("b"), inner]), document("e", parent_id="d")])
    assert parents(trace) == [("a", None), ("b", "a"), ("c", "a"), ("d", "c"), ("e", "d")]


def test_a_nested_entry_belongs_to_its_container() -> None:
    """Whatever `parent_id` it carries."""
    trace = flatten([document("a", subsegments=[document("b", parent_id="z")])])
    assert parents(trace) == [("a", None), ("b", "a")]


def test_the_entry_that_has_ended_wins_over_one_in_progress() -> None:
    """In either order; the earlier state and its copies of nested entries are dropped."""
    running = document("a", end=None, subsegments=[document("b"), document("c")])
    ended = document("a", subsegments=[document("b")])
    for bodies in ([running, ended], [ended, running]):
        trace = flatten(bodies)
        assert sorted(parents(trace)) == [("a", None), ("b", "a"), ("c", "a")]
        assert [entry.end for entry in trace.entries if entry.id == "a"] == [2.0]
        assert trace.repeats == ()


def test_a_copy_in_an_earlier_state_does_not_win_by_arriving_first() -> None:
    """The subsegment was nested in its segment, then sent alone: its own document has the final states."""
    early = document("x", end=None, subsegments=[document("y", name="early")])
    segment = document("s", end=None, subsegments=[early])
    final = document("x", type="subsegment", parent_id="s", subsegments=[document("y", name="final")])
    for bodies in ([segment, final], [final, segment]):
        trace = flatten(bodies)
        assert sorted(parents(trace)) == [("s", None), ("x", "s"), ("y", "x")]
        assert [entry.name for entry in trace.entries if entry.id == "y"] == ["final"]
        assert trace.repeats == ()


def test_a_repeat_is_kept_apart_and_its_children_belong_to_the_first() -> None:
    """Two entries of one id that have both ended: the first one counts."""
    first, second = document("a", 1, 3), document("a", 2, 3, subsegments=[document("b")])
    trace = flatten([first, second, document("c", parent_id="a")])
    assert parents(trace) == [("a", None), ("b", "a"), ("c", "a")]
    assert [(entry.id, entry.start) for entry in trace.repeats] == [("a", 2)]
    assert trace.entries[0].start == 1


def test_an_entry_without_an_id_in_a_repeat_is_a_repeat() -> None:
    """An entry with an id that is only there still counts; it belongs to the first of the id that contains it."""
    only_here = document("b")
    nameless: dict[str, Any] = {"start_time": 1, "end_time": 2, "subsegments": [only_here]}
    bodies = [document("a", subsegments=[nameless | {"subsegments": []}]), document("a", subsegments=[nameless])]
    trace = flatten(bodies)
    assert parents(trace) == [("a", None), ("", "a"), ("b", "a")]
    assert [entry.id for entry in trace.repeats] == ["a", ""]
    notes = {row.notes for row in waterfall(bodies).rows if row.notes}
    assert notes == {("id a is recorded more than once",), ("what contains it is recorded more than once",)}


BY_BOTH = [
    document("a", subsegments=[document("b", subsegments=[document("c")])]),
    *(span("c", parent_id="b"), span("b", parent_id="a"), span("a", type=None)),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_an_entry_that_came_by_both_wires_is_one(order: tuple[int, ...]) -> None:
    """In any order of arrival; one that came as a span only belongs to it."""
    trace = flatten([*(BY_BOTH[place] for place in order), span("d", parent_id="c")])
    assert sorted(parents(trace)) == [("a", None), ("b", "a"), ("c", "b"), ("d", "c")]
    assert trace.repeats == ()
    assert {entry.id: entry.wires for entry in trace.entries} == {
        **dict.fromkeys("abc", ("segments", "otlp")),
        "d": ("otlp",),
    }
    assert all(entry.body.otel["name"] == f"span {entry.id}" for entry in trace.entries)
    assert (trace.root.id, trace.root.segment) == ("a", trace.root)


def test_a_segment_and_a_span_are_one_if_either_has_ended() -> None:
    """Each wire has its own earlier states and repeats."""
    running = document("a", end=None, subsegments=[document("b", end=None)])
    repeated = document("b", 1.5, type="subsegment", parent_id="a")
    trace = flatten([span("a", end=3), running, span("b", parent_id="a")])
    assert [(entry.id, entry.end, entry.wires[-1]) for entry in trace.entries] == [("a", 3, "otlp"), ("b", 2, "otlp")]
    assert trace.repeats == ()
    trace = flatten([document("a", subsegments=[document("b")]), span("b", parent_id="a"), repeated])
    assert sorted(parents(trace)) == [("a", None), ("b", "a")]
    assert [(entry.id, entry.start, entry.wires) for entry in trace.repeats] == [("b", 1.5, ("segments",))]


def test_a_cycle_between_the_wires_is_cut() -> None:
    """The segment contains it, and its own span names it as the parent: the segment decides."""
    trace = flatten([document("a", subsegments=[document("b")]), span("a", parent_id="b"), span("b", parent_id="b")])
    assert parents(trace) == [("a", None), ("b", "a")]


def test_an_orphan_by_both_wires_is_one_root() -> None:
    """It still names the parent that was not received."""
    [entry] = flatten([span("a", parent_id="z"), document("a", parent_id="z")]).entries
    assert (entry.parent, entry.parent_id, entry.is_orphan, entry.is_segment) == (None, "z", True, True)


def test_entries_without_an_id_are_all_kept() -> None:
    """With what is nested in them."""
    nameless: dict[str, Any] = {"start_time": 1, "subsegments": [document("b")]}
    trace = flatten([nameless, nameless | {"subsegments": []}])
    assert parents(trace) == [("", None), ("b", ""), ("", None)]


def test_an_orphan_is_a_root() -> None:
    """It still names the parent that was not received."""
    [entry] = flatten([document("a", parent_id="z")]).entries
    assert (entry.parent, entry.parent_id, entry.is_orphan) == (None, "z", True)


def test_a_cycle_is_cut_at_its_earliest_entry() -> None:
    """What hangs below the cycle stays below it."""
    bodies = [document("b", 2, parent_id="a"), document("c", 3, parent_id="b"), document("a", 1, parent_id="c")]
    trace = flatten([*bodies, document("d", 0, parent_id="c")])
    assert parents(trace) == [("b", "a"), ("c", "b"), ("a", None), ("d", "c")]
    assert [entry.id for entry in trace.entries if entry.cut] == ["a"]


def test_an_entry_that_names_itself_is_a_cycle_of_one() -> None:
    """It becomes a root."""
    [entry] = flatten([document("a", parent_id="a")]).entries
    assert (entry.parent, entry.cut) == (None, True)


def test_an_entry_has_ended_when_it_has_an_end_time() -> None:
    """Also if it says that it is in progress."""
    trace = flatten([document("a", in_progress=True), document("b", end=None, in_progress=True)])
    assert [(entry.id, entry.end, entry.duration) for entry in trace.entries] == [("a", 2.0, 1.0), ("b", None, 0.0)]


def test_an_absent_start_is_the_parents() -> None:
    """A root without one starts at its own end, or else with the trace."""
    trace = flatten(
        [document("a", 5), document("b", None, parent_id="a"), document("c", None, 7), document("d", None, None)]
    )
    assert [entry.start for entry in trace.entries] == [5, 5, 7, 5]


def test_the_root_is_a_segment_without_a_missing_parent() -> None:
    """If there is one; then the earliest decides."""
    subsegment = document("s", 0, type="subsegment")
    bodies = [document("o", 1, parent_id="z"), document("late", 3), document("root", 2), subsegment]
    assert flatten(bodies).root.id == "root"
    assert flatten([subsegment, document("o", 1, parent_id="z")]).root.id == "o"


def test_the_segment_of_an_entry_is_the_nearest_one_above() -> None:
    """A segment is its own; below a missing parent there is none."""
    call = document("call", subsegments=[document("inner")])
    lost = document("lost", type="subsegment", parent_id="z")
    trace = flatten([document("a", subsegments=[call]), document("b", parent_id="inner"), lost])
    segments = {entry.id: entry.segment.id if entry.segment else None for entry in trace.entries}
    assert segments == {"a": "a", "call": "a", "inner": "a", "b": "b", "lost": None}


def test_depth_costs_no_stack() -> None:
    """A chain, and a cycle, far deeper than Python's recursion limit."""
    chain = [document(str(n), n, 10_001, parent_id=str(n - 1)) for n in range(1, 10_000)]
    assert len(flatten(reversed(chain)).entries) == 9_999
    assert flatten([document("0", 0, parent_id="9999"), *chain]).entries[0].cut is True


def test_a_container_without_an_id_in_an_earlier_state_is_skipped() -> None:
    """What is nested in it belongs to the container above."""
    nameless = {"start_time": 1, "subsegments": [document("b")]}
    trace = flatten([document("a", end=None, subsegments=[nameless]), document("a")])
    assert parents(trace) == [("b", "a"), ("a", None)]


@given(some.lists(BODIES, max_size=6))
def test_every_entry_is_reached_from_a_root(bodies: list[dict[str, Any]]) -> None:
    """Whatever ids, wires, parents and times the documents have; the waterfall has a row for each."""
    trace = flatten(bodies)
    rows = waterfall(bodies).rows
    assert len(rows) == len(trace.entries) + len(trace.repeats)
    assert all(math.isfinite(row.start) for row in rows)
    named = [entry.id for entry in trace.entries if entry.id]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("segments_first", [True, False])
def test_a_segment_made_for_a_call_gives_way_to_that_of_the_other_wire(*, segments_first: bool) -> None:
    """Both wires make a segment for a local root that is a call, with ids of their own."""
    sent = [document("own", subsegments=[document("call", namespace="remote"), document("other")])]
    made = [
        document("made", metadata={"otel": {"service_of": "call"}}),
        span("call", parent_id="made", namespace="remote"),
        span("below", parent_id="call"),
    ]
    trace = flatten(sent + made if segments_first else made + sent)
    assert set(parents(trace)) == {("own", None), ("call", "own"), ("other", "own"), ("below", "call")}
    assert parents(flatten(made)) == [("made", None), ("call", "made"), ("below", "call")]


def test_an_entry_of_both_wires_that_claims_to_be_made_for_itself_stays() -> None:
    """What a hostile client sends leaves a trace with a root."""
    trace = flatten([document("a"), document("a", metadata={"otel": {"service_of": "a"}})])
    assert trace.root.id == "a"


@pytest.mark.parametrize("service_of", [["call"], {}, 1, None])
def test_a_mark_of_the_wrong_type_is_none(service_of: Any) -> None:
    """A document may hold anything."""
    bodies = [document("a", metadata={"otel": {"service_of": service_of}}), document("call"), span("call")]
    assert parents(flatten(bodies)) == [("a", None), ("call", None)]
