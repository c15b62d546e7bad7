from typing import Any

import pytest

from tests.xray_local.samples import NOW, text, trace_id
from xray_local.state import heads
from xray_local.state.region import Region
from xray_local.traces.documents import SegmentError, parse_segment


def test_valid_documents_are_accepted_by_their_heads() -> None:
    """A segment, one in progress, and a subsegment that was sent separately, with their bytes."""
    running = text(2, end_time=None, in_progress=True, user="zoé").replace("\\u00e9", "é")
    separate = text(1, 3, type="subsegment", parent_id=f"{1:016x}")
    texts = [text(1), running, separate]
    assert heads.read(texts) == (
        [trace_id(1), trace_id(2), trace_id(1)],
        [len(sent.encode()) for sent in texts],
    )


MEMBERS: list[dict[str, Any]] = [
    *(
        {"id": value}
        for value in ("53995C3F42CD8AD8", "53995c3f42cd8ad", "53995c3f42cd8a-8", "53995c3f42cd8adé", 5, None)
    ),
    *({"trace_id": value} for value in ("1-6554b380" + "0" * 25, "2-6554b380-" + "0" * 24, "1-6554b38-0" + "0" * 24)),
    *({"trace_id": value} for value in ("1-6554b380-" + "0" * 23, "1-6554b380-" + "0" * 23 + "-", None)),
    *({"parent_id": value} for value in ("", "x" * 16, 7)),
    *({"name": value} for value in ("", "n" * 201, "a?", "\x00", 5, None)),
    *({"subsegments": [{"name": "a", "subsegments": [{"name": value}]}]} for value in ("", "a?", 5, None)),
    *({"start_time": value} for value in (None, "now", -1, True, 253_402_300_800)),
    *({"end_time": value} for value in (None, "now", -1, 1e300)),
    {"end_time": None, "in_progress": False},
    {"end_time": None, "in_progress": 1},
    {"type": "subsegment"},
    {"metadata": {"filling": "x" * 65_536}},
    {"metadata": {"filling": "é" * 32_768}},
]


@pytest.mark.parametrize("members", MEMBERS, ids=str)
def test_what_the_parser_refuses_is_never_accepted_by_its_head(members: dict[str, Any]) -> None:
    """The parser words the refusal; one such document makes it parse the whole call."""
    with pytest.raises(SegmentError):
        parse_segment(text(1, **members))
    assert heads.read([text(2), text(1, **members)]) is None


@pytest.mark.parametrize("broken", ["", "{", "[1]", "[" * 5_000, text(1) + "x", text(1)[:-1] + ', "a": NaN}'])
def test_what_is_not_json_is_not_accepted(broken: str) -> None:
    """Also inside the members that are skipped."""
    assert heads.read([broken]) is None


@pytest.mark.parametrize("members", [{"in_progress": "yes"}, {"type": 5}, {"start_time": int(NOW), "parent_id": None}])
def test_odd_members_that_the_parser_accepts_are_stored(region: Region, members: dict[str, Any]) -> None:
    """The head alone need not decide."""
    assert region.put_segments([text(1, **members)]) == []
    assert [document.id for document in region.store.parsed(trace_id(1))] == [f"{1:016x}"]


@pytest.mark.parametrize("annotations", [{"a-b": 1}, {"a": [1]}, {f"key{number}": 1 for number in range(51)}])
@pytest.mark.parametrize("nested", [False, True])
def test_what_x_ray_would_drop_is_stored_and_noted(
    region: Region, annotations: dict[str, Any], *, nested: bool
) -> None:
    """The head alone does not accept it, so that the parser can say what is odd."""
    members: dict[str, Any] = {"annotations": annotations}
    members = {"subsegments": [{"name": "in", **members}]} if nested else members
    assert region.put_segments([text(1, **members), text(2)]) == []
    assert len(region.store.parsed(trace_id(1))) == 1
    [problem] = region.problems.newest()
    assert (problem.verdict, problem.source, problem.id) == ("odd", "PutTraceSegments", f"{1:016x}")


def test_what_is_refused_is_noted_with_its_code(region: Region) -> None:
    """Once for each message."""
    region.put_segments([text(1, name="a?"), text(2, name="a?")], "UDP")
    [problem] = region.problems.newest()
    assert (problem.verdict, problem.source, problem.code, problem.count) == ("refused", "UDP", "InvalidName", 2)
