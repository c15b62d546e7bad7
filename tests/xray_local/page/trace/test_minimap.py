import pytest

from tests.xray_local.page.trace.rows import checkout, document
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.shown.minimap import LANES, cells, lanes, zoom
from xray_local.page.trace.shown.view import View, shown
from xray_local.traces.waterfall import waterfall


def test_the_overview_has_a_bar_for_each_row() -> None:
    """From above in the order of the list; where a failure began is marked."""
    trace = AnalysedTrace(checkout())
    found = lanes(trace, shown(trace, View()))
    assert [(lane.left, lane.width, lane.top, lane.service, lane.began) for lane in found] == [
        (0, 100, 0, "shop", False),
        (10, 10, 25, "orders", False),
        (30, 60, 50, "shop", False),
        (50, 25, 75, "payments", True),
    ]


def test_the_overview_of_a_long_trace_has_no_more_bars_than_fit() -> None:
    """Of each part of the list the longest row, and a failure of any."""
    rows = [document(f"{n}", n, n + (50 if n == 123 else 1), fault=n == 999) for n in range(1000)]
    trace = AnalysedTrace(waterfall(rows))
    found = lanes(trace, shown(trace, View()))
    assert len(found) == LANES
    assert max(lane.width for lane in found) == 5
    assert [lane.began for lane in found].index(True) == LANES - 1


def test_the_cells_of_the_overview_are_addresses() -> None:
    """Each is an eighth of the time, in milliseconds."""
    found = cells(AnalysedTrace(checkout()))
    assert [cell.zoom for cell in found[:2]] == ["0-1250", "1250-2500"]
    assert (found[0].label, found[-1].left + found[-1].width) == ("0 ms to 1.25 s", 100)


@pytest.mark.parametrize(("start", "end", "text"), [(0, 0.0015, "0-1.5"), (1, 12345.678901, "1000-12345678.901")])
def test_a_zoom_is_in_milliseconds(start: float, end: float, text: str) -> None:
    """Down to a microsecond."""
    assert zoom(start, end) == text


def test_a_trace_of_one_moment_has_no_overview() -> None:
    """There is nothing to zoom to."""
    trace = AnalysedTrace(waterfall([document("a", 1, 1)]))
    assert (lanes(trace, shown(trace, View())), cells(trace)) == ((), ())
