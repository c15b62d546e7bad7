from xray_local.page.groups.sparkline import sparkline


def test_the_highest_count_has_the_whole_height() -> None:
    """And those that failed have their share of it."""
    found = sparkline([2, 0, 4], [0, 0, 1])
    assert (found.width, found.height, found.most) == (6, 20, 4)
    assert found.all == "M0,20V10h2V20h2V0h2V20Z"
    assert found.failed == "M0,20V20h2V20h2V15h2V20Z"


def test_one_of_many_can_be_seen() -> None:
    """It is a pixel high."""
    assert sparkline([1, 1000], [0, 0]).all == "M0,20V19h2V0h2V20Z"


def test_nothing_is_no_path() -> None:
    """An hour without a trace, or without a failure."""
    found = sparkline([0, 0], [0, 0])
    assert (found.all, found.failed) == ("", "")
