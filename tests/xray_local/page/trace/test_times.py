import pytest

from tests.xray_local.page.trace.rows import call, checkout, document
from xray_local.page.trace.analysis.times import critical_path, layout, own_times
from xray_local.traces.waterfall import Waterfall, waterfall


def own(tree: Waterfall) -> dict[str, float]:
    seconds = own_times(layout(tree.rows, tree.end))
    return {row.id: round(time, 6) for row, time in zip(tree.rows, seconds, strict=True)}


def critical(tree: Waterfall) -> dict[str, tuple[tuple[float, float], ...]]:
    return {tree.rows[place].id: pieces for place, pieces in critical_path(layout(tree.rows, tree.end)).items()}


def test_a_row_knows_its_parent_and_where_its_subtree_ends() -> None:
    """Its direct children are found without looking at theirs."""
    tree = waterfall(
        [document("a", 0, 9), document("b", 1, 4, "a"), document("c", 2, 3, "b"), document("d", 5, 6, "a")]
    )
    places = layout([*tree.rows, *waterfall([document("e", 0, 1)]).rows], 9)
    assert places.parent == (-1, 0, 1, 0, -1)
    assert places.stop == (4, 3, 3, 4, 5)
    assert [list(places.children(place)) for place in (-1, 0, 1, 3)] == [[0, 4], [1, 3], [2], []]


def test_own_time_is_what_no_child_covers() -> None:
    """Of children that overlap, the common time counts once; what is outside of the parent does not count."""
    tree = waterfall(
        [document("a", 0, 10), document("b", 1, 4, "a"), document("c", 3, 6, "a"), document("late", 9, 12, "a")]
    )
    assert own(tree) == {"a": 4, "b": 3, "c": 3, "late": 3}


def test_a_child_without_a_start_time_covers_its_parent_from_the_beginning() -> None:
    """Although it is the last one of its siblings."""
    tree = waterfall([document("a", 0, 10), document("b", 5, 6, "a"), {"id": "c", "parent_id": "a", "end_time": 2}])
    assert own(tree) == {"a": 7, "b": 1, "c": 2}


def test_a_row_in_progress_is_at_work_until_the_trace_ends() -> None:
    """Its parent waits for it."""
    assert own(waterfall([document("a", 0, 8), document("b", 2, None, "a")])) == {"a": 2, "b": 6}


def test_the_critical_path_goes_back_from_the_end_through_what_ended_last() -> None:
    """What ran beside it is not on the path, and the pieces are as long as the trace."""
    found = critical(
        waterfall(
            [
                document("a", 0, 10),
                document("first", 1, 3, "a"),
                document("beside", 2, 6, "a"),
                document("last", 5, 9, "a"),
                document("inner", 6, 7, "last"),
            ]
        )
    )
    assert found == {
        "a": ((0, 1), (3, 5), (9, 10)),
        "first": ((1, 3),),
        "last": ((5, 6), (7, 9)),
        "inner": ((6, 7),),
    }


def test_calls_one_after_another_are_all_on_the_path() -> None:
    """Also if one starts when the other ends."""
    found = critical(waterfall([document("a", 0, 4), document("b", 0, 2, "a"), document("c", 2, 4, "a")]))
    assert {name: pieces for name, pieces in found.items() if name != "a"} == {"b": ((0, 2),), "c": ((2, 4),)}


def test_the_path_ends_with_the_parent_of_a_child_that_goes_on() -> None:
    """What the child does later is not waited for by its parent, but by the trace."""
    found = critical(waterfall([document("a", 0, 4), document("b", 1, 9, "a")]))
    assert found["b"] == ((1, 4),)


def test_the_path_of_a_failing_trace_passes_through_its_services() -> None:
    """Each row has the time in which it did not wait for the next one."""
    found = critical(checkout())
    assert {name: sum(end - start for start, end in pieces) for name, pieces in found.items()} == {
        "shop": 3.0,
        "table": 1.0,
        "to-payments": 2.0,
        "payments": 1.5,
        "to-fraud": 1.0,
        "fraud": 1.5,
    }


@pytest.mark.parametrize("deep", [True, False])
def test_ten_thousand_rows_are_no_deeper_than_the_stack(deep: bool) -> None:
    """In a chain and side by side, the pieces of the path are as long as the trace."""
    count = 10_000
    rows = [document("0", 0, 1)]
    for number in range(1, count):
        start = number / count / 2
        rows.append(
            call(str(number), start, 1 - start if deep else start + 0.5 / count, str(number - 1 if deep else 0))
        )
    tree = waterfall(rows)
    path = critical_path(layout(tree.rows, tree.end))
    assert len(path) == count
    assert sum(end - start for pieces in path.values() for start, end in pieces) == pytest.approx(1)


def test_a_trace_without_rows_has_no_path() -> None:
    """And no own times."""
    assert (own(waterfall([])), critical(waterfall([]))) == ({}, {})
