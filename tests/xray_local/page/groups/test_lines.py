from xray_local.page.groups.lines import group_json, group_line
from xray_local.page.queries import MatchCount


def test_a_line_links_to_the_traces_of_the_group() -> None:
    """By its filter expression."""
    line = group_line({"GroupName": "g", "FilterExpression": "fault"}, MatchCount(7))
    assert (line.name, line.expression, line.href, line.matches.number) == ("g", "fault", "/?q=fault", 7)


def test_a_line_lists_the_insights_that_are_enabled() -> None:
    """Or says that they are off."""
    both = {"InsightsEnabled": True, "NotificationsEnabled": True}
    group = {"GroupName": "g", "InsightsConfiguration": both}
    assert group_line(group, MatchCount(0)).insights == "insights, notifications"
    assert group_line({"GroupName": "g"}, MatchCount(0)).insights == "off"


def test_the_json_has_the_number_of_matches_as_a_number() -> None:
    """With `at_least` it is a lower bound."""
    assert group_json({"GroupName": "g"}, MatchCount(1204, at_least=True)) == {
        "GroupName": "g",
        "Matches": 1204,
        "at_least": True,
    }
