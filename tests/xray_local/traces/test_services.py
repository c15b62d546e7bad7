from typing import Any

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.traces.documents import Document
from xray_local.traces.entries import flatten
from xray_local.traces.flags import Flag
from xray_local.traces.services import ServiceNode, services_and_edges
from xray_local.traces.summaries import summarize


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 0.5, **more}


def services(*documents: Document) -> dict[str, ServiceNode]:
    return {service.name: service for service in summarize(trace_id(1), documents).services}


def test_a_service_without_a_segment_is_inferred_from_the_call() -> None:
    """A call that a segment answers is not a second service."""
    calls = [call(2, namespace="remote", name="other"), call(3, namespace="aws", name="S3", fault=True)]
    other = document(1, 4, name="other", parent_id=f"{2:016x}", end_time=NOW + 0.5)
    found = services(document(1, name="front", subsegments=calls), other)
    assert {name: (service.type, service.inferred) for name, service in found.items()} == {
        "front": ("", False),
        "other": ("", False),
        "S3": ("AWS::S3", True),
    }
    assert [name for name, service in found.items() if service.root] == ["front"]


@pytest.mark.parametrize(
    ("fields", "name", "type_"),
    [
        ({"name": "DynamoDB", "aws": {"table_name": "orders"}}, "orders", "AWS::DynamoDB::Table"),
        ({"name": "dynamodb", "aws": {"table_names": ["orders"]}}, "orders", "AWS::DynamoDB::Table"),
        ({"name": "dynamodb", "aws": {"table_names": ["orders", "users"]}}, "dynamodb", "AWS::DynamoDB"),
        ({"name": "SQS", "aws": {"queue_url": "https://sqs/1/jobs"}}, "https://sqs/1/jobs", "AWS::SQS::Queue"),
        ({"name": "s3", "aws": {"bucket_name": "files"}}, "s3", "AWS::S3"),
        ({"name": "Budgets"}, "Budgets", "AWS::Budgets"),
        ({"name": "shop@db", "namespace": "remote", "sql": {"database_type": "mysql"}}, "shop@db", "Database::SQL"),
        ({"name": "api.example.com", "namespace": "remote"}, "api.example.com", "remote"),
    ],
)
def test_an_inferred_service_is_the_resource_that_the_call_names(fields: dict[str, Any], name: str, type_: str) -> None:
    """X-Ray has one node for each table and each queue."""
    found = services(document(1, name="front", subsegments=[call(2, **{"namespace": "aws", **fields})]))
    assert (found[name].type, found[name].inferred) == (type_, True)


def test_a_segment_that_xray_inferred_is_no_service_that_sent_one() -> None:
    """BatchGetTraces answers such segments, and they can be put again."""
    inferred = {"inferred": True, "origin": "AWS::DynamoDB::Table", "aws": {"table_name": "orders"}}
    front = document(1, name="front", subsegments=[call(2, name="DynamoDB", namespace="aws")])
    found = services(front, document(1, 3, name="DynamoDB", parent_id=f"{2:016x}", **inferred))
    assert {name: service.inferred for name, service in found.items()} == {"front": False, "orders": True}


def test_edges_lead_from_the_client_and_from_each_caller() -> None:
    """They name the places of the services."""
    calls = [call(2, namespace="remote", name="other"), call(3, namespace="aws", name="S3")]
    other = document(1, 4, name="other", parent_id=f"{2:016x}", end_time=NOW + 0.5)
    found = summarize(trace_id(1), [document(1, name="front", subsegments=calls), other])
    names = [service.name for service in found.services]
    edges = [(None if edge.source is None else names[edge.source], names[edge.target]) for edge in found.edges]
    assert sorted(edges, key=str) == [("front", "S3"), ("front", "other"), (None, "front")]


def test_a_fault_of_a_call_is_not_the_callers_but_a_throttle_is() -> None:
    """A handled failure shows on the call."""
    found = services(document(1, subsegments=[call(2, namespace="remote", fault=True, throttle=True)]))
    assert (found["backend"].flags, found["db"].flags) == ((Flag.THROTTLE,), (Flag.FAULT, Flag.THROTTLE))


def test_a_service_has_the_messages_and_annotations_of_its_subsegments() -> None:
    """Its own first."""
    cause = {"exceptions": [{"type": "E", "message": "m"}]}
    found = services(document(1, annotations={"a": 1}, subsegments=[call(2, annotations={"a": 2}, cause=cause)]))
    assert (found["backend"].messages, found["backend"].annotations) == (("m",), {"a": [1, 2]})


def test_the_last_service_calls_no_other() -> None:
    """Local subsegments are not calls."""
    assert services(document(1, subsegments=[call(2)]))["backend"].last is True
    assert services(document(1, subsegments=[call(2, namespace="remote")]))["backend"].last is False


def test_nested_calls_cost_linear_time() -> None:
    """An inferred service has its own calls only, so that a chain of n calls is not visited n * n times."""
    chain = [document(1, name="front").body]
    annotated = {"namespace": "remote", "annotations": {"key": 1}}
    chain += [call(n, type="subsegment", parent_id=f"{n - 1:016x}", **annotated) for n in range(2, 5_002)]
    trace = flatten(chain)
    found, _ = services_and_edges(trace.entries, trace.root)
    assert len(found) == 5_001
    assert [len(service.annotations["key"]) for service in found] == [5_000, *[2] * 4_999, 1]
