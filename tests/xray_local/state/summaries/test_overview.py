"""The numbers of many traces, as SQLite and the strings count them."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.api.filters import TraceFilter
from xray_local.state.store import Route, Selection, Store
from xray_local.state.store.summaries.cache import blocks
from xray_local.state.store.summaries.overview.durations import HIGHEST, bucket, lower_edge, middle
from xray_local.state.store.summaries.overview.routes import route_of
from xray_local.traces.summaries import summarize
from xray_model.filter_expression import parse

EVERYTHING = Selection(0, math.inf)


def request(path: str, status: int = 200, method: str = "GET") -> dict[str, Any]:
    url = f"http://localhost:4567{path}"
    return {"request": {"method": method, "url": url}, "response": {"status": status}}


def selected(expression: str, start: float = 0.0, end: float = math.inf) -> Selection:
    return Selection(start, end, "start", TraceFilter(parse(expression)))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A hundred traces in small blocks: the tenth of a second that each takes is its number, every fifth failed."""
    monkeypatch.setattr(blocks, "SIZES", (2, 8, 24))
    opened = Store(max_traces=100)
    for number in range(1, 101):
        times = {"start_time": NOW + number, "end_time": NOW + number + number / 10}
        failed = {"fault": True, "http": request("/orders/7", 500)}
        result = failed if number % 5 == 0 else {"http": request("/cart?x=1")}
        annotations = {"plan": "gold" if number % 4 == 0 else "free", "seats": number % 3}
        opened.put([document(number, number, annotations=annotations, **times, **result)], now=NOW)
    yield opened
    opened.close()


def test_percentiles_and_failures_are_those_of_all_traces(store: Store) -> None:
    """The percentiles are at most 0.25 % from the exact ones."""
    total = store.overview(EVERYTHING, step=10, seconds=10).total
    assert (total.traces, total.faults, total.errors, total.throttles, total.failed) == (100, 20, 0, 0, 0.2)
    assert (total.p50, total.p95, total.p99) == pytest.approx((5.0, 9.5, 9.9), rel=0.0026)


def test_a_range_and_a_filter_select_the_traces(store: Store) -> None:
    """Both within blocks and for whole ones, by columns and by the evaluator; the end of the range is excluded."""
    assert store.overview(Selection(NOW + 11, NOW + 31), step=10, seconds=10).total.traces == 20
    assert store.overview(selected("fault", NOW + 11, NOW + 31), step=10, seconds=10).total.traces == 4
    assert (
        store.overview(selected("annotation.seats > 1 AND coverage > 0"), step=10, seconds=10).total.traces == 33
    )  # the evaluator decides
    assert (
        store.overview(selected("annotation.seats > 1 AND coverage > 0", NOW + 50), step=10, seconds=10).total.traces
        == 17
    )
    assert store.overview(selected("duration > 100"), step=10, seconds=10).total.traces == 0


def test_cells_have_every_trace_once(store: Store) -> None:
    """A cell is a time and a duration; a filter of its edges selects its traces."""
    overview = store.overview(EVERYTHING, step=10, seconds=10)
    assert sum(cell.traces for cell in overview.cells) == 100
    assert sum(cell.faults for cell in overview.cells) == 20
    for cell in overview.cells:
        edges = selected(f"duration >= {cell.shortest:.6g} AND duration < {cell.longest:.6g}", cell.start, cell.end)
        found = store.overview(edges, step=10, seconds=10).total
        assert (found.traces, found.faults) == (cell.traces, cell.faults)


def test_traces_are_grouped(store: Store) -> None:
    """By route, service, status and annotation, the most frequent first."""
    overview = store.overview(EVERYTHING, step=10, seconds=10)
    routes = [(group.key.method, group.key.path, group.spread.traces, group.spread.faults) for group in overview.routes
              if isinstance(group.key, Route)]  # fmt: skip
    assert routes == [("GET", "/cart", 80, 0), ("GET", "/orders/*", 20, 20)]
    assert [(group.key, group.spread.traces) for group in overview.services] == [("backend", 100)]
    assert overview.service_counts == {"backend": 100}
    statuses = store.grouped(EVERYTHING, None, seconds=10)
    assert [(group.key, group.spread.traces, group.spread.faults) for group in statuses] == [
        ("200", 80, 0),
        ("500", 20, 20),
    ]
    plans = store.grouped(selected("fault"), "plan", seconds=10)
    assert [(group.key, group.spread.traces) for group in plans] == [('"free"', 15), ('"gold"', 5)]
    assert [(group.key, group.spread.traces) for group in store.grouped(EVERYTHING, "seats", seconds=10)] == [
        ("1", 34),
        ("0", 33),
        ("2", 33),
    ]
    assert store.grouped(EVERYTHING, "unknown") == ()


def test_an_annotation_with_several_values_counts_once() -> None:
    """By its first one, wherever the key is among the annotations; values may have any characters."""
    store = Store()
    found: list[dict[str, Any]] = [
        {"plan": "a]\n;b"},
        {"a": 1, "plan": "gold", "z": ";"},
        {"plan": 'say "\n[\\"plan\\",1]"', "z": 1},
        {"a": "\n;", "plan": "gold"},
        {"a": 1},
    ]
    for number, annotations in enumerate(found, 1):
        child = {"id": f"{number + 50:016x}", "name": "child", "annotations": {"plan": f"second-{number}"}}
        more = {"subsegments": [child]} if "plan" in annotations else {}
        store.put([document(number, number, annotations=annotations, fault=number == 2, **more)], now=NOW)
    plans = {str(group.key): group.spread for group in store.grouped(EVERYTHING, "plan", seconds=10)}
    expected = {json.dumps(annotations["plan"]): 1 for annotations in found if "plan" in annotations} | {'"gold"': 2}
    assert {key: spread.traces for key, spread in plans.items()} == expected
    assert {key for key, spread in plans.items() if spread.faults} == {'"gold"'}
    store.close()


def test_numbers_follow_what_is_stored(store: Store) -> None:
    """A changed trace counts as it is now, a new one counts, an evicted one no longer does."""
    assert store.overview(EVERYTHING, step=10, seconds=10).total.traces == 100
    times = {"start_time": NOW + 101, "end_time": NOW + 102}
    store.put([document(101, 101, fault=True, **times)], now=NOW)  # the first trace, without a fault, is evicted
    store.put([document(100, 500, parent_id=f"{100:016x}", name="users", **times)], now=NOW)
    overview = store.overview(EVERYTHING, step=10, seconds=10)
    assert (overview.total.traces, overview.total.faults, overview.first) == (100, 21, NOW + 2)
    assert overview.service_counts["users"] == 1
    store.clear()
    assert store.overview(EVERYTHING, step=10, seconds=10).total.traces == 0


def test_numbers_are_kept_while_nothing_changes(store: Store) -> None:
    """Also when the process looks for work in between."""
    selection = selected("fault")
    overview, grouped = store.overview(selection, step=10, seconds=10), store.grouped(selection, "plan", seconds=10)
    while store.work():
        pass
    assert store.overview(selection, step=10, seconds=10) is overview
    assert store.grouped(selection, "plan", seconds=10) is grouped


def test_what_there_was_no_time_for_is_not_counted(store: Store) -> None:
    """The overview says so; the next one counts further."""
    assert not store.overview(EVERYTHING, step=10, seconds=0).complete
    overview = store.overview(EVERYTHING, step=10, seconds=10)
    assert (overview.complete, overview.total.traces) == (True, 100)


def test_the_list_is_ordered_by_duration(store: Store) -> None:
    """In both directions, page after page."""
    for order, expected in (("-duration", list(range(100, 0, -1))), ("duration", list(range(1, 101)))):
        seen: list[int] = []
        position = None
        while True:
            page = store.find(EVERYTHING, order=order, before=position, limit=40, seconds=10)  # type: ignore[arg-type]
            seen += [round(row.summary.duration * 10) for row in page.rows]
            position = page.next
            if position is None:
                break
        assert seen == expected


@pytest.mark.parametrize("seconds", [0.0, 1e-7, 1e-6, 0.0123, 1.0, 86_400.0, 1e9])
def test_a_duration_is_within_its_bucket(seconds: float) -> None:
    """And the bucket's middle is close to it."""
    number = bucket(seconds)
    assert 0 <= number <= HIGHEST
    assert lower_edge(number) <= seconds * (1 + 1e-12)
    if 0 < number < HIGHEST:
        assert seconds < lower_edge(number + 1)
        assert middle(number) == pytest.approx(seconds, rel=0.0026)


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        (request("/orders/8841/items?x=1"), ("GET", "/orders/*/items")),
        (request("/u/0f8fad5b-d9cb-469f-a165-70867728950e", method="PUT"), ("PUT", "/u/*")),
        (request("/v2/cart42"), ("GET", "/v2/cart42")),
        (request(""), ("GET", "/")),
        ({"request": {"method": "GET", "url": "/relative?x"}}, ("GET", "/relative")),
        ({"request": {"method": "GET", "url": "http://[odd/7"}}, ("GET", "http://[odd/*")),
        (None, ("", "backend")),
    ],
)
def test_a_route_has_no_query_and_no_ids(http: dict[str, Any] | None, expected: tuple[str, str]) -> None:
    """Without a request it is the service."""
    route = route_of(summarize("1-0-0", [document(1, http=http)]))
    assert (route.method, route.path) == expected
