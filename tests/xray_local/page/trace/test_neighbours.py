from collections.abc import Iterator

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.page.frame.exchange import PageRequest
from xray_local.page.trace.about.neighbours import Neighbours, neighbours
from xray_local.state.region import Region
from xray_local.state.store import Store


@pytest.fixture
def region() -> Iterator[Region]:
    """Five traces, the last of which failed; the second and the third started at the same time and took as long."""
    store = Store()
    region = Region(store=store, clock=lambda: NOW)
    starts, ends = (0, 10, 10, 20, 30), (5, 11, 11, 29, 32)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        fault = number == 5 or None
        assert region.put([document(number, start_time=NOW + start, end_time=NOW + end, fault=fault)]) == []
    yield region
    store.close()


def around(region: Region, number: int, start: float, **query: str) -> Neighbours:
    request = PageRequest(region, f"/traces/{trace_id(number)}", {}, query, "", NOW + 60)
    return neighbours(request, trace_id(number), NOW + start)


def test_a_trace_has_its_number_in_the_list_of_all_traces(region: Region) -> None:
    """The newest is the first, and nothing is newer."""
    found = around(region, 5, 30)
    assert (found.href, found.number, found.total) == ("/", 1, 5)
    assert [(side.word, side.href) for side in found.around] == [("newer", ""), ("older", f"/traces/{trace_id(4)}")]


@pytest.mark.parametrize(("sort", "first"), [("-start", 3), ("start", 2), ("-duration", 4), ("duration", 1)])
def test_traces_with_equal_times_have_different_numbers(region: Region, sort: str, first: int) -> None:
    """The walk through the list passes each of them once."""
    second, third = around(region, 2, 10, sort=sort), around(region, 3, 10, sort=sort)
    assert {second.number, third.number} == {first, first + 1}
    hrefs = [side.href for side in (*second.around, *third.around)]
    assert sum(trace_id(2) in href or trace_id(3) in href for href in hrefs) == 2


def test_the_links_keep_the_filter_and_the_order(region: Region) -> None:
    """What is about one trace only, such as a row, is left out."""
    found = around(region, 1, 0, q="ok", sort="duration", row="x")
    assert (found.typed, found.number, found.total) == ("ok", 3, 4)
    assert found.href == "/?q=ok&sort=duration"
    assert [side.word for side in found.around] == ["faster", "slower"]
    assert found.around[1].href == f"/traces/{trace_id(4)}?q=ok&sort=duration"


@pytest.mark.parametrize("query", [{"q": "ok"}, {"q": "(("}, {"to": str(NOW)}, {"q": "ok", "sort": "-duration"}])
def test_a_trace_that_is_not_in_the_list_has_no_number(region: Region, query: dict[str, str]) -> None:
    """The link back to the list is still there."""
    found = around(region, 5, 30, **query)
    assert (found.number, found.around) == (None, ())
    assert found.href.startswith("/?")
