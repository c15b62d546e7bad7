from typing import Any

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.traces.documents import Document
from xray_local.traces.summaries import summarize

ACCOUNT = "000000000000"


def summary(*documents: Document) -> dict[str, Any]:
    return summarize(trace_id(1), documents)


def service(name: str, **more: str) -> dict[str, Any]:
    return {"Name": name, "Names": [name], "AccountId": ACCOUNT, **more}


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 0.5, **more}


def test_times_are_of_the_trace_and_of_its_root() -> None:
    """A child that ends after its root makes the trace longer, and the response not."""
    found = summary(document(1), document(1, 2, parent_id=f"{1:016x}", end_time=NOW + 3))
    assert (found["StartTime"], found["Duration"], found["ResponseTime"]) == (NOW, 3.0, 1.0)


def test_fault_and_error_are_the_roots_and_throttle_is_anybodys() -> None:
    """As the API reference defines the three."""
    child = document(1, 2, parent_id=f"{1:016x}", fault=True, error=True, throttle=True)
    found = summary(document(1), child)
    assert (found["HasFault"], found["HasError"], found["HasThrottle"]) == (False, False, True)
    found = summary(document(1, fault=True), child)
    assert (found["HasFault"], found["HasError"]) == (True, False)


def test_a_trace_without_an_end_or_a_parent_is_partial() -> None:
    """Something is still to come."""
    child = document(1, 2, parent_id=f"{1:016x}")
    orphan = document(1, 3, parent_id=f"{9:016x}")
    running = document(1, end_time=None, in_progress=True)
    assert [summary(*one)["IsPartial"] for one in ([document(1), child], [document(1), orphan], [running])] == [
        False,
        True,
        True,
    ]


def test_http_is_the_roots() -> None:
    """Or of the first segment that has any."""
    http = {
        "request": {"method": "GET", "url": "/a", "user_agent": "curl", "client_ip": "::1"},
        "response": {"status": 201},
    }
    expected = {"HttpMethod": "GET", "HttpURL": "/a", "UserAgent": "curl", "ClientIp": "::1", "HttpStatus": 201}
    assert summary(document(1, http=http))["Http"] == expected
    assert summary(document(1), document(1, 2, parent_id=f"{1:016x}", http=http))["Http"] == expected


def test_annotations_are_gathered_from_every_depth() -> None:
    """Once for each value, with the services that set it."""
    inner = call(3, annotations={"user": "bob", "paid": True, "sum": 1.5, "bad": [1]})
    found = summary(document(1, annotations={"user": "bob"}, subsegments=[inner]), document(1, 2, name="other"))
    assert found["Annotations"] == {
        "user": [{"AnnotationValue": {"StringValue": "bob"}, "ServiceIds": [service("backend")]}],
        "paid": [{"AnnotationValue": {"BooleanValue": True}, "ServiceIds": [service("backend")]}],
        "sum": [{"AnnotationValue": {"NumberValue": 1.5}, "ServiceIds": [service("backend")]}],
    }
    assert found["ServiceIds"] == [service("backend"), service("other")]


def test_a_value_that_two_services_set_names_both() -> None:
    """In the order in which they come."""
    found = summary(document(1, annotations={"a": "x"}), document(1, 2, name="other", annotations={"a": "x"}))
    assert found["Annotations"]["a"][0]["ServiceIds"] == [service("backend"), service("other")]


def test_users_and_resources_are_listed_once() -> None:
    """With the type of the service that names them."""
    ec2 = {"ec2": {"instance_id": "i-1", "availability_zone": "eu-1a"}}
    more: dict[str, Any] = {"user": "bob", "resource_arn": "arn:x", "aws": ec2, "origin": "AWS::EC2::Instance"}
    found = summary(document(1, **more), document(1, 2, **more))
    assert found["Users"] == [{"UserName": "bob", "ServiceIds": [service("backend", Type="AWS::EC2::Instance")]}]
    assert (found["ResourceARNs"], found["InstanceIds"]) == ([{"ARN": "arn:x"}], [{"Id": "i-1"}])
    assert found["AvailabilityZones"] == [{"Name": "eu-1a"}]
    assert found["EntryPoint"] == service("backend", Type="AWS::EC2::Instance")


def test_a_fault_has_its_path_down_to_the_exception() -> None:
    """Through the services, with a remote one at the end that sent nothing."""
    cause = {"exceptions": [{"id": "a", "type": "Timeout", "message": "slow"}]}
    found = summary(document(1, fault=True, subsegments=[call(2, fault=True, namespace="remote", cause=cause)]))
    [root_cause] = found["FaultRootCauses"]
    assert root_cause["ClientImpacting"] is True
    assert [(one["Name"], one["Inferred"]) for one in root_cause["Services"]] == [("backend", False), ("db", True)]
    entity = root_cause["Services"][0]["EntityPath"][1]
    assert entity == {"Name": "db", "Remote": True, "Exceptions": [{"Name": "Timeout", "Message": "slow"}]}
    assert found["ErrorRootCauses"] == []


def test_the_slow_path_follows_the_longest_child() -> None:
    """As long as it covers half of its parent's time."""
    quick = call(2, name="quick", end_time=NOW + 0.1)
    slow = call(3, name="slow", end_time=NOW + 0.9)
    [cause] = summary(document(1, subsegments=[quick, slow]))["ResponseTimeRootCauses"]
    path = [(one["Name"], round(one["Coverage"], 3)) for one in cause["Services"][0]["EntityPath"]]
    assert path == [("backend", 1.0), ("slow", 0.9)]


def test_the_filters_see_services_and_the_calls_between_them() -> None:
    """A service that sent no segment is inferred from the call to it."""
    calls = [call(2, namespace="remote", name="other"), call(3, namespace="aws", name="S3", fault=True)]
    other = document(1, 4, name="other", parent_id=f"{2:016x}", end_time=NOW + 0.5)
    found = summary(document(1, name="front", subsegments=calls), other)
    nodes = {node["Name"]: node for node in found["_services"]}
    assert set(nodes) == {"front", "other", "S3"}
    assert [nodes[name]["inferred"] for name in ("front", "other", "S3")] == [False, False, True]
    assert (nodes["S3"]["Type"], nodes["S3"]["fault"], nodes["front"]["fault"]) == ("AWS::S3", True, False)
    edges = {(edge["source"]["Name"], edge["target"]["Name"]) for edge in found["_edges"]}
    assert edges == {("client", "front"), ("front", "other"), ("front", "S3")}
    assert [name for name, node in nodes.items() if node["root"]] == ["front"]


def test_a_circle_of_parents_is_no_endless_path() -> None:
    """Two segments that call each other their parent."""
    found = summary(document(1, 1, parent_id=f"{2:016x}"), document(1, 2, parent_id=f"{1:016x}"))
    assert found["Duration"] == 1.0
