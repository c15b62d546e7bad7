"""Calls while a request is recorded."""

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.entities.dummies import DummySegment, DummySubsegment
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.starting import start_child
from tests.tracing.xray_sdk.conftest import TRACE_ID, KeptSpans, Process, use


def test_subsegments_nest_under_the_request(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        recorder.begin_subsegment("a")
        recorder.begin_subsegment("b")
        recorder.end_subsegment()
        recorder.begin_subsegment("c")
        recorder.end_subsegment()
        recorder.end_subsegment()
    assert kept.tree() == {"GET /": {"a": {"b": {}, "c": {}}}}


def test_spans_of_both_apis_nest_in_each_other(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request, recorder.in_subsegment("xray"):
        with use(start_child(trace.get_current_span(), "otel")):  # type: ignore[arg-type]
            with recorder.in_subsegment("inner"):
                pass
            recorder.put_annotation("on", "otel")
        assert trace.get_current_span() is not request
    assert kept.tree() == {"GET /": {"xray": {"otel": {"inner": {}}}}}
    assert kept["otel"].xray_data().annotations == {"on": "otel"}


def test_a_segment_is_nested_and_gives_the_context_back(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        segment = recorder.begin_segment("nested")
        assert recorder.current_segment() is segment
        assert recorder.current_subsegment() is None
        with recorder.in_subsegment("below") as below:
            assert below.parent_segment is segment
        recorder.end_segment()
        assert trace.get_current_span() is request
        assert recorder.current_segment().name == "shop"
    assert kept.tree() == {"GET /": {"nested": {"below": {}}}}


def test_what_was_not_ended_is_closed_with_the_request(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        recorder.begin_segment("segment").put_metadata("key", {"a": 1}, "namespace")
        recorder.begin_subsegment("subsegment").put_annotation("key", "value")
    assert kept.tree() == {"GET /": {"segment": {"subsegment": {}}}}
    assert [span.name for span in kept.spans] == ["subsegment", "segment", "GET /"]
    assert len({span.end_time for span in kept.spans}) == 1
    assert kept["segment"].xray_data().metadata == {"namespace": {"key": {"a": 1}}}


def test_the_request_is_the_current_segment(recorder: Recorder, process: Process) -> None:
    with process.request() as request:
        segment = recorder.current_segment()
        assert segment is recorder.get_trace_entity()
        assert (segment.name, segment.id) == ("shop", f"{request.span_id:016x}")
        assert segment.trace_id == xray_trace_id(request.recording.trace_id)
        assert recorder.is_sampled()


def test_ending_what_x_ray_did_not_begin_is_refused(
    recorder: Recorder, process: Process, kept: KeptSpans, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request():
        recorder.end_segment()
        recorder.end_subsegment()
        recorder.begin_segment("segment")
        recorder.end_subsegment()
    assert [record.message for record in caplog.records] == [
        "No segment to end",
        "No subsegment to end.",
        "No subsegment to end.",
    ]
    assert kept.tree() == {"GET /": {"segment": {}}}


def test_times_are_in_seconds(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        recorder.begin_subsegment("a")
        recorder.end_subsegment(1_700_000_000.5)
    assert kept["a"].end_time == 1_700_000_000_500_000_000


def test_a_remote_namespace_makes_a_client_span(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        for namespace in ("aws", "remote", "local"):
            recorder.begin_subsegment(namespace, namespace)
            assert recorder.current_subsegment().namespace == namespace
            recorder.end_subsegment()
    assert [kept[name].kind for name in ("aws", "remote", "local")] == [
        SpanKind.CLIENT,
        SpanKind.CLIENT,
        SpanKind.INTERNAL,
    ]


def test_nothing_below_a_subsegment_without_sampling_is_recorded(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    with process.request() as request:
        dummy = recorder.begin_subsegment_without_sampling("quiet")
        assert isinstance(dummy, DummySubsegment)
        assert dummy.parent_segment.id == f"{request.span_id:016x}"
        assert not recorder.is_sampled()
        assert not trace.get_current_span().get_span_context().trace_flags.sampled
        with recorder.in_subsegment("below") as below:
            assert isinstance(below, DummySubsegment)
        recorder.end_subsegment()
        assert recorder.is_sampled()
    assert kept.tree() == {"GET /": {}}


def test_a_segment_that_is_not_to_be_sampled_is_a_dummy(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        with recorder.in_segment("quiet", sampling=0) as segment:
            assert isinstance(segment, DummySegment)
            recorder.begin_subsegment("below")
        assert recorder.is_sampled()
    assert kept.tree() == {"GET /": {}}


def test_a_trace_id_of_another_trace_is_refused(
    recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request() as request:
        recorder.begin_segment("same", traceid=xray_trace_id(request.recording.trace_id))
        recorder.begin_segment("other", traceid=TRACE_ID)
    assert [record.message for record in caplog.records] == [
        f"begin_segment('other'): traceid '{TRACE_ID}' is ignored inside of another trace"
    ]


def test_a_subsegment_needs_a_name(recorder: Recorder, process: Process) -> None:
    with process.request(), pytest.raises(errors.SubsegmentNameMissingException):
        recorder.begin_subsegment(None)


def test_a_name_loses_what_x_ray_does_not_take(
    recorder: Recorder, process: Process, kept: KeptSpans, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request(), recorder.in_subsegment("what?!"):
        pass
    assert kept.tree() == {"GET /": {"what": {}}}
    assert "'what?!' is recorded as 'what'" in caplog.text
