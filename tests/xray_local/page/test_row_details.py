from typing import Any
from urllib.parse import unquote_plus

from xray_local.page.row_details import Failure, details, event_times, failures
from xray_model.filter_expression import parse


def sections(body: dict[str, Any]) -> dict[str, object]:
    return {section.title: section.block or dict(section.pairs) for section in details(body).sections}


def test_each_part_of_a_segment_has_its_section() -> None:
    """HTTP is flattened to dotted keys, annotations and metadata are apart, the rest are properties."""
    body = {
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
        "Properties": {"aws.xray.sdk": "X-Ray for Python", "sql.url": "mysql://db", "user": "u1"},
    }


def test_a_spans_annotations_are_listed_once_as_its_attributes() -> None:
    """What a span says as an attribute is not repeated as an annotation; its metadata gets sections of its own."""
    otel = {
        "name": "GET /",
        "kind": "SERVER",
        "attributes": {"http.route": "/", "tags": ["a"]},
        "resource": {"service.name": "backend"},
        "links": [{"trace_id": "ab"}],
        "trace_state": "",
        "status": {"code": "OK", "message": ""},
        "dropped": {},
    }
    body = {"annotations": {"http.route": "/", "extra": 1}, "metadata": {"otel": otel, "more": 1}}
    assert sections(body) == {
        "Annotations": {"extra": "1"},
        "Attributes": {"http.route": "/", "tags": '["a"]'},
        "Span": {"name": "GET /", "kind": "SERVER", "status.code": "OK"},
        "Links": '[\n  {\n    "trace_id": "ab"\n  }\n]',
        "Resource": {"service.name": "backend"},
        "Metadata · more": "1",
    }


def test_metadata_that_only_looks_like_a_span_is_shown_as_metadata() -> None:
    """A namespace called otel that holds no object is somebody's metadata."""
    assert sections({"metadata": {"otel": "text"}}) == {"Metadata · otel": '"text"'}


def test_exceptions_of_a_segment_have_their_stack() -> None:
    """X-Ray's frames become lines of path, line and label."""
    stack = [{"path": "app.py", "line": 4, "label": "run"}, {"path": "main.py"}]
    body = {"cause": {"exceptions": [{"type": "KeyError", "message": "'x'", "stack": stack}, "foreign"]}}
    assert failures(body) == (Failure("KeyError", "'x'", "app.py:4 in run\nmain.py:?"),)


def test_a_cause_that_is_an_id_is_told_as_such() -> None:
    """A segment may refer to an exception that another one carries."""
    assert failures({"cause": "ab12"}) == (Failure("exception", "told by another segment as ab12", ""),)


def test_a_spans_exception_event_is_its_failure_and_not_its_event() -> None:
    """The recorder's own stack text wins over what was derived from it."""
    thrown = {
        "name": "exception",
        "time": 5.5,
        "attributes": {"exception.type": "E", "exception.message": "m", "exception.stacktrace": "Trace\n"},
    }
    other = {"name": "cache.miss", "time": 5, "attributes": {"key": "home"}}
    body = {"metadata": {"otel": {"events": [other, thrown]}}, "cause": {"exceptions": [{"type": "derived"}]}}
    found = details(body)
    assert found.failures == (Failure("E", "m", "Trace"),)
    assert [(event.name, event.at, event.pairs) for event in found.events] == [("cache.miss", 5.0, (("key", "home"),))]
    assert event_times(body) == ((5.0, False), (5.5, True))


def test_foreign_types_are_shown_or_left_out_and_never_fail() -> None:
    """Parts of the wrong type do not break the page."""
    body = {"http": "x", "annotations": [1], "metadata": 3, "cause": 7, "extra": {"a": {"b": {"c": {"d": 1}}}}}
    assert details(body).failures == ()
    assert sections(body) == {"Properties": {"extra.a.b": '{"c": {"d": 1}}'}}


def test_an_annotation_leads_to_all_traces_with_the_same_value() -> None:
    """The link's expression quotes keys and values; what the language cannot compare has no link."""
    annotations = {"handle": 'a"b', "n": 3, "new": True, "bad": float("inf"), "list": [1]}
    (section,) = details({"annotations": annotations}).sections
    expressions = {key: unquote_plus(link.removeprefix("/?filter=")) for key, link in section.links.items()}
    assert list(expressions) == ["handle", "n", "new"]
    assert [parse(text) for text in expressions.values()] == [
        parse('annotation.handle = "a\\"b"'),
        parse("annotation.n = 3"),
        parse("annotation.new = true"),
    ]


def test_a_document_nested_without_end_is_cut_off() -> None:
    """Nine hundred levels of lists are shown down to the fiftieth."""
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    (section,) = details({"metadata": {"m": deep}}).sections
    assert "… nested too deep" in section.block
    assert section.block.count("[") < 60
