"""Every request that the model allows has a response or one of AWS's errors: none is a defect."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.xray_local.samples import NOW, Clock, body, document, rule, trace_id
from xray_local.api import shapes
from xray_local.api.operations import OPERATIONS, create_group, create_sampling_rule, get_group, get_sampling_rules
from xray_local.api.shapes import Shape
from xray_local.cli.terminal.screen import Screen
from xray_local.cli.terminal.trace_view import draw
from xray_local.errors import ApiError
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.state.region import Region
from xray_local.state.store import Store
from xray_local.traces.documents import SegmentError, parse_segment
from xray_local.traces.waterfall import waterfall

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
JUNK: list[Any] = [None, True, 5, -1, 2**63, 1e299, "", "x" * 5000, [], [5], [[]], {}, {"a": 1}, [{"id": 5}], [None]]
CALL = {
    "id": f"{2:016x}",
    "name": "db",
    "start_time": NOW,
    "end_time": NOW + 1,
    "namespace": "remote",
    "fault": True,
    "annotations": {"a": 1},
    "cause": f"{7:016x}",
    "subsegments": [{"id": f"{3:016x}", "name": "in", "start_time": NOW, "in_progress": True, "throttle": True}],
}
RICH = {
    "parent_id": f"{8:016x}",
    "type": "segment",
    "in_progress": True,
    "annotations": {"text": "a", "number": 1.5, "flag": True},
    "metadata": {
        "default": {"a": [1]},
        "otel": {"name": "n", "kind": "SERVER", "events": [{"name": "e"}], "links": []},
    },
    "http": {
        "request": {"method": "GET", "url": "u", "user_agent": "a", "client_ip": "i"},
        "response": {"status": 500},
    },
    "aws": {"ec2": {"instance_id": "i", "availability_zone": "z"}, "xray": {"sdk": "s"}, "resource_names": ["r"]},
    "cause": {
        "paths": ["p"],
        "exceptions": [
            {
                "id": f"{7:016x}",
                "type": "T",
                "message": "m",
                "remote": False,
                "stack": [{"path": "p", "line": 1, "label": "l"}],
            }
        ],
    },
    "subsegments": [CALL],
    "precursor_ids": [f"{4:016x}"],
    "links": [{"trace_id": trace_id(2)}],
    "service": {"version": "1"},
    "sql": {"url": "u"},
    "user": "bob",
    "origin": "AWS::EC2::Instance",
    "resource_arn": "arn",
    "fault": True,
    "error": True,
    "throttle": True,
}
EVERY = 'service("a") { fault } OR edge("a", "b") { fault } OR annotation.text = "a" OR !fault OR fault'


def variants(value: Any) -> Iterator[Any]:
    """Yield copies of a document, each with one value, at any depth, replaced by junk."""
    yield from JUNK
    if isinstance(value, dict):
        for name, member in value.items():
            yield from ({**value, name: other} for other in variants(member))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from ([*value[:number], other, *value[number + 1 :]] for other in variants(member))


def requests(shape: Shape) -> some.SearchStrategy[Any]:
    """Return requests that fit a shape; optional members are missing, null or present."""
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
    return some.sampled_from([NOW, 0, -1, NOW + 0.5, 1e14]) | some.floats(
        min_value=facts.get("min", -1e12), max_value=facts.get("max", 1e12)
    )


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=some.data())
def test_any_request_has_a_response_or_an_error(operation: str, data: some.DataObject) -> None:
    """An ApiError of 4xx, or a response of the model's shape."""
    with closing(Store(max_traces=10)) as store:
        assert_an_answer(Region(store=store, clock=Clock()), operation, data)


def assert_an_answer(region: Region, operation: str, data: some.DataObject) -> None:
    """Assert that a region with one group, rule and trace answers or refuses any request."""
    create_group(region, {"GroupName": "one", "FilterExpression": "fault"})
    create_sampling_rule(region, {"SamplingRule": rule("one")})
    region.put([document(1, fault=True)])
    model = shapes.route(operation)
    request = data.draw(requests(model.input_shape)) if model.input_shape else {}
    refused: ApiError | None = None
    try:
        answer = OPERATIONS[operation](region, request)
        json.dumps(answer, allow_nan=False).encode()
        if operation not in {
            "GetSamplingRules",
            "UpdateSamplingRule",
        }:  # the Default rule's priority is beyond AWS's own maximum
            shapes.check(model.output_shape, answer)
    except ApiError as error:
        refused = error
    assert refused is None or 400 <= refused.status < 500
    assert get_group(region, {"GroupName": "Default"})
    assert get_sampling_rules(region, {})


def stored(more: dict[str, Any]) -> Region | None:
    """Return a region with a document of these members; None if it is refused."""
    try:
        parsed = parse_segment(json.dumps(body(1) | more))
    except SegmentError:
        return None
    region = Region(store=Store(), clock=Clock())
    region.put([parsed])
    return region


@pytest.mark.parametrize("name", sorted(RICH))
def test_any_stored_document_can_be_listed_and_drawn(name: str) -> None:
    """With any value of one member its trace has a summary, a graph and a terminal view."""
    whole = {"StartTime": 0, "EndTime": NOW + 10, "FilterExpression": EVERY}
    ids = {"TraceIds": [trace_id(1)]}
    calls: dict[str, dict[str, Any]] = {"GetTraceSummaries": whole, "GetServiceGraph": whole, "GetTraceGraph": ids}
    kept = 0
    for variant in variants(RICH[name]):
        region = stored(RICH | {name: variant})
        if region is None:
            continue
        kept += 1
        for operation, request in calls.items():
            answer = OPERATIONS[operation](region, request)
            json.dumps(answer, allow_nan=False).encode()
            shapes.check(shapes.route(operation).output_shape, answer)
        bodies = [document.body for document in region.store.parsed(trace_id(1))]
        assert list(draw(AnalysedTrace(waterfall(bodies)), Screen(80, colour=False)))
        region.store.close()
    assert kept
