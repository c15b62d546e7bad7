"""Calls in a request that is not sampled."""

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.xray_sdk.entities.dummies import DummySegment, DummySubsegment
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.xray_sdk.conftest import KeptSpans, Process


def test_dummies_have_the_traces_id(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request(sampled=False) as span:
        ids = span.get_span_context()
        with recorder.in_subsegment("a") as outer, recorder.in_subsegment("b") as inner:
            assert recorder.current_subsegment() is inner
            assert (inner.trace_id, inner.id) == (xray_trace_id(ids.trace_id), f"{ids.span_id:016x}")
            assert inner.parent_segment is outer.parent_segment
            assert not recorder.is_sampled()
            assert trace.get_current_span() is span
        assert isinstance(recorder.current_segment(), DummySegment)
        recorder.put_annotation("a", 1)
        recorder.put_metadata("a", 1)
        with recorder.in_segment("nested") as segment:
            assert isinstance(segment, DummySegment)
    assert kept.spans == []


def test_dummies_take_everything(recorder: Recorder, process: Process) -> None:
    with process.request(sampled=False):
        segment = recorder.begin_segment("segment")
        subsegment = recorder.begin_subsegment("subsegment", "remote")
        for dummy in (segment, subsegment):
            dummy.put_annotation("a", 1)
            dummy.put_metadata("a", 1, "n")
            dummy.put_http_meta("status", 500)
            dummy.add_exception(ValueError(), [])
            dummy.apply_status_code(500)
            dummy.add_fault_flag()
            dummy.add_error_flag()
            dummy.add_throttle_flag()
            dummy.set_aws({})
            dummy.name, dummy.fault, dummy.http = "renamed", True, {}
            assert (dummy.name, dummy.fault, dummy.annotations, dummy.to_dict()) == ("renamed", None, {}, {})
        segment.set_user("user")
        segment.set_service({})
        segment.set_rule_name("rule")
        subsegment.set_sql({})
        subsegment.namespace = "aws"
        subsegment.close()
        assert not subsegment.in_progress


def test_a_span_that_opentelemetry_drops_is_in_the_dummy(recorder: Recorder, process: Process) -> None:
    with process.request(sampled=False) as span:
        ids = span.get_span_context()
        with recorder.in_subsegment("a") as dummy:
            dropped = NonRecordingSpan(SpanContext(ids.trace_id, 7, False, TraceFlags(0)))
            with trace.use_span(dropped):
                assert recorder.get_trace_entity() is dummy
                recorder.end_subsegment()
                assert recorder.get_trace_entity() is not dummy


def test_the_callers_header_is_kept(recorder: Recorder, process: Process) -> None:
    with process.request(sampled=False):
        segment = recorder.begin_segment("segment")
        segment.save_origin_trace_header("header")
        assert segment.get_origin_trace_header() == "header"


def test_a_recording_that_is_not_sent_gets_no_children(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        request.recording.sampled = False
        assert not recorder.is_sampled()
        with recorder.in_subsegment("a") as dummy:
            assert isinstance(dummy, DummySubsegment)
            assert recorder.current_subsegment() is dummy
        assert isinstance(recorder.begin_segment("b"), DummySegment)
        recorder.end_segment()
        recorder.put_annotation("kept", "on the root")
    assert request.xray_data().annotations == {"kept": "on the root"}
    assert kept.spans == []
