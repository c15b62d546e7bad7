from typing import Any

import pytest

from tests.xray_local.samples import NOW, body, trace_id
from xray_local.cli.terminal.screen import Screen, cells
from xray_local.cli.terminal.trace_view import LEGEND, Shown, draw
from xray_local.ingest.example import documents
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.traces.waterfall import waterfall

EXAMPLE = documents(trace_id(1), NOW)
USUAL = Shown()


def drawn(*bodies: dict[str, Any], width: int = 80, colour: bool = False, shown: Shown = USUAL) -> list[str]:
    return list(draw(AnalysedTrace(waterfall(bodies)), Screen(width, colour=colour), shown))


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:016x}", "name": "query", "start_time": NOW + 0.5, "end_time": NOW + 1, **more}


def test_a_failing_trace_says_what_failed_where_and_where_the_time_went() -> None:
    """In 80 columns; calls are shown with the segments that answered them."""
    assert drawn(*EXAMPLE) == [
        "POST shop.example.com/checkout  502  511 ms",
        "2023-11-14 22:13:19 UTC  11 rows: 11 X-Ray only  4 services  rule Default",
        "✗ requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url:…",
        "  in shop-api → storefront → payments → fraud: fraud POST /score",
        "■ shop-api POST /checkout            █▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█   511 ms 502",
        "└ ■ storefront POST /checkout        ░█▒▒▒█▒█▒▒▒▒▒▒▒▒▒▒▒▒▒▒█▒▒██    485 ms 502",
        "  ├ DynamoDB PutItem orders           █████                          76 ms",
        "  ├ render-receipt                        ███                        38 ms",
        "  ├ ■ payments POST /charge                 ░██▒██▒▒▒▒▒▒▒██         260 ms 502",
        "  │ ├ PostgreSQL SELECT id, amount,…          ███                    47 ms",
        "  │ └ ✗ fraud POST /score                        ████████░          156 ms 503",
        "  └ SQS SendMessage orders-to-review                       ███       52 ms",
        "own time: fraud 133 ms 26 % · storefront 108 ms 21 % · orders 76 ms 15 %",
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("shown", [Shown(), Shown(everything=True), Shown(errors=True)])
def test_no_line_is_wider_than_the_terminal(width: int, shown: Shown) -> None:
    """Bars take what is left."""
    lines = drawn(*EXAMPLE, width=width, shown=shown)
    assert max(map(cells, lines)) <= width
    assert sum("█" in line for line in lines) == {Shown(): 8, Shown(errors=True): 4}.get(shown, 11)


def test_only_what_failed_is_shown_with_what_is_above_it() -> None:
    """The tree has no lines to what is left out."""
    rows = drawn(*EXAMPLE, shown=Shown(errors=True))[4:-1]
    assert [row[:24].rstrip() for row in rows] == [
        "■ shop-api POST /checkou",
        "└ ■ storefront POST /che",
        "  └ ■ payments POST /cha",
        "    └ ✗ fraud POST /scor",
    ]


def test_everything_has_annotations_and_what_is_odd() -> None:
    """Below each row; a call and its answer are two rows."""
    lines = drawn(body(1, parent_id="f" * 16, annotations={"handle": "ann"}), shown=Shown(everything=True))
    assert lines[-3:-1] == ["  handle=ann", f"  its parent {'f' * 16} is not in this trace"]


def test_a_trace_by_two_wires_has_a_legend() -> None:
    """A segment and its span are one row."""
    span = body(1, metadata={"otel": {"name": "GET /"}})
    lines = drawn(body(1), span, body(1, 2, parent_id=f"{1:016x}"))
    assert "2 rows: 1 X-Ray and OpenTelemetry, 1 X-Ray only" in lines[1]
    assert [line[:3] for line in lines[2:4]] == ["◆ b", "└ ■"]
    assert lines[-1] == LEGEND


def test_red_is_where_a_failure_began() -> None:
    """What failed because of it has the colour of its service."""
    rows = drawn(body(1, fault=True, subsegments=[call(2, fault=True)]), colour=True)[3:5]
    assert ["\033[31m✗ query" in row for row in rows] == [False, True]
    assert all("\033[31mfault\033[0m" in row for row in rows)


def test_control_characters_do_not_reach_the_terminal() -> None:
    """In names, annotations, messages and methods."""
    hostile = "a\x1b[2Jb\nc"
    http = {"request": {"method": hostile, "url": f"http://{hostile}/{hostile}"}}
    cause = {"exceptions": [{"type": hostile, "message": hostile}]}
    sent = body(1, name=hostile, annotations={"k": hostile}, http=http, fault=True, cause=cause)
    lines = drawn(sent, shown=Shown(everything=True))
    assert all(line.isprintable() for line in lines)
    assert "a�[2Jb�c" in "".join(lines)


def test_the_number_of_rows_is_limited_unless_everything_is_shown() -> None:
    """A line counts the rest."""
    bodies = [body(1, number) for number in range(1, 303)]
    assert drawn(*bodies)[-2] == "… and 102 more rows: --all shows them"
    assert len(drawn(*bodies, shown=Shown(everything=True))) == 302 + 3


def test_what_is_nested_deeply_has_its_depth_as_a_number() -> None:
    """At the indent of the deepest that has room."""
    nested = call(100)
    for number in range(99, 1, -1):
        nested = call(number, subsegments=[nested])
    lines = drawn(body(1, subsegments=[nested]))
    assert "99· query" in lines[-2]


def test_a_segment_in_progress_reaches_to_the_end() -> None:
    """It has no end yet."""
    lines = drawn(body(1, end_time=None, in_progress=True), body(1, 2))
    assert lines[0].endswith("so far")
    assert "in progress" in lines[2]
