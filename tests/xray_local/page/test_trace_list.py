import pytest

from xray_local.page.trace_list import (
    FILTERS,
    filter_href,
    group_line,
    split_url,
    status_class,
    trace_href,
    trace_lines,
)
from xray_model.filter_expression import parse, to_text

ID = "1-5759e988-bd862e3fe1be46a994272793"


def test_a_trace_line_tells_request_result_and_time() -> None:
    """A summary of one request becomes text, with its start relative to now."""
    summary = {
        "Id": ID,
        "StartTime": 1_700_000_000.5,
        "Duration": 0.25,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": False,
        "Http": {"HttpURL": "http://localhost:4567/api?x=1", "HttpMethod": "GET", "HttpStatus": 500},
        "Revision": 3,
        "ServiceIds": [{"Name": "backend"}, {"Name": "backend"}, {"Name": "users"}],
    }
    (line,) = trace_lines([summary], now=1_700_000_010.5)
    assert (line.method, line.host, line.path, line.status, line.status_class) == (
        "GET",
        "localhost:4567",
        "/api?x=1",
        500,
        "fault",
    )
    assert (line.marks, line.services, line.partial) == (("fault",), ("backend", "users"), False)
    assert (line.started_clock, line.started_ago, line.duration_text) == ("22:13:20.500", "10 s ago", "250 ms")
    assert (line.href, line.documents) == (f"/traces/{ID}", "3 documents")


def test_a_trace_without_a_request_is_called_by_its_entry_point() -> None:
    """Without HTTP and start time the name comes from the entry point and the time from the trace id."""
    (line,) = trace_lines([{"Id": ID, "EntryPoint": {"Name": "worker"}, "IsPartial": True}], now=0x5759E988)
    assert (line.path, line.status, line.marks, line.partial) == ("worker", None, ("ok",), True)
    assert (line.started_ago, line.duration_text) == ("now", "in progress")


def test_bars_are_relative_to_the_longest_trace_in_the_list() -> None:
    """The longest fills the column, and the shortest can still be seen."""
    lines = trace_lines([{"Id": ID, "Duration": duration} for duration in (2, 1, 0.0001, 0)], now=0)
    assert [line.bar.width for line in lines] == [100, 50, 0.4, 0]


def test_an_id_without_a_time_still_has_a_line() -> None:
    """A summary whose id is no trace id is shown at the epoch."""
    (line,) = trace_lines([{"Id": "odd"}], now=0)
    assert (line.started, line.path) == (0.0, "no entry point yet")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h:1", ("h:1", "/")),
        ("https://h/a?b=c", ("h", "/a?b=c")),
        ("/only/path", ("", "/only/path")),
        ("http://[broken", ("", "http://[broken")),
        ("", ("", "")),
    ],
)
def test_a_url_is_split_in_host_and_path(url: str, parts: tuple[str, str]) -> None:
    """What is no URL is shown whole."""
    assert split_url(url) == parts


@pytest.mark.parametrize(
    ("status", "name"), [(None, "ok"), (200, "ok"), (302, "ok"), (404, "error"), (429, "throttle"), (503, "fault")]
)
def test_a_status_has_a_class(status: int | None, name: str) -> None:
    """The classes are X-Ray's own words."""
    assert status_class(status) == name


def test_links_escape_what_they_carry() -> None:
    """An expression or an id cannot break out of its address."""
    assert filter_href('a = "b&c"') == "/?filter=a+%3D+%22b%26c%22"
    assert filter_href("") == "/"
    assert trace_href("../x?y") == "/traces/..%2Fx%3Fy"
    assert (filter_href("\ud800"), trace_href("\ud800")) == ("/?filter=%3F", "/traces/%3F")


def test_a_group_line_links_to_its_traces() -> None:
    """Expression, number and insights of a Group shape."""
    line = group_line({"GroupName": "g", "FilterExpression": "fault"}, "7")
    assert (line.name, line.expression, line.href, line.matches, line.insights) == (
        "g",
        "fault",
        "/?filter=fault",
        "7",
        "off",
    )
    both = {"InsightsEnabled": True, "NotificationsEnabled": True}
    assert group_line({"GroupName": "g", "InsightsConfiguration": both}, "0").insights == "insights, notifications"


@pytest.mark.parametrize("expression", [expression for expression, _ in FILTERS])
def test_every_example_of_a_filter_can_be_read(expression: str) -> None:
    """What the page offers as an example is an expression of the language."""
    assert to_text(parse(expression))
