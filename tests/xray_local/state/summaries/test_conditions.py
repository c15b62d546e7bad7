"""Every filter selects the same traces by columns as the evaluator does by summaries."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.xray_local.samples import NOW, document
from xray_local.api.filters import TraceFilter
from xray_local.state.store import Selection, Store
from xray_local.state.store.summaries.conditions import condition
from xray_model.filter_expression import Expression, parse

EVERYTHING = Selection(0, NOW * 2)


def call(id_: int, name: str, **more: Any) -> dict[str, Any]:
    times = {"start_time": NOW, "end_time": NOW + 0.5}
    return {"id": f"{id_:016x}", "name": name, "namespace": "remote", **times, **more}


def cause(type_: str, message: str) -> dict[str, Any]:
    return {"exceptions": [{"id": "0" * 16, "type": type_, "message": message}]}


BODIES: list[dict[str, Any]] = [
    {},
    {"fault": True, "user": "bob", "origin": "AWS::ECS::Container"},
    {"error": True, "throttle": True, "http": {"response": {"status": 429}}, "user": 'b"o\nb\\'},
    {"end_time": None, "in_progress": True, "annotations": {"handle": "bob", "cached": False, "count": 5}},
    {"annotations": {"handle": "bobby", "cached": True, "count": 5.5, "a.b": "x"}},
    {"annotations": {"handle": 5, "cached": "true", "count": "5", "é": "ü\u0001"}},
    {"http": {"request": {"url": "http://a/api/b", "method": "GET", "user_agent": "curl", "client_ip": "1.2.3.4"}}},
    {"http": {"request": {"url": "", "method": "get"}, "response": {"status": 404}}, "error": True},
    {
        "annotations": {"count": -1e3},
        "subsegments": [call(7, "users", annotations={"count": 2**53 + 1, "cached": True})],
    },
    {"annotations": {"count": 6, "cached": False}, "subsegments": [call(7, "users", annotations={"cached": True})]},
    {"subsegments": [call(7, "users"), call(8, "db", fault=True, annotations={"handle": "bob"})]},
    {"subsegments": [call(7, "users", end_time=NOW + 0.7, throttle=True)], "end_time": NOW + 9},
    {"fault": True, "cause": cause("ReadTimeout", "a")},
    {"fault": True, "cause": cause("KeyError", "b")},
    {"fault": True, "cause": cause("KeyError", "c")},
    {"name": "front", "subsegments": [call(7, "backend", http={"response": {"status": 404}})]},
    {"aws": {"ec2": {"instance_id": "i-1", "availability_zone": "eu-1"}}, "resource_arn": "arn:aws:x"},
]

ATOMS = (
    "fault",
    "ok",
    "partial = false",
    "error != true",
    "responsetime > 0.9",
    "duration <= 1",
    "http.status = 404",
    "http.status != 404",
    'http.url CONTAINS "api"',
    'http.url CONTAINS ""',
    'http.url BEGINSWITH "http"',
    'http.url ENDSWITH "b"',
    'http.url != "x"',
    'http.method = "GET"',
    'http.useragent = "curl"',
    'http.clientip ENDSWITH "4"',
    'user = "bob"',
    'user != "bob"',
    'user BEGINSWITH "b"',
    'user CONTAINS "\\""',
    'user CONTAINS "o"',
    'user ENDSWITH "n"',
    'user ENDSWITH "b"',
    "annotation.cached",
    "annotation.cached = false",
    "annotation.cached != false",
    'annotation.handle = "bob"',
    'annotation.handle != "bob"',
    'annotation.handle BEGINSWITH "bob"',
    'annotation.handle CONTAINS "b"',
    'annotation.handle CONTAINS ""',
    "annotation.count = 5",
    "annotation.count >= 5",
    "annotation.count > 5",
    "annotation.count < 5.5",
    "annotation.count <= 5.0",
    "annotation.count != 5",
    "annotation.count = -1e3",
    f"annotation.count < {10**30}",
    "annotation.cached != true",
    'annotation["a.b"] = "x"',
    'annotation["é"] ENDSWITH "ü"',
    'name = "users"',
    'type = "AWS::ECS::Container"',
    'availabilityzone = "eu-1"',
    'instance.id != "i-1"',
    'resource.arn CONTAINS "aws"',
    "inferred",
    "remote = true",
    'service("users")',
    'service("users") { throttle }',
    'service("users") { ok OR fault }',
    'service("db") { duration > 0.1 }',
    'service(id(name: "backend", type: "AWS::ECS::Container"))',
    "service() { last AND !root }",
    'service("backend") { responsetime > 0.9 }',
    'edge("backend", "users")',
    'edge("backend", "db") { fault }',
    'edge("front", "backend") { http.status = 404 }',
    "rootcause.fault.service",
    'rootcause.fault.exception { name CONTAINS "Timeout" }',
    'rootcause.fault.exception { message = "b" }',
    'rootcause.fault.entity { name = "db" AND remote }',
    "coverage > 0.3",
)


@pytest.fixture
def store() -> Iterator[Store]:
    """One trace of each body, summarized; the shapes of some are equal."""
    opened = Store()
    opened.put([document(number, **members) for number, members in enumerate(BODIES * 2, 1)], now=NOW)
    while opened.work():
        pass
    yield opened
    opened.close()


def chosen(text: str) -> TraceFilter:
    return TraceFilter(parse(text))


def check(store: Store, text: str, expected: list[str]) -> None:
    selection = Selection(0, NOW * 2, "start", chosen(text))
    for _ in range(2):
        assert [row.summary.id for row in store.find(selection, seconds=9).rows] == expected, text
        assert store.count(selection, seconds=9).number == len(expected), text


def expected(store: Store, text: str) -> list[str]:
    evaluator = chosen(text)
    return [row.summary.id for row in store.find(EVERYTHING, seconds=9).rows if evaluator.matches(row.summary)]


@pytest.mark.parametrize("atom", ATOMS)
def test_a_condition_and_its_negation_select_what_the_evaluator_does(store: Store, atom: str) -> None:
    """On the first read, and on the second one."""
    for text in (atom, f"!({atom})"):
        check(store, text, expected(store, text))


def test_conditions_are_joined_as_the_evaluator_does(store: Store) -> None:
    """Each two of them; exact ones and others."""
    truth = {atom: set(expected(store, atom)) for atom in ATOMS}
    order = expected(store, "ok OR !ok")
    for first, second in product(ATOMS[::9], ATOMS[::5]):
        check(store, f"{first} AND !({second})", [id_ for id_ in order if id_ in truth[first] - truth[second]])
        check(store, f"{first} OR {second}", [id_ for id_ in order if id_ in truth[first] | truth[second]])


@pytest.mark.parametrize(
    "text",
    [
        "fault OR error",
        "responsetime > 0.5 AND !partial",
        'http.url CONTAINS "/api/" AND http.status = 404',
        'service("backend") { fault }',
        'edge("backend", "users") { throttle }',
        'annotation.handle CONTAINS ""',
        'annotation.handle = "bob" OR annotation.cached',
        "annotation.count > 5 OR annotation.cached != false",
        'user CONTAINS "bob" OR annotation.handle ENDSWITH "b"',
        'fault AND rootcause.fault.exception { name CONTAINS "Timeout" }',
    ],
)
def test_the_usual_filters_need_no_evaluator(text: str) -> None:
    """The page's examples are all answered by columns."""

    def no_shapes(_expression: Expression) -> list[int]:
        return []

    assert condition(parse(text), no_shapes).exact
