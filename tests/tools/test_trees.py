"""The trees by which the end-to-end tests compare traces: equal whatever the wire, and each difference is a line."""

from typing import Any

from tests.e2e.kind.trees import diff, ids, rows

USER = {"user_handle": "ann", "end": "2026-11-29T12:00:00+00:00"}


def document(number: int, start: float, name: str, **more: Any) -> dict[str, Any]:
    """Return a document of an entry that takes a second."""
    return {"id": f"{number:016x}", "name": name, "start_time": start, "end_time": start + 1, **more}


def part(number: int, start: float, name: str, parent: int, **more: Any) -> dict[str, Any]:
    """Return a subsegment that was sent separately, as a collector and xray-local do."""
    return document(number, start, name, type="subsegment", parent_id=f"{parent:016x}", **more)


def span(document: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """Return the same as xray-local stores a span: its attributes are annotations as well."""
    annotations = document.get("annotations", {}) | attributes
    return document | {"annotations": annotations, "metadata": {"otel": {"attributes": attributes}}}


INNER = document(2, 1.1, "user", annotations=USER, subsegments=[document(4, 1.2, "inner")])
NESTED = [document(1, 1.0, "backend", subsegments=[document(3, 1.5, "late"), INNER])]
ALONE = [
    part(4, 2.2, "inner", 2),
    part(2, 2.1, "user", 1, annotations=USER | {"end": "2026-11-29T13:00:00"}),
    document(1, 2.0, "backend"),
    part(3, 2.5, "late", 1),
]


def test_a_row_has_place_name_and_annotations() -> None:
    """Children stand by their start; times are left out."""
    assert rows(NESTED) == ["backend", "    user end=(time) user_handle=ann", "        inner", "    late"]


def test_trees_are_equal_however_their_documents_came() -> None:
    """Nested in one document, one by one, or as spans, whose attributes are no annotations."""
    assert ids(NESTED) == ids(ALONE) == {f"{number:016x}" for number in (1, 2, 3, 4)}
    for other in (ALONE, [span(entry, route="/") for entry in ALONE]):
        assert diff(NESTED, other) == [f"  {row}" for row in rows(NESTED)]


def test_a_difference_is_a_line() -> None:
    """Another name, another parent, another value."""
    changed = [part(2, 2.1, "user", 1, annotations={"user_handle": "bob"}), part(4, 2.2, "inner", 1), *ALONE[2:]]
    assert [line for line in diff(NESTED, changed) if line.startswith(("-", "+"))] == [
        "-     user end=(time) user_handle=ann",
        "+     user user_handle=bob",
        "-         inner",
        "+     inner",
    ]
