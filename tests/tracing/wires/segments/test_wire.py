"""Documents are assembled as spans end, within a datagram's size, and all of them arrive once."""

import gc
import random
import threading
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.span import Span
from cruddur_tracing.wires.segments.wire import DOCUMENT_MAX
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.spans import KB, count, named, nodes, traced, trimmed


def test_children_are_nested_in_their_order() -> None:
    """The local root is sent whole, once; what is inside another document names neither trace nor parent."""
    trace = traced()
    root = trace.root()
    outer = start_child(root, "outer")
    for name in ("first", "second"):
        start_child(outer, name).end()
    outer.end()
    start_child(root, "last").end()
    assert trace.agent.sent == []
    root.end()
    (document,) = trace.agent.documents()
    outer_document, last = document["subsegments"]
    assert [child["name"] for child in outer_document["subsegments"]] == ["first", "second"]
    assert last["name"] == "last"
    for node in nodes(document)[1:]:
        assert not node.keys() & {"type", "trace_id", "parent_id"}


def test_a_child_that_ends_after_its_parent_is_sent_alone() -> None:
    """It names its trace and its parent, and so does what is below it and what ends after the root."""
    trace = traced()
    root = trace.root()
    outer = start_child(root, "outer")
    inner = start_child(outer, "inner")
    innermost = start_child(inner, "innermost")
    outer.end()
    root.end()
    innermost.end()
    inner.end()
    segment, alone = trace.agent.documents()
    assert segment["subsegments"][0]["name"] == "outer"
    assert alone["type"] == "subsegment"
    assert alone["trace_id"] == segment["trace_id"]
    assert alone["parent_id"] == f"{outer.span_id:016x}"
    assert [node["name"] for node in nodes(alone)] == ["inner", "innermost"]


@pytest.mark.parametrize(
    ("children", "size"), [(30, 3 * KB), (1_000, 0), (100, 5 * KB), (3, 60 * KB), (1, 64 * KB)], ids=str
)
def test_a_large_trace_arrives(children: int, size: int) -> None:
    """In as many datagrams as it takes, each subsegment once and uncut; small ones stay nested."""
    trace = traced()
    root = trace.root()
    for number in range(children):
        child = start_child(root, f"child {number}")
        child.xray_data().metadata["default"] = {"value": "x" * size}
        child.end()
    root.end()
    assert named(trace.agent) == {"backend-flask": 1, **{f"child {number}": 1 for number in range(children)}}
    tree = trace.agent.tree()
    assert len(tree["subsegments"]) == children
    assert all(child["metadata"]["default"]["value"] == "x" * size for child in tree["subsegments"])
    assert count(trace) == 0
    nested = len(tree["subsegments"]) + 1 - len(trace.agent.sent)
    assert nested == children or nested > DOCUMENT_MAX * 2 // 3 // (size + 200)


def test_the_largest_children_are_sent_alone() -> None:
    """Those that fit together stay in one datagram."""
    trace = traced(limit=4 * KB)
    root = trace.root()
    for number in range(10):
        start_child(root, f"child {number}", attributes={"v": "x" * (2 * KB if number == 4 else 100)}).end()
    root.end()
    alone, segment = trace.agent.documents()
    assert alone["name"] == "child 4"
    assert [child["name"] for child in segment["subsegments"]] == [f"child {n}" for n in range(10) if n != 4]


def test_nested_trees_arrive_whole() -> None:
    """Subtrees at every depth are larger than a datagram."""
    trace = traced(limit=4 * KB)
    root = trace.root()

    def grow(parent: Span, path: str, depth: int) -> None:
        for number in range(4):
            child = start_child(parent, f"{path}.{number}", attributes={"v": "x" * 300})
            if depth:
                grow(child, f"{path}.{number}", depth - 1)
            child.end()

    grow(root, "c", 3)
    root.end()
    tree = trace.agent.tree()
    assert len(nodes(tree)) == 1 + 4 + 16 + 64 + 256
    for node in nodes(tree)[1:]:
        for child in node.get("subsegments", ()):
            assert child["name"].startswith(node["name"])


def test_a_long_root_streams() -> None:
    """A root holds no more than a datagram of its children, however many there are."""
    trace = traced()
    root = trace.root()
    most = 0
    for number in range(5_000):
        start_child(root, f"child {number}").end()
        most = max(most, root.subsegments_size)
    assert most < DOCUMENT_MAX
    assert sum(map(len, root.subsegments or ())) < DOCUMENT_MAX
    root.end()
    assert len(named(trace.agent)) == 5_001
    assert set(named(trace.agent).values()) == {1}


@pytest.mark.parametrize("kind", [SpanKind.CLIENT, SpanKind.PRODUCER])
def test_a_root_that_is_a_call_is_in_a_segment_of_the_service(kind: SpanKind) -> None:
    """So that X-Ray's map shows who calls whom; the segment has the flags."""
    trace = traced(rule="Default")
    root = trace.root(
        "GET", kind, attributes={"http.method": "GET", "http.url": "http://api/x", "http.status_code": 503}
    )
    start_child(root, "retry").end()
    root.end()
    (segment,) = trace.agent.documents()
    (call,) = segment["subsegments"]
    assert (segment["name"], segment["fault"], segment["aws"]["xray"]["sampling_rule_name"]) == (
        "backend-flask",
        True,
        "Default",
    )
    assert (call["name"], call["namespace"], call["id"]) == ("api", "remote", f"{root.span_id:016x}")
    assert [child["name"] for child in call["subsegments"]] == ["retry"]


def test_a_large_call_at_the_root_arrives() -> None:
    """The segment, the call and its children in datagrams of their own, linked."""
    trace = traced()
    root = trace.root("GET", SpanKind.CLIENT)
    root.xray_data().metadata["default"] = {"v": "x" * 60 * KB}
    start_child(root, "child", attributes={"v": "x" * 30 * KB}).end()
    root.end()
    assert [node["name"] for node in nodes(trace.agent.tree())] == ["backend-flask", "GET", "child"]


def test_a_span_that_cannot_be_translated_arrives() -> None:
    """Its document says which span it is of, its children are whole, and it is counted."""
    trace = traced()
    root = trace.root()
    start_child(root, "child").end()
    root._events = [None]  # type: ignore[list-item]
    root.end()
    (document,) = trace.agent.documents()
    assert [node["name"] for node in nodes(document)] == ["backend-flask", "child"]
    assert trimmed(document) == ["…"]
    assert count(trace) == 1


def test_threads_lose_and_double_nothing() -> None:
    """Children end in eight threads, before, while and after their parents do."""
    trace = traced(limit=3 * KB)
    root = trace.root()
    parents = [start_child(root, f"parent {n}") for n in range(40)]
    spans = [start_child(parent, f"child {n}") for n, parent in enumerate(parents * 25)] + parents
    random.Random(7).shuffle(spans)
    start = threading.Barrier(8)

    def end(share: list[Span]) -> None:
        start.wait()
        for span in share:
            span.end()

    threads = [threading.Thread(target=end, args=(spans[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    root.end()
    assert named(trace.agent) == {"backend-flask": 1, **{span._name: 1 for span in spans}}
    parent_of = {span.span_id: span.parent_id for span in spans}
    tree = trace.agent.tree()
    for node in nodes(tree):
        for child in node.get("subsegments", ()):
            assert parent_of[int(child["id"], 16)] == int(node["id"], 16)


def test_nothing_is_kept_after_the_end() -> None:
    """The spans of a trace are free when the app lets go of them."""
    trace = traced()
    root = trace.root()
    for _ in range(10):
        start_child(root, "child").end()
    root.end()
    assert root.subsegments is None
    gc.collect()
    assert [found for found in gc.get_objects() if type(found) is Span and found.recording is trace.recording] == [root]


def test_flush_and_shutdown_are_the_senders() -> None:
    """The wire itself keeps nothing that could be sent."""
    trace = traced()
    wire = trace.recording.pipeline.segments
    assert wire is not None
    assert wire.flush(0.1)
    wire.shutdown(0.1)


any_text = st.text(st.characters(), max_size=8) | st.sampled_from(["x" * 3_000, "\ud800", "a/b?c#d"])
plain = st.none() | st.booleans() | st.integers() | st.floats() | any_text
keys = st.sampled_from(
    ["http.method", "http.url", "http.status_code", "db.system", "rpc.system", "enduser.id", "peer.service", "k"]
)
attributes = st.dictionaries(keys | any_text, plain | st.lists(plain, max_size=3), max_size=6)
values = st.dictionaries(any_text, plain | st.lists(plain, max_size=3), max_size=3)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(attributes, values, st.dictionaries(any_text, values, max_size=2), any_text, st.sampled_from(SpanKind))
def test_every_span_arrives(
    attributes: dict[str, Any], annotations: dict[str, Any], metadata: dict[str, Any], text: str, kind: SpanKind
) -> None:
    """Whatever is in it, the document is JSON in UTF-8, fits into a datagram, and has its id and name."""
    trace = traced(limit=2 * KB)
    root = trace.root(text, kind)
    for parent in (root, start_child(root, text)):
        span = start_child(parent, text, kind=SpanKind.CLIENT)
        span._attributes.update(attributes)
        data = span.xray_data()
        data.annotations, data.metadata, data.user = annotations, metadata, text
        span.end()
        if parent is not root:
            parent.end()
    root.end()
    assert all(len(document) <= 2 * KB for document in trace.agent.sent)
    found = [node for document in trace.agent.sent for node in nodes(orjson.loads(document))]
    assert len(found) == (4 if kind not in (SpanKind.CLIENT, SpanKind.PRODUCER) else 5)
    assert all(1 <= len(node["name"]) <= 200 for node in found)
