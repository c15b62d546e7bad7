import json
from typing import Any

import pytest

from tests.xray_local.samples import NOW, trace_id
from xray_local.page.services.numbers import Graph, graph_numbers
from xray_local.page.services.one_service import one_service, requests, route, routes, slowest
from xray_local.traces.body import Http
from xray_local.traces.documents import parse_segment
from xray_local.traces.service_graph import service_graph
from xray_local.traces.summaries import TraceSummary, summarize
from xray_model.filter_expression import parse


def trace(number: int, *, url: str = "http://shop/cart", seconds: float = 0.1, **more: Any) -> TraceSummary:
    """Return a trace of a request to `shop`, which calls `payments`."""
    call = {
        "id": f"{number:015x}f",
        "name": "payments",
        "namespace": "remote",
        "start_time": NOW,
        "end_time": NOW + 0.05,
    }
    body = {
        "trace_id": trace_id(number),
        "id": f"{number:015x}0",
        "name": "shop",
        "start_time": NOW,
        "end_time": NOW + seconds,
        "http": {"request": {"method": "GET", "url": url}, "response": {"status": 500 if more.get("fault") else 200}},
        "subsegments": [call],
        **more,
    }
    return summarize(trace_id(number), [parse_segment(json.dumps(body))])


def graph(*traces: TraceSummary) -> Graph:
    return graph_numbers(service_graph(traces))


@pytest.mark.parametrize(
    ("http", "name"),
    [
        (Http("GET", "http://shop/cart?page=3"), "GET /cart"),
        (Http("GET", "http://shop"), "GET /"),
        (Http(None, "http://shop/a//b"), "/a//b"),
    ],
)
def test_a_route_is_a_method_and_a_path(http: Http, name: str) -> None:
    """Without the host and the query."""
    assert route(http) == name


def test_routes_have_the_numbers_of_their_requests() -> None:
    """The most frequent first."""
    found = routes("shop", [trace(1, url="http://shop/"), trace(2, fault=True), trace(3)])
    assert [(item.name, item.numbers.calls, item.numbers.failures) for item in found] == [
        ("GET /cart", 2, 1),
        ("GET /", 1, 0),
    ]


@pytest.mark.parametrize(
    ("urls", "condition"),
    [
        (["http://shop/a", "http://shop/a"], 'http.url = "http://shop/a"'),
        (["http://shop/a?x=1", "http://shop/a"], 'http.url BEGINSWITH "http://shop/a"'),
    ],
)
def test_a_route_links_to_its_traces(urls: list[str], condition: str) -> None:
    """By their URL, and by what it begins with if they have different queries."""
    (found,) = routes("shop", [trace(number, url=url) for number, url in enumerate(urls)])
    assert found.filter == f'service("shop") {{http.method = "GET" AND {condition}}}'
    assert parse(found.filter)


def test_the_slowest_requests_are_first() -> None:
    """By the time that this service took, at most five of them."""
    found = slowest(requests("shop", [trace(number, seconds=number) for number in range(1, 8)]))
    assert [request.took for request in found] == [7, 6, 5, 4, 3]


def test_one_service_has_its_callers_and_its_calls() -> None:
    """The client of the traces is a caller, but makes no calls in the name of the service."""
    traces = [trace(1), trace(2)]
    found = one_service("shop", graph(*traces), traces, [])
    assert found is not None
    assert [(call.source, call.numbers.calls) for call in found.callers] == [(("shop", "client"), 2)]
    assert [(call.target, call.numbers.calls) for call in found.calls] == [(("payments", "remote"), 2)]


def test_a_name_of_no_service_is_none() -> None:
    """There is no page of it."""
    assert one_service("shop", graph(), [], []) is None
