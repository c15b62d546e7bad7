from typing import Any

import pytest

from tests.xray_local.page.trace.rows import call, checkout, document, http
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.analysis.calls import UNKNOWN, called, service
from xray_local.traces.waterfall import waterfall


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"http": http("GET", "http://h/a?b=1", 200)}, "x GET /a?b=1"),
        ({"http": {"request": {"url": "http://h"}}}, "x /"),
        ({"aws": {"operation": "PutItem", "table_name": "orders"}}, "x PutItem orders"),
        ({"aws": {"operation": "GetItem", "table_names": ["a", "b"]}}, "x GetItem a"),
        ({"aws": {"operation": "SendMessage", "queue_url": "https://sqs/1/jobs/"}}, "x SendMessage jobs"),
        ({"aws": {"operation": "Publish", "topic_arn": "arn:aws:sns:eu:1:news"}}, "x Publish news"),
        ({"aws": {"operation": "ListBuckets", "resource_names": []}}, "x ListBuckets"),
        (
            {"sql": {"database_type": "PostgreSQL", "sanitized_query": "SELECT 1\n  FROM t"}},
            "PostgreSQL SELECT 1 FROM t",
        ),
        ({"sql": {"sanitized_query": "SELECT 1"}}, "x SELECT 1"),
        ({"metadata": {"otel": {"name": "load users"}}}, "x load users"),
        ({"metadata": {"otel": {"name": "x"}}}, "x"),
        ({"http": 1, "aws": {"operation": 2}, "sql": []}, "x"),
    ],
)
def test_a_row_says_what_was_called(more: dict[str, Any], text: str) -> None:
    """A statement, an operation with what it was about, a request, or the name of a span."""
    [row] = waterfall([document("x", 0, 1, **more)]).rows
    assert called(row).text == text


def test_a_row_belongs_to_the_service_of_its_segment() -> None:
    """Without one, to that of the span's resource, if it has one."""
    lost = call("lost", 1, 2, "missing")
    span = lost | {"id": "span", "metadata": {"otel": {"resource": {"service.name": "shop"}}}}
    tree = waterfall([document("a", 0, 3, subsegments=[call("b", 1, 2, "a")]), lost, span])
    assert {row.id: service(row.entry) for row in tree.rows} == {"a": "a", "b": "a", "lost": UNKNOWN, "span": "shop"}


def test_a_call_is_answered_by_the_only_segment_below_it() -> None:
    """A call with anything else below it is not, nor is one that nothing answered."""
    tree = checkout()
    answers = AnalysedTrace(tree).answers
    assert {tree.rows[call].id: tree.rows[place].id for call, place in answers.items()} == {
        "to-payments": "payments",
        "to-fraud": "fraud",
    }
    retried = waterfall([document("a", 0, 9), call("c", 1, 8, "a"), document("d", 2, 3, "c"), document("e", 4, 5, "c")])
    assert AnalysedTrace(retried).answers == {}


def test_the_time_of_an_unanswered_call_belongs_to_what_it_calls() -> None:
    """And the sum of all services is the time of the trace, where nothing runs side by side."""
    services = AnalysedTrace(checkout()).services
    assert services == {"shop": 5, "orders": 1, "payments": 2.5, "fraud": 1.5}
    assert sum(services.values()) == 10
