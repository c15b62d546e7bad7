"""Documents are assembled as spans end, within a datagram's size, and all of them arrive once."""

import gc
import random
import threading
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.span import Span
from cruddur_tracing.wires.segments.wire import DOCUMENT_MAX
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.spans import Agent, Document, Traced, nodes, traced

KB = 1_000


def named(agent: Agent) -> Counter[str]:
    """Return how often each name arrived."""
    return Counter(node["name"] for document in agent.documents() for node in nodes(document))


def trimmed(document: Document) -> list[str]:
    """Return what the document says was cut."""
    found: list[str] = document.get("metadata", {}).get("cruddur_tracing", {}).get("trimmed", [])
    return found


def count(trace: Traced) -> int:
    """Return how many documents were counted as cut."""
    return trace.recording.pipeline.failures.counts.get("segment.trimmed", 0)


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


LARGE: dict[str, tuple[dict[str, Any], str]] = {
    "metadata": (
        {"metadata": {"default": {"cart": "x" * 66 * KB, "id": 7}, "other": {"k": "v"}}},
        "metadata.default.cart",
    ),
    "annotation": ({"annotations": {"cart": "x" * 200 * KB, "id": 7}}, "annotations.cart"),
    "user": ({"user": "x" * 70 * KB}, "user"),
    "url": ({"http": {"request": {"url": "http://shop/" + "x" * 70 * KB, "method": "GET"}}}, "http.request.url"),
    "query": ({"sql": {"sanitized_query": "x" * 100 * KB, "user": "ada"}}, "sql.sanitized_query"),
    "aws": ({"aws": {"key": "x" * 100 * KB, "operation": "GetObject"}}, "aws.key"),
    "precursors": ({"precursor_ids": ["0" * 16] * 10 * KB}, "precursor_ids"),
}


@pytest.mark.parametrize(("data", "name"), LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("is_root", [True, False], ids=["segment", "subsegment"])
def test_a_large_value_is_cut(data: dict[str, Any], name: str, is_root: bool) -> None:
    """The document arrives with the longest value cut, which it says, and all others whole; it is counted."""
    trace = traced({"service.name": "shop"})
    root = trace.root()
    span = root if is_root else start_child(root, "child")
    for field, value in data.items():
        setattr(span.xray_data(), field, value)
    if not is_root:
        span.end()
    root.end()
    document = next(node for node in nodes(trace.agent.tree()) if node["id"] == f"{span.span_id:016x}")
    assert trimmed(document) == [name]
    assert count(trace) == 1
    for field, value in data.items():
        assert_cut(document[field], value)


def assert_cut(found: Any, value: Any) -> None:
    """Compare what arrived with what was written: short values are equal, long ones begin alike."""
    if isinstance(value, dict):
        for key, item in value.items():
            assert_cut(found[key], item)
    elif isinstance(value, str) and len(value) > KB:
        assert len(found) >= KB
        assert found[-1] == "…"
        assert value.startswith(found[:-1])
    elif isinstance(value, list):
        assert KB < len(found) < len(value)
    else:
        assert found == value


def test_a_large_exception_is_cut() -> None:
    """Its type and the rest of the segment are whole."""
    trace = traced()
    root = trace.root(attributes={"http.method": "GET", "http.host": "shop", "http.status_code": 500})
    root.record_exception(ValueError("x" * 100 * KB))
    root.end()
    (document,) = trace.agent.documents()
    (exception,) = document["cause"]["exceptions"]
    assert (document["fault"], exception["type"]) == (True, "ValueError")
    assert len(exception["message"]) > 60 * KB
    assert trimmed(document) == ["cause.exceptions.0.message"]


def test_metadata_is_cut_value_by_value() -> None:
    """Of many values that do not fit together each keeps a share."""
    trace = traced()
    root = trace.root()
    root.xray_data().metadata["default"] = {f"key {n}": "x" * 10 * KB for n in range(20)} | {"short": "y" * KB}
    root.end()
    (document,) = trace.agent.documents()
    values = document["metadata"]["default"]
    assert values["short"] == "y" * KB
    assert all(2 * KB < len(values[f"key {n}"]) < 4 * KB for n in range(20))
    assert trimmed(document) == [f"metadata.default.key {n}" for n in range(20)]


def test_many_annotations_fit() -> None:
    """X-Ray indexes 50 of a trace; whatever an app writes, the segment arrives."""
    trace = traced()
    root = trace.root()
    root.xray_data().annotations.update({f"key{n}": "x" * 2_000 for n in range(500)})
    root.end()
    (document,) = trace.agent.documents()
    assert len(document["annotations"]) == 500
    assert "annotations.key0" in trimmed(document)


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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
