from typing import Any

import pytest

from tests.xray_local.samples import rule
from xray_local.api import shapes
from xray_local.api.shapes import ShapeError


def check(operation: str, request: Any) -> None:
    shape = shapes.route(operation).input_shape
    assert shape is not None
    shapes.check(shape, request)


def test_the_model_has_its_38_operations() -> None:
    """Each has a different path."""
    routes = list(shapes.routes())
    assert len(routes) == len({route.path for route in routes}) == 38
    assert {route.operation: route.path for route in routes}["GetSamplingTargets"] == "/SamplingTargets"


@pytest.mark.parametrize(
    ("operation", "request_", "path", "text"),
    [
        ("GetGroup", {"GroupName": ""}, "GroupName", "have length greater than or equal to 1"),
        ("GetTraceSummaries", {"EndTime": 1}, "StartTime", "not be null"),
        ("BatchGetTraces", {"TraceIds": ["x" * 36]}, "TraceIds.1.member", "have length less than or equal to 35"),
        (
            "CreateSamplingRule",
            {"SamplingRule": rule(Attributes={"k" * 33: "v"})},
            "SamplingRule.Attributes key",
            "have length less than or equal to 32",
        ),
        (
            "TagResource",
            {"ResourceARN": "a", "Tags": [{"Key": "k", "Value": "v" * 257}]},
            "Tags.1.member.Value",
            "have length less than or equal to 256",
        ),
    ],
)
def test_a_member_beyond_its_limits_is_named_by_its_path(
    operation: str, request_: dict[str, Any], path: str, text: str
) -> None:
    """Through structures, lists and maps."""
    with pytest.raises(ShapeError) as caught:
        check(operation, request_)
    message = str(caught.value)
    assert message.startswith("1 validation error detected: Value '")
    assert message.endswith(f"' at '{path}' failed to satisfy constraint: Member must {text}")


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("GetGroup", [], "request: []: expected an object"),
        ("GetGroup", {"GroupName": 5}, "GroupName: 5: expected a string"),
        ("BatchGetTraces", {"TraceIds": "a"}, "TraceIds: 'a': expected a list"),
        (
            "GetTraceSummaries",
            {"StartTime": "now", "EndTime": 1},
            "StartTime: 'now': expected epoch seconds as a number",
        ),
        (
            "GetTraceSummaries",
            {"StartTime": 1e301, "EndTime": 1},
            "StartTime: 1e+301: expected epoch seconds as a number",
        ),
        ("GetTraceSummaries", {"StartTime": 1, "EndTime": 1, "Sampling": 1}, "Sampling: 1: expected true or false"),
        (
            "PutTraceSegments",
            {"TraceSegmentDocuments": ["{}", 5]},
            "TraceSegmentDocuments.2.member: 5: expected a string",
        ),
        ("CreateGroup", {"GroupName": {"a": "x" * 200}}, "GroupName: {'a': 'xxxxxxxxxx"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(operation: str, request_: Any, message: str) -> None:
    """A long one is shortened."""
    with pytest.raises(ShapeError) as caught:
        check(operation, request_)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 200


def test_null_is_an_absent_member() -> None:
    """Some SDKs send it."""
    check("GetGroup", {"GroupName": None, "GroupARN": "a", "Unknown": 1})
