"""Whatever the model allows in a request is answered or refused in AWS's words: no request is a defect."""

import json
from typing import Any

import pytest
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.xray_local.samples import NOW, Clock, body, document, rule, trace_id
from xray_local import shapes
from xray_local.errors import ApiError
from xray_local.operations import OPERATIONS, create_group, create_sampling_rule, get_group, get_sampling_rules
from xray_local.segments import SegmentError, parse_segment
from xray_local.service import Service
from xray_local.store import Store

KNOWN = some.sampled_from(
    [
        "one",
        "Default",
        "*",
        "fault",
        'group.name = "one"',
        trace_id(1),
        "arn:aws:xray:us-east-1:000000000000:group/one/x",
    ]
)
TEXT = some.text(max_size=8)
JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-5, 10**12)
    | some.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MEMBERS = [
    *("annotations", "metadata", "http", "aws", "sql", "cause", "subsegments", "user", "origin", "namespace", "type"),
    *("precursor_ids", "parent_id", "fault", "error", "throttle", "service", "resource_arn", "inferred", "in_progress"),
    *("end_time", "name", "links"),
]
INNER = some.dictionaries(
    some.sampled_from(
        [
            *("request", "response", "status", "url", "method", "client_ip", "user_agent", "content_length", "traced"),
            *("exceptions", "message", "type", "id", "stack", "path", "line", "label", "remote", "name", "start_time"),
            *("end_time", "subsegments", "cause", "ec2", "instance_id", "availability_zone", "otel", "kind", "events"),
            *("attributes", "resource", "xray", "sdk", "arn", "operation", "paths", "default", "n", "fault"),
        ]
    ),
    some.recursive(JSON, lambda inner: some.dictionaries(TEXT, inner, max_size=3) | some.lists(inner, max_size=3)),
    max_size=4,
)


def requests(shape: Shape) -> some.SearchStrategy[Any]:
    """Give requests that fit a shape, with optional members left out, null, or there."""
    facts = shape.metadata
    match shape.type_name:
        case "structure":
            needed = {name: requests(shape.members[name]) for name in shape.required_members}
            optional = {
                name: some.none() | requests(member) for name, member in shape.members.items() if name not in needed
            }
            return some.fixed_dictionaries(needed, optional=optional)
        case "list":
            return some.lists(requests(shape.member), min_size=facts.get("min", 0), max_size=3)
        case "map":
            return some.dictionaries(requests(shape.key), requests(shape.value), max_size=3)
        case "string" if "enum" in facts:
            return some.sampled_from(facts["enum"])
        case "string":
            least = facts.get("min", 0)
            fitting = KNOWN.filter(lambda text: least <= len(text) <= facts.get("max", 100))
            text = some.text(min_size=least, max_size=max(least, min(facts.get("max", 8), 8)))
            return text if least > 20 else fitting | text
        case "boolean":
            return some.booleans()
        case "integer" | "long":
            return some.integers(facts.get("min", -(2**40)), facts.get("max", 2**40))
    return some.sampled_from([NOW, 0, -1, NOW + 0.5, 1e18]) | some.floats(
        min_value=facts.get("min", -1e12), max_value=facts.get("max", 1e12)
    )


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=some.data())
def test_a_request_is_answered_or_refused(operation: str, data: some.DataObject) -> None:
    """An ApiError of 4xx, or an answer of the model's shape that JSON can hold."""
    store = Store(max_traces=10)
    service = Service(store=store, clock=Clock())
    create_group(service, {"GroupName": "one", "FilterExpression": "fault"})
    create_sampling_rule(service, {"SamplingRule": rule("one")})
    service.put([document(1, fault=True)])
    model = shapes.model().operation_model(operation)
    request = data.draw(requests(model.input_shape)) if model.input_shape else {}
    refused: ApiError | None = None
    try:
        answer = OPERATIONS[operation](service, request)
        json.dumps(answer, allow_nan=False).encode()
        if operation != "GetSamplingRules":  # the Default rule's priority is beyond AWS's own maximum
            shapes.check(model.output_shape, answer)
    except ApiError as error:
        refused = error
    assert refused is None or 400 <= refused.status < 500
    assert get_group(service, {"GroupName": "Default"})
    assert get_sampling_rules(service, {})
    store.close()


@settings(max_examples=400, deadline=None)
@given(more=some.dictionaries(some.sampled_from(MEMBERS), INNER | JSON | some.lists(INNER, max_size=3), max_size=5))
def test_a_document_that_is_stored_can_be_listed_and_drawn(more: dict[str, Any]) -> None:
    """Whatever else is in a segment, its trace has a summary and a graph."""
    try:
        parsed = parse_segment(json.dumps(body(1) | more))
    except SegmentError:
        return
    store = Store()
    service = Service(store=store, clock=Clock())
    service.put([parsed])
    whole = {"StartTime": 0, "EndTime": NOW + 10, "FilterExpression": 'service("a") { fault } OR !fault OR fault'}
    ids = {"TraceIds": [trace_id(1)]}
    calls: dict[str, dict[str, Any]] = {"GetTraceSummaries": whole, "GetServiceGraph": whole}
    for operation, request in (calls | {"GetTraceGraph": ids, "BatchGetTraces": ids}).items():
        answer = OPERATIONS[operation](service, request)
        json.dumps(answer, allow_nan=False).encode()
        shapes.check(shapes.model().operation_model(operation).output_shape, answer)
    store.close()
