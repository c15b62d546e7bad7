from itertools import permutations
from typing import Any

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.traces.body import Http, RecordedException
from xray_local.traces.documents import Document
from xray_local.traces.flags import Flag
from xray_local.traces.summaries import AnnotationValue, Sampling, ServiceId, TraceSummary, User, dump, load, summarize

BACKEND = ServiceId("backend", None)
OTHER = ServiceId("other", None)


def summary(*documents: Document) -> TraceSummary:
    return summarize(trace_id(1), documents)


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 0.5, **more}


def test_the_duration_is_of_the_trace_and_the_response_time_of_its_root() -> None:
    """A child that ends after its root makes only the trace longer."""
    found = summary(document(1), document(1, 2, parent_id=f"{1:016x}", end_time=NOW + 3))
    assert (found.start, found.duration, found.response_time) == (NOW, 3.0, 1.0)


def test_fault_and_error_are_the_roots_and_throttle_is_of_any_entry() -> None:
    """As the API reference defines the three."""
    child = document(1, 2, parent_id=f"{1:016x}", fault=True, error=True, throttle=True)
    assert summary(document(1), child).flags == (Flag.THROTTLE,)
    assert summary(document(1, fault=True), child).flags == (Flag.FAULT, Flag.THROTTLE)


def test_a_trace_is_partial_without_an_end_or_a_parent() -> None:
    """In any order of arrival; the root may have a parent outside the trace."""
    root, child = document(1), document(1, 2, parent_id=f"{1:016x}")
    orphan = document(1, 3, parent_id=f"{9:016x}")
    running = document(1, end_time=None, in_progress=True)
    assert [summary(*documents).partial for documents in ([root, child], [orphan])] == [False, False]
    assert [summary(*documents).partial for documents in ([root, orphan], [orphan, root], [running])] == [True] * 3


def test_a_trace_is_partial_while_a_subsegment_is_in_progress() -> None:
    """Whatever the order in which it and both states of its segment arrived."""
    running: dict[str, Any] = {"end_time": None, "in_progress": True}
    states = [document(1, **running), document(1, 2, type="subsegment", parent_id=f"{1:016x}", **running), document(1)]
    assert [summary(*order).partial for order in permutations(states)] == [True] * 6
    ended = document(1, 2, type="subsegment", parent_id=f"{1:016x}")
    assert [summary(*order).partial for order in permutations([*states, ended])] == [False] * 24


def test_http_is_the_roots_or_that_of_the_first_segment_with_some() -> None:
    """Other segments follow in the order of arrival."""
    http = {"request": {"method": "GET", "url": "/a"}, "response": {"status": 201}}
    expected = Http(method="GET", url="/a", status=201)
    assert summary(document(1, http=http)).http == expected
    assert summary(document(1), document(1, 2, parent_id=f"{1:016x}", http=http)).http == expected


def test_annotations_are_collected_from_every_depth() -> None:
    """Each value once, with the services that set it; 1 and true are two values."""
    inner = call(3, annotations={"user": "bob", "paid": True, "sum": 1.5, "bad": [1]})
    first = document(1, annotations={"user": "bob", "paid": 1}, subsegments=[inner])
    assert summary(first, document(1, 2, name="other", annotations={"user": "bob"})).annotations == (
        AnnotationValue("user", "bob", (BACKEND, OTHER)),
        AnnotationValue("paid", 1, (BACKEND,)),
        AnnotationValue("paid", True, (BACKEND,)),
        AnnotationValue("sum", 1.5, (BACKEND,)),
    )


def test_users_and_resources_are_listed_once() -> None:
    """With the type of the service that names them."""
    ec2 = {"ec2": {"instance_id": "i-1", "availability_zone": "eu-1a"}}
    more: dict[str, Any] = {"user": "bob", "resource_arn": "arn:x", "aws": ec2, "origin": "AWS::EC2::Instance"}
    found = summary(document(1, **more), document(1, 2, **more))
    service = ServiceId("backend", "AWS::EC2::Instance")
    assert (found.users, found.entry_point) == ((User("bob", (service,)),), service)
    assert (found.resource_arns, found.instance_ids, found.availability_zones) == (("arn:x",), ("i-1",), ("eu-1a",))


def test_a_repeat_is_not_counted() -> None:
    """A subsegment that is nested and was also sent separately is one call."""
    nested = call(2, namespace="remote", annotations={"n": 1})
    separate = document(1, 2, name="db", parent_id=f"{1:016x}", type="subsegment", namespace="remote", throttle=True)
    found = summary(document(1, subsegments=[nested]), separate)
    assert [node.name for node in found.services] == ["backend", "db"]
    assert found.flags == ()


def test_the_revision_counts_the_documents() -> None:
    """It grows with each one that arrives."""
    assert [summary(*([document(1), document(1, 2)][:n])).revision for n in (1, 2)] == [1, 2]


def test_a_fault_has_its_path_down_to_the_exception() -> None:
    """The last service is inferred: it sent no segment."""
    cause = {"exceptions": [{"id": "a", "type": "Timeout", "message": "slow"}]}
    found = summary(document(1, fault=True, subsegments=[call(2, fault=True, namespace="remote", cause=cause)]))
    [root_cause] = found.fault_causes
    assert root_cause.client_impacting is True
    assert [(service.name, service.type, service.inferred) for service in root_cause.services] == [
        ("backend", "", False),
        ("db", "remote", True),
    ]
    entity = root_cause.services[0].path[1]
    assert (entity.name, entity.remote, entity.coverage) == ("db", True, None)
    assert entity.exceptions == (RecordedException("Timeout", "slow"),)
    assert found.error_causes == ()


def test_the_slow_path_follows_the_longest_child() -> None:
    """As long as it covers half of its parent's time."""
    quick = call(2, name="quick", end_time=NOW + 0.1)
    slow = call(3, name="slow", end_time=NOW + 0.9)
    [cause] = summary(document(1, subsegments=[quick, slow])).response_time_causes
    path = [(entity.name, round(entity.coverage or 0, 3)) for entity in cause.services[0].path]
    assert path == [("backend", 1.0), ("slow", 0.9)]


def test_a_trace_has_at_most_fifty_annotations_of_keys_that_x_ray_takes() -> None:
    """The others are in the document only."""
    annotations = {"a-b": 0, **{f"key{number}": number for number in range(60)}}
    summary = summarize(trace_id(1), [document(1, annotations=annotations)])
    assert [found.key for found in summary.annotations] == [f"key{number}" for number in range(50)]


@pytest.mark.parametrize(
    "more",
    [
        {"aws": {"xray": {"sampling_rule_name": "checkout"}}},
        {"aws": {"xray": {"rule_name": "checkout"}}},
        {"annotations": {"aws.xray.sampling_rule": "checkout"}},
        {"metadata": {"otel": {"attributes": {"aws.xray.sampling_rule": "checkout"}}}},
    ],
)
def test_the_rule_that_took_the_trace_is_known_with_the_service_that_decided(more: dict[str, Any]) -> None:
    """As the X-Ray SDKs and as the samplers of OpenTelemetry record it; not by the first service."""
    gateway = document(1)
    http = {"request": {"method": "GET", "url": "http://back.internal:80/x"}}
    back = document(1, 2, parent_id=f"{1:016x}", name="back", origin="AWS::EKS::Container", http=http, **more)
    service = ServiceId("back", "AWS::EKS::Container")
    assert summarize(trace_id(1), [gateway, back]).sampling == Sampling("checkout", service, "back.internal")
    assert summarize(trace_id(1), [gateway]).sampling is None


def test_a_summary_survives_as_json() -> None:
    """With services, edges, root causes and annotations of every type."""
    cause = {"exceptions": [{"type": "E", "message": "m"}]}
    call = {"id": f"{2:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 1, "namespace": "remote"}
    http = {"request": {"method": "GET", "url": "/"}, "response": {"status": 500}}
    call |= {"fault": True, "cause": cause, "annotations": {"a": True, "b": 1.5, "c": "x"}}
    summary = summarize(trace_id(1), [document(1, fault=True, user="bob", http=http, subsegments=[call])])
    assert load(dump(summary)) == summary
