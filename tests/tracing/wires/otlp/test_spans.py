"""What is encoded here is what the official exporter encodes, field by field."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import Span
from cruddur_tracing.wires.otlp.batches import Batch
from cruddur_tracing.wires.otlp.protobuf.spans import encode_resource, encode_scope, encode_span
from tests.tracing.wires.otlp.conftest import SCOPE, ended_span, recording

ATTRIBUTES: dict[str, Any] = {
    "text": "Zürich 東京 🦆",
    "empty": "",
    "yes": True,
    "no": False,
    "zero": 0,
    "small": 200,
    "large": 20_000,
    "negative": -1,
    "least": -(1 << 63),
    "most": (1 << 63) - 1,
    "float": 0.1,
    "infinite": float("-inf"),
    "bytes": b"\x00\xff",
    "none": None,
    "list": ["a", 1, 2.0, None, True, b"", ["nested"], {"k": []}],
    "tuple": (),
    "map": {"a": {"b": {"c": [1, {"d": "e"}]}}, "empty": {}},
    "range": range(3),
    "long": "x" * 20_000,
}


def message(*spans: Span) -> ExportTraceServiceRequest:
    """Return what the wire sends for some spans, decoded."""
    batch = Batch()
    for span in spans:
        resource = encode_resource(span.recording.pipeline.resource)
        batch.add((resource, encode_scope(span.instrumentation_scope)), encode_span(span))
    return ExportTraceServiceRequest.FromString(b"".join(batch.pieces()))


def decoded(span: Span) -> SpanMessage:
    """Return one span as it arrives."""
    return message(span).resource_spans[0].scope_spans[0].spans[0]


def span_of(made: Recording, name: str = "name", **options: Any) -> Span:
    """Return a span that has not ended."""
    return Span(made, name, made.pipeline.ids.generate_span_id(), scope=SCOPE, **options)


def test_a_span_with_everything_in_it() -> None:
    """Twice, because the second time the fields of most attributes are known."""
    made = recording(trace_state=TraceState([("vendor", "a=b"), ("other", "c")]))
    span = span_of(made, "GET /orders/<id>", kind=SpanKind.SERVER)
    span._attributes.update(ATTRIBUTES)
    span.add_event("event", {"a": 1, "list": ["x"]}, timestamp=5)
    span.add_event("without attributes")
    span.record_exception(ValueError("wrong"))
    span.add_link(SpanContext(1, 2, True, TraceFlags(1), TraceState([("k", "v")])), {"a": "b"})
    span.add_link(SpanContext(3, 4, False))
    span.set_status(Status(StatusCode.ERROR, "wrong"))
    span._dropped_attributes, span._dropped_events, span._dropped_links = 1, 200, 20_000
    span.end()
    assert message(span) == encode_spans([span])
    assert message(span) == encode_spans([span])


@pytest.mark.parametrize("kind", SpanKind)
@pytest.mark.parametrize("status", [Status(StatusCode.UNSET), Status(StatusCode.OK), Status(StatusCode.ERROR)])
def test_every_kind_and_status(kind: SpanKind, status: Status) -> None:
    """Also without a description."""
    span = span_of(recording(), kind=kind)
    span.set_status(status)
    span.end()
    assert message(span) == encode_spans([span])


@pytest.mark.parametrize("remote", [True, False])
def test_every_parent(remote: bool) -> None:
    """In this recording, in another one of this process, in another process, and none."""
    made = recording()
    context = SpanContext(made.trace_id, 7, remote, TraceFlags(1))
    root = span_of(made)
    local = span_of(made, local_parent=root, parent_id=root.span_id)
    other = span_of(made, parent_context=context, parent_id=7)
    for span in (root, local, other):
        span.end()
    assert message(root, local, other) == encode_spans([root, local, other])
    assert [decoded(span).flags for span in (root, local, other)] == [0x100, 0x100, 0x300 if remote else 0x100]


@pytest.mark.parametrize(
    "scope",
    [
        None,
        InstrumentationScope("a"),
        InstrumentationScope("a", "1", "https://schema.example/1", {"k": ["v"]}),
        InstrumentationScope("", ""),
    ],
)
@pytest.mark.parametrize(
    "resource",
    [Resource({}), Resource(ATTRIBUTES), Resource({"service.name": "a"}, "https://schema.example/2")],
)
def test_every_scope_and_resource(scope: InstrumentationScope | None, resource: Resource) -> None:
    """With the attributes, the version and the schema's URL."""
    made = recording(resource)
    span = Span(made, "name", 1, scope=scope)
    span.end()
    assert message(span) == encode_spans([span])


def test_spans_are_grouped_by_resource_and_scope() -> None:
    """As a backend wants them, whatever their order."""
    first, second = recording(), recording(Resource({"service.name": "other"}))
    spans = [
        Span(made, str(number), number, scope=InstrumentationScope(scope))
        for number, (made, scope) in enumerate([(first, "a"), (second, "a"), (first, "b"), (first, "a")], 1)
    ]
    for span in spans:
        span.end()
    assert message(*spans) == encode_spans(spans)


scalars = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.binary(),
    st.none(),
)
keys = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(attributes=st.dictionaries(keys, values), name=keys, description=keys)
def test_any_attributes(attributes: dict[str, Any], name: str, description: str) -> None:
    """On the span, an event and a link; the caches of the encoder fill up meanwhile."""
    span = span_of(recording(), name)
    span._attributes.update(attributes)
    span.add_event(name, attributes)
    span.add_link(SpanContext(1, 2, False), attributes)
    span.set_status(Status(StatusCode.ERROR, description))
    span.end()
    assert message(span) == encode_spans([span])


@pytest.mark.parametrize("bits", [7, 11, 14, 18, 21, 25, 32, 63])
def test_numbers_at_the_ends_of_what_some_bytes_hold(bits: int) -> None:
    span = span_of(recording())
    largest = (1 << bits) - 1
    span._attributes.update({"largest": largest, "next": min(largest + 1, (1 << 63) - 1), "negative": ~largest})
    span.end()
    assert message(span) == encode_spans([span])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(keys=st.lists(keys, max_size=300, unique=True), number=st.integers(-5, 300))
def test_what_is_remembered_is_bounded_and_right(keys: list[str], number: int) -> None:
    """Many keys, and many values of one key."""
    span = span_of(recording())
    span._attributes.update(dict.fromkeys(keys, number) | {"key": str(number), "other": number == 1})
    span.end()
    assert message(span) == encode_spans([span])


class Unprintable:
    """What nobody can write as text."""

    def __str__(self) -> str:
        raise RuntimeError


class Failing(list[object]):
    """A list that cannot be read."""

    def __iter__(self) -> Any:
        raise RuntimeError


def nested(depth: int) -> object:
    """Return lists in each other."""
    value: object = "core"
    for _ in range(depth):
        value = [value]
    return value


ODD = [
    ("half \ud83e a pair", "half \ufffd a pair"),
    ("\ud83e\udd86", "🦆"),
    (1 << 63, "9223372036854775808"),
    (-(1 << 63) - 1, "-9223372036854775809"),
    (10**5000, "int"),
    (1 + 2j, "(1+2j)"),
    (Unprintable(), "Unprintable"),
    (Failing([1]), "[1]"),
]


@pytest.mark.parametrize("index", range(len(ODD)))
def test_what_otlp_cannot_carry_arrives_as_text(index: int) -> None:
    """The official exporter drops the attribute; beside it everything is as always."""
    value, expected = ODD[index]
    span = span_of(recording())
    span._attributes.update({"before": 1, "odd": value, "after": 2})
    span.end()
    attributes = {attribute.key: attribute.value for attribute in decoded(span).attributes}
    assert attributes["odd"].string_value == expected
    assert (attributes["before"].int_value, attributes["after"].int_value) == (1, 2)


@pytest.mark.parametrize("depth", [2, 15, 16, 17, 50, 500])
def test_nesting_is_limited(depth: int) -> None:
    """Protobuf's parsers refuse a whole request with more than a hundred messages in each other."""
    span = span_of(recording())
    span._attributes.update({"deep": nested(depth), "map": {"k": nested(depth)}})
    span.end()
    assert [attribute.key for attribute in decoded(span).attributes] == ["deep", "map"]
    assert "core" in str(decoded(span))
    assert depth > 15 or message(span) == encode_spans([span])


def test_odd_values_elsewhere_lose_no_span() -> None:
    """Names, texts and times are whatever somebody gave."""
    span = span_of(recording(), "\ud83e")
    span.add_event(7, timestamp=-1)  # type: ignore[arg-type]
    span.add_event("\ud83e", {"a\ud83e": 1}, timestamp=1.5)  # type: ignore[arg-type]
    span.add_link(SpanContext(1 << 130, 1 << 70, False), {"a": 1})
    span.set_status(Status(StatusCode.ERROR, "\ud83e"))
    span._start_time, span._kind = 12.9, "server"  # type: ignore[assignment]
    span.end(1 << 65)
    arrived = decoded(span)
    assert (arrived.name, arrived.status.message, arrived.kind) == ("\ufffd", "\ufffd", 0)
    assert (arrived.start_time_unix_nano, arrived.end_time_unix_nano) == (12, 0)
    assert [(event.name, event.time_unix_nano) for event in arrived.events] == [("7", 0), ("\ufffd", 1)]
    assert arrived.links[0].trace_id == b"\x00" * 16


@pytest.mark.parametrize("time", [float("nan"), float("inf"), None, "now"])
def test_a_time_that_is_none_is_left_out(time: Any) -> None:
    """The other one arrives."""
    span = span_of(recording())
    span._start_time = time
    span.end(5)
    assert (decoded(span).start_time_unix_nano, decoded(span).end_time_unix_nano) == (0, 5)


def test_an_empty_span_is_complete() -> None:
    """What the other tests send."""
    span = ended_span("name")
    assert message(span) == encode_spans([span])
