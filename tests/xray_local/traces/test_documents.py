import json
from typing import Any

import pytest

from tests.xray_local.samples import NOW, body, text, trace_id
from xray_local.traces.documents import Document, SegmentError, oddities, parse_segment


def test_a_document_is_parsed_with_its_text_and_its_size() -> None:
    """The size is in bytes, the text is unchanged."""
    data = text(1, name="münchen", parent_id=f"{2:016x}")
    assert parse_segment(data) == Document(
        trace_id=trace_id(1),
        id=f"{1:016x}",
        parent_id=f"{2:016x}",
        name="münchen",
        start_time=NOW,
        end_time=NOW + 1,
        wire="segments",
        body=json.loads(data),
        size=len(data),
        text=data,
    )
    unescaped = json.dumps(body(1, name="münchen"), ensure_ascii=False)
    assert parse_segment(unescaped).size == parse_segment(unescaped.encode()).size == len(unescaped) + 1


def test_a_segment_in_progress_has_no_end() -> None:
    """It has `in_progress` instead."""
    assert parse_segment(text(1, end_time=None, in_progress=True)).end_time is None


@pytest.mark.parametrize(
    ("more", "code", "has_id"),
    [
        ({"id": None}, "MissingId", False),
        ({"id": "1"}, "InvalidId", False),
        ({"id": 5}, "InvalidId", False),
        ({"id": "g" * 16}, "InvalidId", False),
        ({"id": f"{1:016x}\n"}, "InvalidId", False),
        ({"trace_id": None}, "MissingTraceId", True),
        ({"trace_id": "1-2-3"}, "InvalidTraceId", True),
        ({"trace_id": trace_id(1).replace("1-", "2-", 1)}, "InvalidTraceId", True),
        ({"parent_id": "x"}, "InvalidParentId", True),
        ({"type": "subsegment"}, "MissingParentId", True),
        ({"name": None}, "MissingName", True),
        ({"name": ""}, "MissingName", True),
        ({"name": "mysql at RouteBinding:?"}, "InvalidName", True),
        ({"name": "a(b)"}, "InvalidName", True),
        ({"subsegments": [{"id": f"{1:016x}"}]}, "MissingName", True),
        ({"subsegments": [{"name": "a", "subsegments": [{"id": f"{1:016x}", "name": "b?"}]}]}, "InvalidName", True),
        ({"subsegments": [{"id": f"{1:016x}", "name": {"py/newargs": ["a"]}}]}, "MissingName", True),
        ({"name": "x" * 201}, "InvalidName", True),
        ({"start_time": None}, "MissingStartTime", True),
        ({"start_time": "now"}, "InvalidStartTime", True),
        ({"start_time": True}, "InvalidStartTime", True),
        ({"start_time": -1}, "InvalidStartTime", True),
        ({"start_time": 1e300}, "InvalidStartTime", True),
        ({"end_time": "now"}, "InvalidEndTime", True),
        ({"end_time": None}, "MissingEndTime", True),
        ({"end_time": None, "in_progress": "yes"}, "MissingEndTime", True),
    ],
)
def test_a_document_that_cannot_be_placed_is_refused(more: dict[str, Any], code: str, *, has_id: bool) -> None:
    """With an error code, and with the id if that is valid."""
    with pytest.raises(SegmentError) as caught:
        parse_segment(text(1, **more))
    assert (caught.value.code, caught.value.segment_id) == (code, f"{1:016x}" if has_id else None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "the segment is not valid JSON: "),
        ("", "the segment is not valid JSON: "),
        ('{"start_time": NaN}', "the segment is not valid JSON: "),
        ("[" * 10_000, "the segment is not valid JSON: "),
        ('{"name": "\\ud800"}', "the segment is not valid JSON: "),
        (b"\xff", "the segment is not UTF-8: "),
        ("\ud800", "the segment is not UTF-8: "),
    ],
)
def test_text_that_is_not_a_json_object_is_a_parse_error(data: str | bytes, message: str) -> None:
    """Broken text, deep nesting, unpaired surrogates, another type of JSON."""
    with pytest.raises(SegmentError) as caught:
        parse_segment(data)
    assert (caught.value.code, caught.value.segment_id) == ("ParseError", None)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[]", "Invalid segment. ErrorCode: MissingId, Cause: id is missing: expected an object with an id"),
        (
            text(1, name=""),
            "Invalid segment. ErrorCode: MissingName, Cause: name is missing: expected 1 to 200 letters",
        ),
        (
            text(1, subsegments=[{"id": f"{7:016x}", "name": "a?"}]),
            "Invalid subsegment. ErrorCode: InvalidName, Cause: name: 'a?': expected 1 to 200 letters",
        ),
        (
            text(1, type="subsegment", parent_id=f"{2:016x}", name="a?"),
            "Invalid subsegment. ErrorCode: InvalidName, Cause: name: 'a?': expected 1 to 200 letters",
        ),
    ],
)
def test_a_message_has_awss_form_with_the_cause(data: str, message: str) -> None:
    """AWS's own cause is null."""
    with pytest.raises(SegmentError) as caught:
        parse_segment(data)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("name", ["Straße 1", "GET /a_b.c:d%e&f#g=h+i-j@k", "x" * 200, "データ"])
def test_names_have_letters_of_any_language_and_the_listed_characters(name: str) -> None:
    """Up to 200."""
    assert parse_segment(text(1, name=name)).name == name


def test_what_x_ray_drops_without_a_word_is_listed() -> None:
    """Annotations with another character in their key, or of another type; also in subsegments, each kind once."""
    part = {"name": "in", "annotations": {"a-b": 1, "aws:api_id": "x"}}
    annotations = {"fine": 1, "also.fine_2": True, "a-b": 1, "list": [1]}
    assert oddities(parse_segment(text(1, annotations=annotations, subsegments=[part, part]))) == [
        "annotation 'a-b' is dropped: expected letters, digits, _ and . in its key",
        "annotation 'list' is dropped: expected a string, a number or a boolean",
    ]


def test_more_than_fifty_annotations_are_listed() -> None:
    """Of the trace."""
    annotations = {f"key{number}": number for number in range(51)}
    [message] = oddities(parse_segment(text(1, annotations=annotations)))
    assert message == "51 annotations: expected at most 50 in a trace; others are dropped"


@pytest.mark.parametrize(("size", "fits"), [(65_536, True), (65_537, False)])
def test_a_segment_has_at_most_64_kilobytes(size: int, *, fits: bool) -> None:
    """To the byte."""
    bare = len(json.dumps(body(1) | {"metadata": ""}))
    data = json.dumps(body(1) | {"metadata": "x" * (size - bare)})
    assert len(data) == size
    if fits:
        assert parse_segment(data).size == size
        return
    with pytest.raises(SegmentError, match="the segment has 65537 bytes: expected at most 65536"):
        parse_segment(data)
