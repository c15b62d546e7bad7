import pytest

from xray_local.page.listing.lines import EXAMPLES, trace_lines
from xray_model.filter_expression import parse, to_text

ID = "1-5759e988-bd862e3fe1be46a994272793"


def test_a_line_has_the_request_the_result_and_the_times_of_a_summary() -> None:
    """Services are listed once; the age is relative to now."""
    summary = {
        "Id": ID,
        "StartTime": 1_700_000_000.5,
        "Duration": 0.25,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": True,
        "Http": {"HttpURL": "http://localhost:4567/api?x=1", "HttpMethod": "GET", "HttpStatus": 500},
        "Revision": 3,
        "ServiceIds": [{"Name": "backend"}, {"Name": "backend"}, {"Name": "users"}],
    }
    (line,) = trace_lines([summary], now=1_700_000_010.5)
    assert (line.method, line.host, line.path, line.status) == ("GET", "localhost:4567", "/api?x=1", 500)
    assert (line.marks, line.services, line.partial) == (("fault", "throttle"), ("backend", "users"), False)
    assert (line.started, line.age, line.duration) == (1_700_000_000.5, 10, 0.25)
    assert (line.href, line.documents) == (f"/traces/{ID}", 3)


def test_a_trace_without_a_request_has_the_name_of_its_entry_point() -> None:
    """Without a start time the time is that of the trace id."""
    (line,) = trace_lines([{"Id": ID, "EntryPoint": {"Name": "worker"}, "IsPartial": True}], now=0x5759E988)
    assert (line.path, line.status, line.marks, line.partial) == ("worker", None, ("ok",), True)
    assert (line.age, line.duration, line.documents) == (0, None, 0)


def test_shares_are_relative_to_the_longest_trace_in_the_list() -> None:
    """A list of traces without duration has no shares."""
    lines = trace_lines([{"Id": ID, "Duration": duration} for duration in (2, 1, 0)], now=0)
    assert [line.share for line in lines] == [1, 0.5, 0]
    assert trace_lines([{"Id": ID, "Duration": 0}], now=0)[0].share == 0


def test_an_id_without_a_time_still_has_a_line() -> None:
    """It starts at the epoch."""
    (line,) = trace_lines([{"Id": "odd"}], now=0)
    assert (line.started, line.path) == (0.0, "no entry point yet")


@pytest.mark.parametrize("expression", [expression for expression, _ in EXAMPLES])
def test_every_example_is_a_valid_filter_expression(expression: str) -> None:
    """The page links to its traces."""
    assert to_text(parse(expression))
