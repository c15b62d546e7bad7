"""What is too large is cut, and the document says so: it always arrives."""

from typing import Any

import pytest

from tests.tracing.starting import start_child
from tests.tracing.wires.segments.spans import KB, count, nodes, traced, trimmed

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
