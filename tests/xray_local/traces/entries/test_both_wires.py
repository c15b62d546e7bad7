from typing import Any

import pytest

from xray_local.traces.body import Body
from xray_local.traces.entries.both_wires import merged


def of(segment: dict[str, Any], span: dict[str, Any], **otel: Any) -> dict[str, Any]:
    """Merge two bodies; `otel` is what the span was made from, without which it is left out of the result."""
    whole = span | {"metadata": span.get("metadata", {}) | {"otel": otel}}
    raw = dict(merged(Body(segment), Body(whole)).raw)
    return raw if otel else raw | {"metadata": {key: raw["metadata"][key] for key in raw["metadata"] if key != "otel"}}


def test_the_segment_decides_the_place() -> None:
    """Its type, parent and namespace, also where it has none; the name is the span's only without another."""
    span = {"type": "subsegment", "parent_id": "p", "namespace": "remote", "name": "GET", "trace_id": "t"}
    assert of({"name": "shop"}, span) == {"name": "shop", "trace_id": "t", "metadata": {}}
    call = {"type": "subsegment", "parent_id": "q", "namespace": "aws"}
    assert of(call, span) == call | {"name": "GET", "trace_id": "t", "metadata": {}}


def test_members_are_the_segments_or_else_the_spans() -> None:
    """At each level; deeper objects are values, and members of the wrong type are absent."""
    segment = {
        "http": {"request": {"method": "GET", "url": "http://a/"}},
        "aws": {"xray": {"sdk": "ours"}, "operation": None},
        "sql": "wrong",
        "metadata": {"default": {"a": {"x": {"y": 1}}}},
    }
    span = {
        "http": {"request": {"url": "http://a/?b=c", "user_agent": "curl"}, "response": {"status": 200}},
        "aws": {"xray": {"sdk": "opentelemetry", "sdk_version": "1"}, "operation": "PutItem"},
        "sql": {"user": "ann"},
        "origin": "AWS::EKS::Container",
        "user": "bob",
        "metadata": {"default": {"a": {"x": {"z": 2}}, "b": 1}, "more": {"c": 1}},
    }
    assert of(segment, span) == {
        "http": {
            "request": {"method": "GET", "url": "http://a/", "user_agent": "curl"},
            "response": {"status": 200},
        },
        "aws": {"xray": {"sdk": "ours", "sdk_version": "1"}, "operation": "PutItem"},
        "sql": {"user": "ann"},
        "origin": "AWS::EKS::Container",
        "user": "bob",
        "metadata": {"default": {"a": {"x": {"y": 1}}, "b": 1}, "more": {"c": 1}},
    }


def test_an_annotation_is_the_segments_or_one_of_the_spans_own() -> None:
    """Not one of the attributes that are annotations of a span because all are."""
    span = {"annotations": {"handle": "bob", "age": 3, "http.route": "/"}}
    found = of({"annotations": {"handle": "ann"}}, span, attributes={"http.route": "/"})
    assert found["annotations"] == {"handle": "ann", "age": 3}
    assert "annotations" not in of({}, {})


@pytest.mark.parametrize("segment_first", [True, False])
def test_a_flag_is_set_by_either(*, segment_first: bool) -> None:
    """The collector writes also those that are not set."""
    segment: dict[str, Any] = {"fault": False, "error": True, "throttle": False}
    span = {"fault": True}
    found = of(segment, span) if segment_first else of(span, segment)
    assert Body(found).flags == ("fault", "error")


def test_exceptions_count_once() -> None:
    """The segment's are those of the span, in X-Ray's form; a cause without one is none."""
    inside = {"exceptions": [{"id": "1", "type": "KeyError", "message": "'x'"}]}
    event = {"exceptions": [{"id": "2", "type": "KeyError", "message": "'x'"}]}
    assert of({"cause": inside}, {"cause": event})["cause"] == inside
    assert of({"cause": "ab12"}, {"cause": event})["cause"] == "ab12"
    assert of({"cause": {"working_directory": "/"}}, {"cause": event})["cause"] == event
    assert of({}, {"cause": event})["cause"] == event
    assert of({"cause": inside}, {})["cause"] == inside


def test_links_are_those_of_both() -> None:
    """Each once, the segment's first."""
    one, two = {"trace_id": "1-a", "id": "1"}, {"trace_id": "1-a", "id": "2"}
    assert of({"links": [two]}, {"links": [one, two | {"attributes": {"x": 1}}]})["links"] == [two, one]


@pytest.mark.parametrize(
    ("segment", "span", "times"),
    [
        ({"start_time": 1, "end_time": 2}, {"start_time": 1.1, "end_time": 2.1}, {"start_time": 1, "end_time": 2}),
        (
            {"start_time": 1, "in_progress": True},
            {"start_time": 1.1, "end_time": 2.1},
            {"start_time": 1, "end_time": 2.1},
        ),
        (
            {"start_time": 1, "end_time": 2},
            {"start_time": 1.1, "in_progress": True},
            {"start_time": 1, "end_time": 2},
        ),
        ({"start_time": "noon", "end_time": "one"}, {"start_time": 1}, {"start_time": 1}),
        (
            {"start_time": 1, "in_progress": True},
            {"start_time": 1, "in_progress": True},
            {"start_time": 1, "in_progress": True},
        ),
    ],
)
def test_it_has_ended_if_either_has(segment: dict[str, Any], span: dict[str, Any], times: dict[str, Any]) -> None:
    """With the segment's times, or else the span's."""
    assert of(segment, span) == times | {"metadata": {}}


def test_copies_of_attributes_stay_with_the_span() -> None:
    """X-Ray keeps them under `default`, where the values that were put there remain."""
    hit = {"name": "hit", "time": 1.5, "attributes": {"key": "home"}}
    default: dict[str, Any] = {
        "http.route": "/",
        "otel.resource.service.name": "shop",
        "cart": {"items": 3},
        "cut": "ab…",
    }
    default |= {"otel.span.name": "GET /", "otel.events": [hit]}
    otel: dict[str, Any] = {"attributes": {"http.route": "/", "cut": "abc"}, "resource": {"service.name": "shop"}}
    otel |= {"name": "GET /", "events": [hit, {"name": "exception"}]}
    assert of({"metadata": {"default": default, "shop": {"a": 1}}}, {}, **otel)["metadata"] == {
        "default": {"cart": {"items": 3}, "cut": "ab…"},
        "shop": {"a": 1},
        "otel": otel,
    }
    assert of({"metadata": {"default": {"http.route": "/"}}}, {}, **otel)["metadata"] == {"otel": otel}
