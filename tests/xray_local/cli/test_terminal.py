from typing import Any

from tests.xray_local.samples import NOW, body, trace_id
from xray_local.cli.terminal import trace_view as terminal


def drawn(*bodies: dict[str, Any], colour: bool = False) -> list[str]:
    return terminal.draw(trace_id(1), bodies, colour=colour).splitlines()


def test_a_bar_is_as_long_as_its_share_of_the_time() -> None:
    """It starts where the row starts."""
    call = {"id": f"{2:016x}", "name": "query", "start_time": NOW + 0.5, "end_time": NOW + 1}
    _, _, whole, half = drawn(body(1, subsegments=[call]))
    assert whole.count("█") == 32
    assert half.count("█") == 16
    assert half.startswith("  query")


def test_control_characters_do_not_reach_the_terminal() -> None:
    """In names and in annotations."""
    lines = drawn(body(1, name="a\x1b[2Jb\nc", annotations={"k": "v\x07\r"}))
    assert lines[2].startswith("a�[2Jb�c")
    assert lines[3] == "  k=v��"


def test_a_name_that_is_too_long_is_cut() -> None:
    """The bars stay in their column."""
    _, _, row = drawn(body(1, name="x" * 200))
    assert row.startswith("x" * 43 + "… █")


def test_a_row_says_by_which_wires_it_came() -> None:
    """One row for a segment and its span; the head counts them, and what was annotated is below."""
    otel = {"name": "GET /", "attributes": {"http.route": "/"}}
    span = body(1, metadata={"otel": otel}, annotations={"http.route": "/"})
    lines = drawn(body(1, annotations={"handle": "ann"}), span, body(1, 2, parent_id=f"{1:016x}"))
    assert lines[1] == "1 s, 2 rows: 1 X-Ray and OpenTelemetry, 1 X-Ray only"
    assert lines[2].endswith("X-Ray and OpenTelemetry segment")
    assert lines[3:] == ["  handle=ann", lines[4]]
    assert lines[4].endswith("X-Ray only              segment")


def test_colours_are_for_terminals_only() -> None:
    """A fault is red."""
    assert "\033[31m" in drawn(body(1, fault=True), colour=True)[2]
    assert "\033" not in "".join(drawn(body(1, fault=True)))


def test_the_number_of_rows_is_limited() -> None:
    """The last line counts the rest."""
    lines = drawn(*(body(1, number) for number in range(1, 603)))
    assert lines[-1] == "... and 102 more rows"


def test_a_segment_in_progress_is_drawn() -> None:
    """It has no end yet."""
    lines = drawn(body(1, end_time=None, in_progress=True), body(1, 2))
    assert len(lines) == 4
