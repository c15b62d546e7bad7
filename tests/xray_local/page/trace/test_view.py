from typing import Any

import pytest

from tests.xray_local.page.trace.rows import call, checkout, document
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.shown.view import View, key, place_of, read, shown
from xray_local.traces.waterfall import waterfall


def names(**query: Any) -> list[tuple[str, int]]:
    trace = AnalysedTrace(checkout())
    return [(trace.rows[row.place].id, row.depth) for row in shown(trace, read(query))]


def test_a_call_and_the_segment_that_answered_it_are_one_row() -> None:
    """What the segment did is directly below; with `calls=all` they are two rows."""
    assert names() == [("shop", 0), ("table", 1), ("to-payments", 1), ("to-fraud", 2)]
    assert names(calls="all")[2:] == [("to-payments", 1), ("payments", 2), ("to-fraud", 3), ("fraud", 4)]


def test_a_row_with_something_below_it_is_folded_by_its_id() -> None:
    """Or by that of the segment that answered it."""
    trace = AnalysedTrace(checkout())
    assert [row.expanded for row in shown(trace, View())] == [True, None, True, None]
    for name in ("to-payments", "payments"):
        rows = shown(trace, View(fold=frozenset({name})))
        assert [(row.place, row.expanded) for row in rows] == [(0, True), (1, None), (2, False)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"only": "errors"}, ["shop", "to-payments", "to-fraud"]),
        ({"only": "slow", "calls": "all"}, ["shop", "table", "to-payments", "payments", "to-fraud", "fraud"]),
        ({"find": "ORDERS"}, ["shop", "table"]),
        ({"find": "timed out"}, ["shop", "to-payments", "to-fraud"]),
        ({"find": "fraud", "only": "critical"}, ["shop", "to-payments", "to-fraud"]),
        ({"find": "nothing"}, []),
        ({"zoom": "1500-2500"}, ["shop", "table"]),
        ({"only": "errors", "fold": "payments"}, ["shop", "to-payments"]),
    ],
)
def test_a_search_a_choice_and_a_zoom_show_some_rows_with_their_parents(
    query: dict[str, str], expected: list[str]
) -> None:
    """A row is found by what was called, annotations, exceptions and its id, in any case."""
    assert [name for name, _ in names(**query)] == expected


def test_a_row_that_is_only_a_parent_is_not_found() -> None:
    """It is shown, but not marked."""
    trace = AnalysedTrace(checkout())
    assert [row.found for row in shown(trace, read({"find": "orders"}))] == [False, True]
    assert not any(row.found for row in shown(trace, read({})))


def test_an_annotation_is_found_by_key_and_value() -> None:
    """As a filter would write it."""
    trace = AnalysedTrace(waterfall([document("a", 0, 1), document("b", 0, 1, "a", annotations={"user": "Ann"})]))
    assert [row.found for row in shown(trace, read({"find": "user=ann"}))] == [False, True]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, View()),
        ({"zoom": "120-380.5", "offset": "200"}, View(zoom=(0.12, 0.3805), offset=200)),
        ({"zoom": "5-1", "offset": "x", "calls": "x", "only": "x"}, View()),
        ({"zoom": "nan-inf", "offset": "9" * 30}, View()),
        ({"zoom": "-5-1", "offset": "²", "fold": ","}, View()),
        ({"only": "critical,errors", "fold": "a,,b"}, View(only=("errors", "critical"), fold=frozenset("ab"))),
    ],
)
def test_what_is_not_valid_in_an_address_counts_as_absent(query: dict[str, str], expected: View) -> None:
    """So that an old or a cut address still shows the trace."""
    assert read(query) == expected


def test_a_row_without_an_id_is_named_by_its_place() -> None:
    """A name of no row is None."""
    trace = AnalysedTrace(waterfall([document("a", 0, 1, subsegments=[{"name": "x", "start_time": 0}])]))
    assert [key(trace, place) for place in (0, 1)] == ["a", "row-1"]
    assert [place_of(trace, name) for name in ("a", "row-1", "row-2", "row-x", "b", "")] == [
        0,
        1,
        None,
        None,
        None,
        None,
    ]


def test_ten_thousand_nested_rows_fold_at_the_first() -> None:
    """Without recursion."""
    rows = [document("0", 0, 1), *(call(str(number), 0, 1, str(number - 1)) for number in range(1, 10_000))]
    trace = AnalysedTrace(waterfall(rows))
    assert len(shown(trace, View())) == 10_000
    assert len(shown(trace, View(fold=frozenset("0")))) == 1
    assert len(shown(trace, View(find="9999"))) == 10_000
