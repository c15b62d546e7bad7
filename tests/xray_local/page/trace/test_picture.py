from tests.xray_local.page.trace.rows import checkout, document
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.shown.picture import MOST, picture
from xray_local.traces.waterfall import waterfall


def test_the_picture_has_each_service_and_each_call_between_two() -> None:
    """From left to right in the order of the calls; a box leads to the first row of its service."""
    found = picture(AnalysedTrace(checkout()))
    assert found
    assert [(box.service, box.text, box.row, box.failed) for box in found.boxes] == [
        ("shop", "5 s", 0, True),
        ("orders", "1 s", 1, False),
        ("payments", "2.5 s", 3, True),
        ("fraud", "1.5 s", 5, True),
    ]
    assert [box.x for box in found.boxes] == sorted(box.x for box in found.boxes)
    assert [(line.label, line.failed) for line in found.lines] == [
        ("shop → orders: 1 call", False),
        ("shop → payments: 1 call, failed", True),
        ("payments → fraud: 1 call, failed", True),
    ]
    assert all(0 <= box.y <= found.height - found.box[1] for box in found.boxes)


def test_few_and_many_services_have_no_picture() -> None:
    """Two are a line, and many are not seen in a small drawing."""
    assert picture(AnalysedTrace(waterfall([document("a", 0, 2), document("b", 0, 1, "a")]))) is None
    many = [document("a", 0, 2), *(document(f"b{n}", 0, 1, "a") for n in range(MOST))]
    assert picture(AnalysedTrace(waterfall(many))) is None
