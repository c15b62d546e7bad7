from typing import Any
from urllib.parse import unquote_plus

from xray_local.page.trace.row.details import details, event_times
from xray_local.traces.body import Body
from xray_model.filter_expression import parse


def sections(body: dict[str, Any]) -> dict[str, object]:
    return {section.title: section.block or dict(section.pairs) for section in details(Body(body)).sections}


def test_a_segment_has_sections() -> None:
    """HTTP is flattened to dotted keys, annotations and metadata are apart, the rest are properties."""
    body: dict[str, Any] = {
        "id": "1",
        "name": "backend",
        "trace_id": "1-a-b",
        "http": {"request": {"method": "GET"}, "response": {"status": 200}},
        "annotations": {"handle": "ann", "age": 3, "new": False},
        "metadata": {"default": {"k": [1]}},
        "aws": {"xray": {"sdk": "X-Ray for Python"}},
        "sql": {"url": "mysql://db"},
        "user": "u1",
    }
    assert sections(body) == {
        "HTTP": {"request.method": "GET", "response.status": "200"},
        "Annotations": {"handle": "ann", "age": "3", "new": "false"},
        "Metadata · default": '{\n  "k": [\n    1\n  ]\n}',
        "SQL": {"url": "mysql://db"},
        "AWS": {"xray.sdk": "X-Ray for Python"},
        "Properties": {"user": "u1"},
        "Ids and times": {"id": "1", "trace_id": "1-a-b"},
    }
    assert list(sections(body))[-1] == "Ids and times"


def test_attributes_of_a_span_are_not_repeated_as_annotations() -> None:
    """Its metadata has sections of its own."""
    otel = {
        "name": "GET /",
        "kind": "SERVER",
        "attributes": {"http.route": "/", "tags": ["a"]},
        "resource": {"service.name": "backend"},
        "trace_state": "",
        "status": {"code": "OK", "message": ""},
        "dropped": {},
    }
    body: dict[str, Any] = {"annotations": {"http.route": "/", "extra": 1}, "metadata": {"otel": otel, "more": 1}}
    body["links"] = [{"trace_id": "ab"}]
    assert sections(body) == {
        "Annotations": {"extra": "1"},
        "Attributes": {"http.route": "/", "tags": '["a"]'},
        "Span": {"name": "GET /", "kind": "SERVER", "status.code": "OK"},
        "Links": '[\n  {\n    "trace_id": "ab"\n  }\n]',
        "Resource": {"service.name": "backend"},
        "Metadata · more": "1",
    }


def test_a_namespace_otel_that_is_not_an_object_is_metadata() -> None:
    """It is not a span."""
    assert sections({"metadata": {"otel": "text"}}) == {"Metadata · otel": '"text"'}


def test_an_exception_event_of_a_span_is_a_failure() -> None:
    """It is not listed as an event."""
    thrown = {
        "name": "exception",
        "time": 5.5,
        "attributes": {"exception.type": "E", "exception.message": "m", "exception.stacktrace": "Trace\n"},
    }
    other = {"name": "cache.miss", "time": 5, "attributes": {"key": "home"}}
    body = {"metadata": {"otel": {"events": [other, thrown]}}, "cause": {"exceptions": [{"type": "derived"}]}}
    found = details(Body(body))
    assert [(failure.type, failure.stack) for failure in found.failures] == [("E", "Trace")]
    assert [(event.name, event.at, event.pairs) for event in found.events] == [("cache.miss", 5.0, (("key", "home"),))]
    assert event_times(Body(body)) == ((5.0, False), (5.5, True))


def test_members_of_the_wrong_type_do_not_raise() -> None:
    """They are shown as properties or not at all."""
    body = {"http": "x", "annotations": [1], "metadata": 3, "cause": 7, "extra": {"a": {"b": {"c": {"d": 1}}}}}
    assert details(Body(body)).failures == ()
    assert sections(body) == {"Properties": {"extra.a.b": '{"c": {"d": 1}}'}}


def test_an_annotation_links_to_all_traces_with_the_same_value() -> None:
    """A value that the filter language cannot compare has no link."""
    annotations = {"handle": 'a"b', "n": 3, "new": True, "bad": float("inf"), "list": [1]}
    (section,) = details(Body({"annotations": annotations})).sections
    expressions = {key: unquote_plus(link.removeprefix("/?q=")) for key, link in section.links.items()}
    assert list(expressions) == ["handle", "n", "new"]
    assert [parse(text) for text in expressions.values()] == [
        parse('annotation.handle = "a\\"b"'),
        parse("annotation.n = 3"),
        parse("annotation.new = true"),
    ]


def test_a_deeply_nested_document_is_cut() -> None:
    """At the 50th of 900 levels."""
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    (section,) = details(Body({"metadata": {"m": deep}})).sections
    assert "… nested too deeply" in section.block
    assert section.block.count("[") < 60
