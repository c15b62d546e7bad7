import pytest

from tests.xray_local.page.trace.rows import call, checkout, document, http
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.markdown import markdown, text
from xray_local.traces.waterfall import Waterfall, waterfall


def lines(tree: Waterfall) -> list[str]:
    return markdown(AnalysedTrace(tree), "1-a-b").splitlines()


def test_a_failing_trace_is_explained_before_its_rows() -> None:
    """The request, why it failed, own times, the rows in their order, the exceptions."""
    found = lines(checkout())
    assert found[:6] == [
        "# POST http://shop/checkout → 502 in 10 s (1970-01-01T00:00:00.000Z, trace 1-a-b)",
        "",
        (
            "Failure: ReadTimeoutError “Read timed out.”, in shop → payments → fraud: fraud POST /score; "
            "it reached the client"
        ),
        "",
        "Own time: shop 5 s, payments 2.5 s, fraud 1.5 s, orders 1 s",
        "",
    ]
    assert found[8:] == [
        "| 0 ms | 10 s | 3 s | shop | shop POST /checkout | 502 fault |  |",
        "| 1 s | 1 s | 1 s | orders | · table PutItem orders |  |  |",
        "| 3 s | 6 s | 2 s | shop | · to-payments POST /charge | 502 fault |  |",
        "| 4 s | 4 s | 1.5 s | payments | · · payments POST /charge | 502 fault |  |",
        "| 5 s | 2.5 s | 1 s | payments | · · · to-fraud POST /score | 503 fault (it began here) |  |",
        "| 5.5 s | 1.5 s | 1.5 s | fraud | · · · · fraud POST /score | 503 fault (it began here) |  |",
        "",
        "## ReadTimeoutError in to-fraud POST /score",
        "",
        "Read timed out.",
        "",
    ]


def test_the_frames_of_libraries_are_only_counted() -> None:
    """Those of the application are listed, the innermost first, and the first of them is in the summary."""
    stack = [
        {"path": "/usr/lib/python3.12/site-packages/urllib3/pool.py", "line": 9, "label": "urlopen"},
        {"path": "/app/orders.py", "line": 41, "label": "checkout"},
    ]
    cause = {"exceptions": [{"type": "E", "message": "m", "stack": stack}]}
    found = lines(waterfall([document("a", 0, 1, fault=True, cause=cause)]))
    assert "raised at /app/orders.py:41 checkout, in a: a; it reached the client" in found[2]
    assert found[-2:] == ["- /app/orders.py:41 checkout", "- 1 frame of libraries"]


def test_annotations_are_in_the_last_column() -> None:
    """As keys and values."""
    found = lines(waterfall([document("a", 0, 1, annotations={"user": "ann", "vip": True})]))
    assert found[-1].endswith("| user=ann, vip=true |")


def test_a_long_trace_is_cut_and_says_so() -> None:
    """After 400 rows."""
    found = lines(waterfall([document(str(number), number, number + 1) for number in range(402)]))
    assert found[-1] == "2 more rows are left out."
    assert len([line for line in found if line.startswith("| ")]) == 401


def test_a_trace_in_progress_says_so() -> None:
    """In its title."""
    assert lines(waterfall([document("a", 0, 1), call("b", 0, None, "a")]))[0].endswith(
        "trace 1-a-b, still in progress)"
    )


@pytest.mark.parametrize(
    ("recorded", "written"),
    [
        ("a|b", r"a\|b"),
        ("two\nlines\x1b[31m", r"two lines \[31m"),
        ("<script>", r"\<script>"),
        ("[a](javascript:b)", r"\[a](javascript:b)"),
        ("`x` *y* \\", r"\`x\` \*y\* \\"),
        ("x" * 300, "x" * 200 + "… (300 characters)"),
    ],
)
def test_recorded_text_has_no_meaning_in_markdown(recorded: str, written: str) -> None:
    """It is one line, it ends no cell, and a long one is cut."""
    assert text(recorded) == written


def test_nothing_recorded_adds_a_line() -> None:
    """In a name, a request, an annotation and an exception."""
    bad = "x\n# y |"
    cause = {"exceptions": [{"type": bad, "message": bad, "stack": [{"path": bad, "line": bad, "label": bad}]}]}
    row = document(bad, 0, 1, http=http(bad, bad, 500), annotations={"a": bad}, fault=True, cause=cause)
    assert [line for line in lines(waterfall([row])) if line.startswith("# ")] == [
        r"# x # y \| x # y \| → 500 in 1 s (1970-01-01T00:00:00.000Z, trace 1-a-b)"
    ]
