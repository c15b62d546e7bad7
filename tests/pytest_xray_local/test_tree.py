"""Trees: what is compared, and how a difference is shown."""

from typing import Any

import pytest

from pytest_xray_local import Trace, entry
from pytest_xray_local.plugin import pytest_assertrepr_compare
from pytest_xray_local.trace import trace_of


def row(depth: int, name: str, **more: Any) -> dict[str, Any]:
    """Return a row of xray-local's JSON of a trace."""
    fields: dict[str, Any] = {
        "id": name,
        "parent_id": None,
        "kind": "subsegment" if depth else "segment",
        "wires": ["segments"],
    }
    fields |= {"start": 1.0, "duration": 0.5, "status": None, "marks": [], "body": {}}
    return fields | {"depth": depth, "name": name} | more


@pytest.fixture
def trace() -> Trace:
    """Return a trace with two levels, two children of one name, a failure and annotations."""
    return trace_of(
        "1-0-0",
        [
            row(0, "shop", status=500, marks=["fault"], wires=["segments", "otlp"]),
            row(1, "load", body={"annotations": {"table": "users", "rows": 3}}),
            row(2, "query", kind="remote subsegment", duration=None),
            row(1, "load", body={"annotations": {"table": "orders"}}),
            row(1, "draw"),
        ],
    )


CHILDREN = (
    entry("draw"),
    entry("load", entry("query"), annotations={"table": "users"}),
    entry("load", annotations={"table": "orders"}),
)


def test_a_tree_is_equal_if_all_that_it_names_is(trace: Trace) -> None:
    """Children of one name are compared in the order of their starts, others in any order."""
    draw, users, orders = CHILDREN
    assert trace == entry("shop", draw, users, orders)
    assert trace == entry("shop", users, orders, draw)
    assert trace != entry("shop", draw, orders, users)
    assert trace == entry("shop", *CHILDREN, status=500, fault=True, error=False, wires=("segments", "otlp"))


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        (entry("shop", *CHILDREN, status=200), ["- shop  status=200", "+ shop  status=500"]),
        (entry("shop", *CHILDREN, entry("send")), ["-   send"]),
        (entry("shop", *CHILDREN[1:]), ["+   draw"]),
        (
            entry("shop", *CHILDREN[:2], entry("load", annotations={"table": "items", "rows": 3})),
            [
                "-   load  annotations.table='items'  annotations.rows=3",
                "+   load  annotations.table='orders'  annotations.rows=(none)",
            ],
        ),
        (
            entry("shop", CHILDREN[0], entry("load"), entry("load", entry("query"))),
            ["-     query", "+     query"],
        ),
    ],
)
def test_a_difference_shows_its_lines_among_those_that_are_equal(trace: Trace, expected: Any, lines: list[str]) -> None:
    difference = trace.differences(expected)
    assert trace != expected
    assert sorted(line.rstrip() for line in difference if line[0] != " ") == sorted(lines)
    assert any(line.startswith("  ") for line in difference)


def test_pytest_shows_the_difference(trace: Trace) -> None:
    """Whichever side the expected tree is on; it leaves other comparisons to pytest."""
    expected = entry("other")
    shown = pytest_assertrepr_compare("==", trace, expected)
    assert shown is not None
    assert shown[0] == "trace 1-0-0 is not the expected tree (- expected, + recorded):"
    assert "- other" in shown
    assert shown == pytest_assertrepr_compare("==", expected, trace)
    assert pytest_assertrepr_compare("==", trace, trace) is None
    assert pytest_assertrepr_compare("!=", trace, expected) is None


def test_an_unknown_property_of_an_entry_is_named() -> None:
    """It would otherwise never be compared."""
    with pytest.raises(TypeError, match=r"^entry: 'statu': expected one of status, fault, "):
        entry("shop", statu=200)  # type: ignore[call-arg]


def test_entries_are_found_by_name(trace: Trace) -> None:
    assert trace.root.name == "shop"
    assert trace["query"].duration is None
    assert [found.name for found in trace.entries] == ["shop", "load", "query", "load", "draw"]
    with pytest.raises(LookupError, match=r"^\"?expected one entry 'load', found 2:\n?"):
        trace["load"]


def test_a_trace_is_drawn_with_what_matters(trace: Trace) -> None:
    assert str(trace).splitlines() == [
        "trace 1-0-0",
        "  shop  status=500  fault=True  (segment, segments and otlp)",
        "    load  annotations.table='users'  annotations.rows=3  (subsegment, segments)",
        "      query  duration=None  (remote subsegment, segments)",
        "    load  annotations.table='orders'  (subsegment, segments)",
        "    draw  (subsegment, segments)",
    ]


def test_why_a_trace_is_incomplete() -> None:
    """A segment may have its parent in another process, a subsegment may not."""
    rows = [row(0, "front", parent_id="a"), row(0, "part", parent_id="b", kind="subsegment", duration=None)]
    trace = trace_of("1-0-0", rows)
    assert trace.incomplete() == ["part is in progress", "the parent of part is missing"]
    assert trace.incomplete(["otlp"])[2:] == ["front did not arrive by otlp", "part did not arrive by otlp"]
