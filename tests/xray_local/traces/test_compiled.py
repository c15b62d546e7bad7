import gc
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.xray_local import otlp
from tests.xray_local.samples import NOW, document, trace_id
from xray_local.api.operations.retrieval.spans import spans
from xray_local.traces.compiled import DEPTH_MAX, compiled
from xray_local.traces.documents import Document, parse_segment
from xray_local.traces.entries import flatten
from xray_local.traces.summaries import summarize


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:016x}", "name": "DynamoDB", "start_time": NOW, "end_time": NOW + 0.5, **more}


def bodies(*documents: Document) -> list[dict[str, Any]]:
    answer = compiled(documents)
    found = [json.loads(text) for _, text in answer]
    assert [body["id"] for body in found] == [id_ for id_, _ in answer]
    return found


def subsegment(number: int, parent: int, **more: Any) -> Document:
    return document(1, number, name=f"step {number}", type="subsegment", parent_id=f"{parent:016x}", **more)


def test_a_segment_that_was_sent_whole_keeps_its_text() -> None:
    """Spaces and the order of members too."""
    text = json.dumps(document(1, subsegments=[call(2, subsegments=[call(3)])]).body, indent=1)
    assert compiled([parse_segment(text)]) == [(f"{1:016x}", text)]


def test_a_subsegment_that_was_sent_alone_is_nested_in_its_parent() -> None:
    """At any depth, whatever arrived first; its place says what its fields said."""
    alone = [subsegment(4, 3), subsegment(3, 1, start_time=NOW + 0.1), document(1, 1, subsegments=[call(2)])]
    [segment] = bodies(*alone)
    assert segment["trace_id"] == trace_id(1)
    assert [child["id"] for child in segment["subsegments"]] == [f"{2:016x}", f"{3:016x}"]
    [nested] = segment["subsegments"][1]["subsegments"]
    assert nested == {"id": f"{4:016x}", "name": "step 4", "start_time": NOW, "end_time": NOW + 1}


def test_an_orphan_is_a_document_of_its_own() -> None:
    """As Lambda's functions send them below a segment that only AWS makes; with what is nested in it."""
    [orphan] = bodies(subsegment(2, 9), subsegment(3, 2))
    assert (orphan["type"], orphan["parent_id"], orphan["trace_id"]) == ("subsegment", f"{9:016x}", trace_id(1))
    assert [child["id"] for child in orphan["subsegments"]] == [f"{3:016x}"]


def test_the_documented_trace_has_its_inferred_segments() -> None:
    """Scorekeep's: three segments that were sent, and those of the two services that sent none."""
    table = call(2, namespace="aws", aws={"table_name": "users", "operation": "UpdateItem"}, fault=True)
    table |= {"http": {"request": {"method": "POST"}, "response": {"status": 500, "content_length": 60}}}
    function = call(3, name="Lambda", namespace="aws")
    topic = call(4, name="SNS", namespace="aws", end_time=None, in_progress=True)
    sent = [
        document(1, 1, name="Scorekeep", subsegments=[table, function]),
        document(1, 5, name="random-name", origin="AWS::Lambda", parent_id=f"{3:016x}"),
        document(1, 6, name="random-name", origin="AWS::Lambda::Function", parent_id=f"{5:016x}", subsegments=[topic]),
    ]
    *first, users, sns = bodies(*sent)
    assert first == [document.body for document in sent]
    assert users.pop("id") != sns.pop("id")
    assert users == {
        "name": "DynamoDB",
        "start_time": NOW,
        "end_time": NOW + 0.5,
        "parent_id": f"{2:016x}",
        "inferred": True,
        "http": {"response": {"status": 500, "content_length": 60}},
        "aws": {"table_name": "users", "operation": "UpdateItem"},
        "trace_id": trace_id(1),
        "origin": "AWS::DynamoDB::Table",
        "fault": True,
    }
    assert (sns["origin"], sns["parent_id"], sns["in_progress"]) == ("AWS::SNS", f"{4:016x}", True)


def test_what_is_compiled_can_be_put_again() -> None:
    """It is the same graph, and it is compiled to the same documents."""
    sent = [document(1, 1, name="front"), subsegment(2, 1, namespace="aws", aws={"queue_url": "https://q"})]
    again = [parse_segment(text) for _, text in compiled(sent)]
    assert compiled(again) == compiled(sent)
    first, second = (summarize(trace_id(1), documents) for documents in (sent, again))
    assert [(node.name, node.type, node.inferred) for node in first.services] == [
        (node.name, node.type, node.inferred) for node in second.services
    ]
    assert first.edges == second.edges


def test_spans_are_segments_with_metadata() -> None:
    """The attributes that are not annotations, and the resource; not the span itself."""
    listed = {"aws.xray.annotations": ["user"], "user": "ann", "items": 3}
    root = otlp.decoded(spanId=f"{1:016x}", parentSpanId="", kind=2, attributes=listed)
    child = otlp.decoded(spanId=f"{2:016x}", parentSpanId=f"{1:016x}", kind=1, attributes={"step": [1]})
    [segment] = bodies(root, child)
    assert segment["name"] == "shop"
    assert segment["annotations"] == {"user": "ann"}
    resource = {"otel.resource.service.name": "shop", "otel.resource.telemetry.sdk.language": "python"}
    assert segment["metadata"] == {"default": {"items": 3} | resource}
    [nested] = segment["subsegments"]
    assert (nested["name"], nested["metadata"]) == ("work", {"default": {"step": [1]}})
    assert "trace_id" not in nested


def test_an_entry_of_both_wires_is_one_document() -> None:
    """With what each of them says of it."""
    span = otlp.decoded(spanId=f"{1:016x}", parentSpanId="", kind=2, attributes={"user.id": "ann"})
    [segment] = bodies(document(1, 1, annotations={"paid": True}), span)
    assert (segment["annotations"], segment["user"]) == ({"paid": True}, "ann")


def test_a_long_chain_is_cut_into_documents_that_any_parser_reads() -> None:
    """Each with its place; together they are the whole chain."""
    chain = [document(1), *(subsegment(number, number - 1) for number in range(2, 3 * DEPTH_MAX))]
    documents = bodies(*chain)
    assert len(documents) == 3
    assert all(body["type"] == "subsegment" for body in documents[1:])
    assert len(flatten(documents).entries) == len(chain)


def test_without_documents_there_is_nothing() -> None:
    """A trace that was evicted meanwhile."""
    assert compiled([]) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda documents: summarize(trace_id(1), documents),
        compiled,
        lambda documents: list(spans(trace_id(1), [document.body for document in documents])),
    ],
    ids=["summary", "compiled", "spans"],
)
def test_nothing_keeps_the_documents_of_a_trace_that_was_read(read: Callable[[Sequence[Document]], Any]) -> None:
    """Python collects cycles by their number, not by their bytes, and a document may be large."""
    documents = [document(1), document(1, 2, parent_id=f"{1:016x}", type="subsegment")]
    gc.collect()
    gc.disable()
    try:
        read(documents)
        assert gc.collect() == 0
    finally:
        gc.enable()
