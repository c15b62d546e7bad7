from collections.abc import Sequence
from typing import Any

import pytest

from tests.xray_local.samples import NOW, text, trace_id
from xray_local.api.operations import get_trace_graph, get_trace_summaries
from xray_local.state.lambda_facades import TRACES_MAX, LambdaFacades
from xray_local.state.region import Region
from xray_local.traces.documents import Document, parse_segment

FUNCTION, HANDLER, INNER = (f"{number:016x}" for number in (7, 8, 9))


@pytest.fixture
def facades(region: Region) -> Region:
    """A region for the function `checkout`."""
    region.facades = LambdaFacades("checkout")
    return region


def part(id_: str, parent: str, name: str = "part", trace: int = 1, **more: Any) -> str:
    return text(trace, int(id_, 16), type="subsegment", parent_id=parent, name=name, **more)


def stored(region: Region, trace: int = 1) -> dict[str, Document]:
    """Return the documents of a trace by what they are."""
    found: Sequence[Document] = region.store.parsed(trace_id(trace))
    return {document.body.get("origin") or document.name: document for document in found}


def test_subsegments_of_a_function_are_below_its_two_segments(facades: Region) -> None:
    """As AWS Lambda sends them: the service, and the function with the id that the subsegments name."""
    assert facades.put_segments([part(HANDLER, FUNCTION, "handler")]) == []
    documents = stored(facades)
    service, function = documents["AWS::Lambda"], documents["AWS::Lambda::Function"]
    assert (function.id, function.parent_id, function.name) == (FUNCTION, service.id, "checkout")
    assert (service.parent_id, service.name) == (None, "checkout")
    assert (function.start_time, function.end_time) == (NOW, NOW + 1)
    graph = get_trace_graph(facades, {"TraceIds": [trace_id(1)]})
    types = {(node["Name"], node["Type"]) for node in graph["Services"]}
    assert {("checkout", "AWS::Lambda"), ("checkout", "AWS::Lambda::Function")} <= types


def test_inner_subsegments_that_arrive_first_go_below_their_parent(facades: Region) -> None:
    """The SDKs send them when they close; the handler's takes the place of its own facade, for good."""
    facades.put_segments([part(INNER, HANDLER, "inner", end_time=NOW + 0.5)])
    facades.put_segments([part(HANDLER, FUNCTION, "handler")])
    facades.put_segments([part(f"{10:016x}", HANDLER, "late", end_time=NOW + 0.7)])
    documents = stored(facades)
    assert set(documents) == {"inner", "handler", "late", "AWS::Lambda", "AWS::Lambda::Function"}
    assert documents["AWS::Lambda::Function"].id == FUNCTION
    [summary] = get_trace_summaries(facades, {"StartTime": 0, "EndTime": NOW + 9})["TraceSummaries"]
    assert (summary["IsPartial"], summary["EntryPoint"]["Name"]) == (False, "checkout")


def test_a_failed_handler_fails_its_function(facades: Region) -> None:
    """As Lambda reports an exception."""
    facades.put_segments([part(HANDLER, FUNCTION, fault=True)])
    assert all(document.body["fault"] is True for document in stored(facades).values())


def test_a_function_is_in_progress_while_a_subsegment_is(facades: Region) -> None:
    """And ends with it."""
    facades.put_segments([part(HANDLER, FUNCTION, end_time=None, in_progress=True)])
    assert stored(facades)["AWS::Lambda::Function"].end_time is None
    facades.put_segments([part(HANDLER, FUNCTION, end_time=NOW + 3)])
    assert {document.end_time for document in stored(facades).values()} == {NOW + 3}


def test_segments_and_subsegments_with_a_parent_get_none(facades: Region) -> None:
    """A service that is called in the same trace is as it was sent."""
    facades.put_segments([text(1, 1), part(HANDLER, f"{1:016x}", "part")])
    assert set(stored(facades)) == {"backend", "part"}


def test_a_trace_that_is_not_known_any_more_gets_no_more_facades() -> None:
    """The memory for them is bounded: the oldest one starts again."""
    facades = LambdaFacades("checkout")
    first = parse_segment(part(HANDLER, FUNCTION, "handler", trace=0))
    assert len(facades.documents([first])) == 2
    facades.documents(parse_segment(text(number)) for number in range(1, TRACES_MAX + 1))
    assert facades.documents([parse_segment(text(0, 7, parent_id=f"{5:016x}"))]) == []
