"""Counts, graphs and lists put together of blocks are those of the traces one by one, whatever has changed."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.api.filters import TraceFilter
from xray_local.state.store import RangeBy, Selection, Store
from xray_local.state.store.summaries.cache import blocks
from xray_local.state.store.summaries.overview import blocks as overview_blocks
from xray_local.state.store.summaries.selection import Bounds
from xray_local.traces.documents import Document
from xray_local.traces.service_graph import CallStatistics, Graph, service_graph
from xray_model.filter_expression import parse

EXPRESSIONS = ("", "fault", 'http.url CONTAINS "7"', "coverage > 0.5", 'service("db") AND !error')
RANGES: tuple[RangeBy, ...] = ("start", "end", "update", "overlap")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with blocks of 2, 8 and 24 traces that keeps 60."""
    monkeypatch.setattr(blocks, "SIZES", (2, 8, 24))
    store = Store(max_traces=60)
    yield store
    store.close()


def sent(random_: random.Random, trace: int, segment: int = 1) -> Document:
    """Return a segment that may have failed, and may have called a database."""
    start = NOW + random_.randint(0, 40)
    more: dict[str, Any] = {"start_time": start, "end_time": start + random_.randint(0, 20)}
    if random_.random() < 0.3:
        more[random_.choice(["fault", "error"])] = True
    if random_.random() < 0.5:
        call = {"id": f"{segment + 100:016x}", "name": "db", "namespace": "remote", "start_time": start}
        more["subsegments"] = [call | {"end_time": start + 1}]
    http = {"request": {"url": f"http://shop/{trace % 10}"}}
    return document(trace, segment, http=http, annotations={"plan": random_.randint(1, 3)}, **more)


def selection(random_: random.Random, expression: str) -> Selection:
    """Return a selection of part of the time, or of all of it."""
    start, end = sorted((random_.randint(-5, 70), random_.randint(-5, 70)))
    window = random_.choice([(NOW + start, NOW + end), (0.0, NOW * 2)])
    return Selection(*window, random_.choice(RANGES), TraceFilter(parse(expression) if expression else None))


def pages(store: Store, selected: Selection) -> list[Any]:
    """Return all matches in pages of 3."""
    page = store.find(selected, limit=3)
    rows = page.rows
    while page.next is not None:
        page = store.find(selected, before=page.next, limit=3)
        rows += page.rows
    return rows


def numbers(graph: Graph) -> dict[Any, Any]:
    """Return how often each service and each call is counted, and its times."""
    calls: dict[Any, CallStatistics] = {key: service.calls for key, service in graph.items()}
    calls |= {(*key, *called): of for key, service in graph.items() for called, of in service.edges.items()}
    return {key: (of.start, of.end, of.results, round(of.seconds, 6), of.histogram) for key, of in calls.items()}


@pytest.mark.parametrize("seed", range(5))
def test_what_blocks_sum_up_is_what_their_traces_are(store: Store, seed: int) -> None:
    """While traces arrive, change and are evicted; the expected ones are those that the evaluator lists one by one."""
    random_ = random.Random(seed)
    for step in range(25):
        traces = [random_.randint(max(1, step * 4 - 10), step * 4 + 4) for _ in range(6)]
        store.put([sent(random_, trace, random_.randint(1, 3)) for trace in traces], now=NOW + step)
        if random_.random() < 0.5:
            while store.work():
                pass
        selected = selection(random_, random_.choice(EXPRESSIONS))
        everything = pages(store, Selection(selected.start, selected.end, selected.by))
        assert selected.filter is not None
        expected = [row for row in everything if selected.filter.matches(row.summary)]
        assert pages(store, selected) == expected
        assert store.count(selected, seconds=9).number == len(expected)
        assert numbers(store.graph(selected)) == numbers(service_graph(row.summary for row in expected))
        if selected.by == "start":
            plans = Counter(str(row.summary.annotations[0].value) for row in expected)
            groups = store.grouped(selected, "plan", seconds=9)
            assert {str(group.key): group.spread.traces for group in groups} == plans
            overview = store.overview(selected, step=7, seconds=9)
            assert (overview.total.traces, sum(cell.traces for cell in overview.cells)) == (len(expected),) * 2


@pytest.mark.parametrize(
    ("by", "start", "end", "within"),
    [
        ("start", 10, 21, True),
        ("start", 10, 20, None),
        ("start", 21, 99, False),
        ("end", 30, 41, True),
        ("end", 41, 99, False),
        ("update", 50, 61, True),
        ("overlap", 30, 21, True),
        ("overlap", 31, 21, None),
        ("overlap", 41, 99, False),
        ("overlap", 0, 10, False),
    ],
)
def test_whether_all_traces_of_a_block_are_in_a_range(
    by: RangeBy, start: float, end: float, within: bool | None
) -> None:
    """They start from 10 to 20, end from 30 to 40 and were updated from 50 to 60."""
    assert Bounds(10, 20, 30, 40, 50, 60).are_within(Selection(start, end, by)) is within


def test_blocks_are_summed_up_when_there_is_nothing_else_to_do(store: Store) -> None:
    """So that the first graph and the first numbers of many traces are a matter of adding."""
    store.put([document(trace) for trace in range(1, 30)], now=NOW)
    store.index()
    assert sum(1 for _ in iter(store.work, False)) == 29 // 4 + 2 * (2 + 7)  # two blocks of 8 and seven of 2


def test_large_blocks_are_counted_when_there_is_nothing_else_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first and the last traces, which fill no block, are left to the next read."""
    monkeypatch.setattr(overview_blocks, "LARGE", 8)
    count, counted = overview_blocks.results_by_key, []

    def counting(keys: str, results: str) -> dict[str, str]:
        counted.append(len(keys))
        return count(keys, results)

    monkeypatch.setattr(overview_blocks, "results_by_key", counting)
    store.put([document(trace) for trace in range(1, 51)], now=NOW)
    store.index()
    while store.work():
        pass
    counted.clear()
    assert [group.spread.traces for group in store.overview(Selection(0, NOW * 2), seconds=9).routes] == [50]
    assert counted == [7 + 3]
