"""Our span beside the SDK's: the same calls, and what an exporter reads of both."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from cruddur_tracing.adoption.provider import limits_of
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.resilience.failures import Failures
from tests.tracing.starting import start_span

OTHER = SpanContext(1 << 90, 1 << 40, is_remote=True)
LIMITS = sdk.SpanLimits(
    max_span_attributes=3,
    max_events=2,
    max_links=2,
    max_event_attributes=1,
    max_link_attributes=1,
    max_attribute_length=5,
)
Write = Callable[[trace.Span], object]


def ours(limits: sdk.SpanLimits, name: str = "span", **options: Any) -> trace.Span:
    """Start one of our spans with the limits of a provider."""
    provider = sdk.TracerProvider(resource=Resource.get_empty(), span_limits=limits)
    pipeline = Pipeline(provider.resource, provider.id_generator, Failures(), limits_of(provider))
    return start_span(pipeline, ALWAYS_ON, "service", name, **options)


def theirs(limits: sdk.SpanLimits, name: str = "span", **options: Any) -> trace.Span:
    """Start a span of the SDK with the limits of a provider."""
    provider = sdk.TracerProvider(resource=Resource.get_empty(), span_limits=limits, sampler=ALWAYS_ON)
    return provider.get_tracer("test").start_span(name, **options)


def read(span: trace.Span) -> dict[str, Any]:
    """Return what an exporter reads of a span, but for ids and times."""
    assert isinstance(span, sdk.ReadableSpan)
    return {
        "name": span.name,
        "kind": span.kind,
        "status": (span.status.status_code, span.status.description),
        "attributes": dict(span.attributes or {}),
        "events": [(event.name, dict(event.attributes or {})) for event in span.events],
        "links": [(link.context, dict(link.attributes or {})) for link in span.links],
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
        "resource": span.resource,
        "parent": span.parent,
        "ended": span.end_time is not None,
        "recording": span.is_recording(),
    }


def fail(span: trace.Span) -> None:
    """Leave a block with an exception."""
    with pytest.raises(ValueError, match="no"), span:
        raise ValueError("no")


def after_the_end(span: trace.Span) -> None:
    """Write to a span that has ended."""
    span.end()
    span.set_attribute("late", 1)
    span.set_attributes({"late": 1})
    span.add_event("late")
    span.add_link(OTHER)
    span.update_name("late")
    span.set_status(StatusCode.ERROR)
    span.end()


WRITES: dict[str, Write] = {
    "attributes of every kind": lambda span: span.set_attributes(
        {"text": "a", "number": 1, "float": 1.5, "flag": True, "texts": ["a", "b"], "none": None, "map": {"a": [1]}}
    ),
    "an attribute that changes": lambda span: [span.set_attribute("a", value) for value in (1, "b")],
    "odd keys": lambda span: span.set_attributes({"": 1, 1: 2}),  # type: ignore[dict-item]
    "more attributes than fit": lambda span: [span.set_attribute(str(n), n) for n in range(6)],
    "long texts": lambda span: span.set_attributes({"a": "x" * 10, "b": ["y" * 10]}),
    "events": lambda span: [span.add_event(str(n), {"a": 1, "b": "z" * 10}) for n in range(4)],
    "links": lambda span: [span.add_link(OTHER, {"a": n, "b": n}) for n in range(4)],  # type: ignore[func-returns-value]
    "a name": lambda span: span.update_name("other"),
    "a status": lambda span: span.set_status(StatusCode.ERROR, "no"),
    "a status object": lambda span: span.set_status(Status(StatusCode.ERROR, "no"), "ignored"),
    "ok is final": lambda span: [span.set_status(code) for code in (StatusCode.OK, StatusCode.ERROR)],
    "unset is ignored": lambda span: [span.set_status(code) for code in (StatusCode.ERROR, StatusCode.UNSET)],
    "an exception": lambda span: span.record_exception(ValueError("no"), {"more": 1}),
    "a block that fails": fail,
    "after the end": after_the_end,
}


@pytest.mark.parametrize("limits", [sdk.SpanLimits(), LIMITS], ids=["unbounded", "bounded"])
@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_an_exporter_reads_the_same_of_both(write: Write, limits: sdk.SpanLimits) -> None:
    """Whatever is written: attributes, events, links, status and what had to be dropped."""
    spans = ours(limits), theirs(limits)
    for span in spans:
        write(span)
    mine, sdks = map(read, spans)
    for event in [*mine["events"], *sdks["events"]]:
        event[1].pop("exception.stacktrace", None)  # it names the lines of this test
    assert mine == sdks


values = st.one_of(st.text(max_size=8), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans())


@given(st.lists(st.tuples(st.sampled_from("abcdef"), values), max_size=12))
def test_bounded_attributes_keep_the_same(pairs: list[tuple[str, Any]]) -> None:
    """The newest that fit, with as many counted as dropped."""
    spans = ours(LIMITS), theirs(LIMITS)
    for span in spans:
        for key, value in pairs:
            span.set_attribute(key, value)
    mine, sdks = map(read, spans)
    if len({key for key, _ in pairs}) <= 3:
        assert mine == sdks
    assert len(mine["attributes"]) == len(sdks["attributes"])


def test_what_is_given_at_the_start_is_kept() -> None:
    """Kind, attributes, links and the start time."""
    options: dict[str, Any] = {
        "kind": SpanKind.CLIENT,
        "attributes": {"a": 1},
        "links": [trace.Link(OTHER)],
        "start_time": 5,
    }
    mine, sdks = ours(sdk.SpanLimits(), **options), theirs(sdk.SpanLimits(), **options)
    assert read(mine) == read(sdks)
    assert isinstance(mine, sdk.Span)
    assert mine.start_time == 5


def test_a_remote_parent_is_followed() -> None:
    """Its trace id goes on, and it is the parent."""
    context = trace.set_span_in_context(trace.NonRecordingSpan(OTHER))
    span = ours(sdk.SpanLimits(), context=context)
    assert isinstance(span, sdk.ReadableSpan)
    assert span.parent == OTHER
    assert span.get_span_context().trace_id == OTHER.trace_id
    assert span.get_span_context().trace_flags.sampled
