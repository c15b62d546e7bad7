"""Segments of workers and scripts."""

from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.entities.dummies import DummySegment, DummySubsegment
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.xray_sdk.conftest import TRACE_ID, KeptSpans, Process


def test_a_segment_begins_a_trace(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with recorder.in_segment("job") as segment, recorder.in_subsegment("step") as step:
        assert recorder.current_segment() is segment
        assert step.trace_id == segment.trace_id
    assert kept.tree() == {"job": {"step": {}}}
    assert kept["job"].recording.service == "job"
    assert (kept["job"].kind, kept["job"].parent) == (SpanKind.INTERNAL, None)
    assert process.decided == [{"service": "job"}]
    assert context.get_current() == {}


def test_trace_id_parent_and_decision_are_honoured(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    process.decision = False
    segment = recorder.begin_segment("job", TRACE_ID, "0123456789abcdef", "my-rule")
    assert (segment.trace_id, segment.parent_id) == (TRACE_ID, "0123456789abcdef")
    recorder.end_segment()
    assert (kept["job"].recording.rule, kept["job"].kind) == ("my-rule", SpanKind.SERVER)
    assert kept["job"].parent is not None
    assert kept["job"].parent.is_remote
    assert process.decided == []


def test_ids_that_cannot_be_read_are_named(
    recorder: Recorder, kept: KeptSpans, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.begin_segment("a", traceid="1-x")
    recorder.end_segment()
    recorder.begin_segment("b", traceid=TRACE_ID, parent_id="x")
    recorder.end_segment()
    assert [record.message for record in caplog.records] == [
        "traceid: '1-x': expected 1-, 8 hexadecimal digits, -, 24 hexadecimal digits",
        "parent_id: 'x': expected 16 hexadecimal digits",
    ]
    assert len(kept.spans) == 2


def test_the_rules_name_is_kept(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    process.decision = "jobs"
    with recorder.in_segment("job"):
        pass
    assert kept["job"].recording.rule == "jobs"


def test_without_sampling_every_trace_is_recorded(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    process.decision = False
    recorder.configure(sampling=False)
    with recorder.in_segment("job"):
        pass
    assert kept.tree() == {"job": {}}


def test_a_segment_that_is_not_sampled_is_a_dummy(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    process.decision = False
    segment = recorder.begin_segment("job", TRACE_ID)
    assert isinstance(segment, DummySegment)
    assert segment.trace_id == TRACE_ID
    subsegment = recorder.begin_subsegment("step")
    assert isinstance(subsegment, DummySubsegment)
    assert (subsegment.trace_id, subsegment.parent_segment) == (TRACE_ID, segment)
    assert trace.get_current_span().get_span_context().trace_id == int(TRACE_ID[2:].replace("-", ""), 16)
    recorder.end_subsegment()
    recorder.end_segment()
    assert kept.spans == []
    assert context.get_current() == {}


def test_the_services_name_is_used_without_another(recorder: Recorder, kept: KeptSpans) -> None:
    with recorder.in_segment():
        pass
    assert kept.tree() == {"shop": {}}


def test_a_name_is_required() -> None:
    with pytest.raises(errors.SegmentNameMissingException):
        Recorder().begin_segment()


def test_ending_a_segment_ends_what_is_open_in_it(recorder: Recorder, kept: KeptSpans) -> None:
    recorder.begin_segment("job")
    recorder.begin_subsegment("a")
    recorder.begin_subsegment("b")
    recorder.end_segment()
    assert kept.tree() == {"job": {"a": {"b": {}}}}
    assert context.get_current() == {}


def test_a_remote_span_in_the_context_is_the_parent(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    for sampled in (TraceFlags(1), TraceFlags(0)):
        remote = NonRecordingSpan(SpanContext(0xABC, 0xDEF, True, sampled))
        with trace.use_span(remote), recorder.in_segment("job") as segment:
            assert segment.trace_id == xray_trace_id(0xABC)
            assert segment.sampled is bool(sampled)
    assert [span.parent_id for span in kept.spans] == [0xDEF]
    assert process.decided == []


def test_a_span_of_another_provider_is_the_parent(recorder: Recorder, kept: KeptSpans) -> None:
    other = TracerProvider(shutdown_on_exit=False).get_tracer("other")
    with other.start_as_current_span("other") as span:
        assert recorder.get_trace_entity() is None
        with recorder.in_segment("job"):
            pass
    assert kept["job"].parent_id == span.get_span_context().span_id
    assert kept["job"].recording.trace_id == span.get_span_context().trace_id


def test_a_task_that_outlives_its_request_begins_its_own_trace(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    with process.request():
        recorder.begin_subsegment("open")
        inherited = context.get_current()
    context.attach(inherited)
    with recorder.in_segment("later"):
        pass
    assert kept.tree() == {"GET /": {"open": {}}, "later": {}}


def test_processors_see_a_root_begin(recorder: Recorder, process: Process) -> None:
    started = []

    class Processor:
        def on_start(self, span: Any, parent_context: Any) -> None:
            started.append(span.name)

        def _on_ending(self, span: Any) -> None: ...

        def on_end(self, span: Any) -> None: ...

    process.pipeline.processors = (Processor(),)  # type: ignore[assignment]
    with recorder.in_segment("job"), recorder.in_subsegment("step"):
        pass
    assert started == ["job", "step"]


def test_switched_off_nothing_is_recorded(process: Process, kept: KeptSpans) -> None:
    recorder = Recorder()
    recorder.wire(process.wiring()._replace(pipeline=lambda: None))
    with recorder.in_segment("job") as segment, recorder.in_subsegment("step") as step:
        assert (segment.sampled, step.sampled) == (False, False)
    assert kept.spans == []
    assert context.get_current() == {}
