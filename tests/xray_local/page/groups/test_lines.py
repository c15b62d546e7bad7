from xray_local.page.groups.lines import group_json, group_line
from xray_local.page.groups.reading import MINUTES, NONE, GroupNumbers, by_minute
from xray_local.state.store import Cell, Spread

NUMBERS = GroupNumbers(Spread(1204, 12, 3, 4, 0.2, 0.9, 1.5), (0,) * 58 + (2, 4), (0,) * 59 + (1,), at_least=True)


def test_a_line_links_to_what_the_group_selects() -> None:
    """Its traces, its services, and itself as a manifest."""
    line = group_line({"GroupName": "a/b", "FilterExpression": "fault"}, NUMBERS)
    assert (line.href, line.services_href) == ("/?q=fault", "/services?group=a%2Fb")
    assert line.yaml_href == "/groups/a%2Fb.yaml"


def test_the_default_group_has_no_manifest() -> None:
    """It exists in every region, and its expression cannot change."""
    line = group_line({"GroupName": "Default"}, NUMBERS)
    assert (line.href, line.services_href, line.yaml_href) == ("/", "/services", "")


def test_a_line_names_the_insights_that_are_enabled() -> None:
    """And nothing if none is."""
    both = {"InsightsEnabled": True, "NotificationsEnabled": True}
    assert group_line({"InsightsConfiguration": both}, NONE).insights == "insights, notifications"
    assert group_line({"InsightsConfiguration": {"InsightsEnabled": False}}, NONE).insights == ""


def test_the_json_has_numbers() -> None:
    """With `at_least` they are those of the traces that were counted."""
    found = group_json({"GroupName": "g"}, NUMBERS)
    assert (found["Matches"], found["at_least"], found["faults"], found["p95"]) == (1204, True, 12, 0.9)
    assert found["minutes"]["traces"][-1] == 4


def test_minutes_are_the_sums_of_their_cells() -> None:
    """Cells outside of the hour do not count."""
    cells = tuple(
        Cell(start, start + 60, 0.1, 0.2, 0, traces, faults)
        for start, traces, faults in ((940, 9, 9), (1000, 2, 1), (1000, 3, 0), (1000 + 59 * 60, 1, 1), (5000, 7, 7))
    )
    traces, failed = by_minute(cells, 1000)
    assert (len(traces), traces[0], traces[-1], sum(traces)) == (MINUTES, 5, 1, 6)
    assert (failed[0], failed[-1]) == (1, 1)
