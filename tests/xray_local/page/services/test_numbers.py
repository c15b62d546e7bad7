from collections import Counter

import pytest

from tests.xray_local.page.services.graphs import CLIENT, SHOP, STORE, TABLE, calls, shop
from xray_local.page.services.numbers import Show, graph_numbers, numbers, percentiles
from xray_local.traces.service_graph import CallStatistics
from xray_model.filter_expression import parse


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """The smallest one that is not below the share of all calls."""
    assert percentiles(Counter({0.1: 50, 0.2: 45, 9.0: 5}), (0.5, 0.95, 1.0)) == [0.1, 0.2, 9.0]
    assert percentiles({}, (0.5, 0.95)) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (calls(89, 11), "fault"),
        (calls(90, 10), ""),
        (calls(80, 5, throttles=15), "throttle"),
        (calls(80, 5, errors=15), "error"),
        (calls(0), ""),
    ],
)
def test_the_severity_is_that_of_more_than_a_tenth_of_the_calls(found: CallStatistics, severity: str) -> None:
    """Or empty: a few failures are no colour on the map."""
    assert numbers(found).severity == severity


def test_failed_is_a_fault() -> None:
    """Errors and throttles are counted beside it."""
    found = numbers(calls(70, 10, throttles=5, errors=15))
    assert (found.calls, found.ok, found.failures, found.throttles, found.errors) == (100, 70, 10, 5, 15)
    assert found.failed == 0.1


@pytest.mark.parametrize(
    ("show", "services"),
    [("failures", [TABLE, SHOP, STORE, CLIENT]), ("slow", [STORE, SHOP, CLIENT, TABLE])],
)
def test_the_order_is_that_of_what_is_shown(show: Show, services: list[tuple[str, str]]) -> None:
    """The worst first."""
    assert [service.key for service in graph_numbers(shop(), show).services] == services


def test_a_service_is_a_client_or_inferred_or_neither() -> None:
    """The map and the table show which."""
    found = {service.key: service for service in graph_numbers(shop()).services}
    assert [found[key].inferred for key in (CLIENT, SHOP, TABLE)] == [False, False, True]
    assert [found[key].is_client for key in (CLIENT, SHOP, TABLE)] == [True, False, False]
    assert found[SHOP].kind == "ECS::Container"


@pytest.mark.parametrize(
    ("show", "inner"), [("traffic", ""), ("failures", " {!ok}"), ("slow", " {responsetime >= 0.0195}")]
)
def test_a_link_leads_to_what_is_shown(show: Show, inner: str) -> None:
    """All traces of a call, those in which it did not go well, or those in which it was slow."""
    found = graph_numbers(shop(), show)
    expression = next(call.filter for call in found.calls if call.target == TABLE)
    assert expression == f'edge("store", "orders"){inner}'
    filters = [service.filter for service in found.services] + [call.filter for call in found.calls]
    assert all(map(parse, filters))
