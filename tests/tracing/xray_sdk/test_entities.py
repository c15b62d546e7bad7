"""What is written to segments and subsegments, and read from them."""

import logging
from typing import Any

import pytest
from aws_xray_sdk.ext.util import inject_trace_header
from opentelemetry.trace import SpanKind, Status, StatusCode

from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.entities import names
from cruddur_tracing.xray_sdk.entities.kinds import Segment, entity_of
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.starting import start_child
from tests.tracing.xray_sdk.conftest import TRACE_ID, KeptSpans, Process


def test_annotations_are_checked_as_by_the_sdk(
    recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    names._warned_keys.clear()
    with process.request() as request:
        segment = recorder.current_segment()
        for key, value in (
            ("text", "a"),
            ("int", 1),
            ("float", 1.5),
            ("bool", True),
            ("user.id", "u"),
            ("user.id", "v"),
        ):
            segment.put_annotation(key, value)
        segment.put_annotation(1, "key")
        segment.put_annotation("list", ["value"])
    expected = {"text": "a", "int": 1, "float": 1.5, "bool": True, "user_id": "v"}
    assert request.xray_data().annotations == segment.annotations == expected
    assert [record.message for record in caplog.records] == [
        "the annotation key 'user.id' is recorded as 'user_id': X-Ray indexes letters, digits and _",
        "ignoring non string type annotation key with type <class 'int'>.",
        "ignoring unsupported annotation value type <class 'list'>.",
    ]


def test_metadata_has_namespaces(recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture) -> None:
    with process.request() as request:
        recorder.put_metadata("a", {"b": 1})
        recorder.put_metadata("c", 2, "mine")
        recorder.put_metadata("d", 3, "mine")
        recorder.put_metadata("e", 4, "AWS.x")
        recorder.put_metadata("f", 5, 6)
    assert request.xray_data().metadata == {"default": {"a": {"b": 1}}, "mine": {"c": 2, "d": 3}}
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (200, (None, None, None)),
        (404, (None, True, None)),
        (429, (None, True, True)),
        (503, (True, None, None)),
        ("500", (True, None, None)),
    ],
)
def test_a_status_sets_the_flags(recorder: Recorder, process: Process, status: Any, flags: tuple[Any, ...]) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        subsegment.put_http_meta("status", status)
    assert (subsegment.fault, subsegment.error, subsegment.throttle) == flags
    assert subsegment.http == {"response": {"status": int(status)}}


def test_http_data_is_of_the_request_or_the_response(
    recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request():
        segment = recorder.current_segment()
        segment.put_http_meta("url", "http://shop/")
        segment.put_http_meta("user_agent", None)
        segment.put_http_meta("content_length", 7)
        segment.put_http_meta("colour", "red")
        segment.apply_status_code(None)
    assert segment.http == {"request": {"url": "http://shop/"}, "response": {"content_length": 7}}
    assert "ignoring unsupported key colour" in caplog.text


def test_members_may_be_set(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        segment = recorder.current_segment()
        segment.user, segment.origin, segment.name = "u", "AWS::EC2::Instance", "renamed"
        segment.set_service({"version": "1"})
        segment.set_rule_name("rule")
        segment.set_aws({"ec2": {}})
        with recorder.in_subsegment("a") as subsegment:
            subsegment.name, subsegment.namespace = "b", "remote"
            subsegment.set_sql({"url": "db"})
            subsegment.start_time = 1_700_000_000.25
            subsegment.add_error_flag()
            subsegment.add_throttle_flag()
            subsegment.add_fault_flag()
            subsegment.http = {"request": {"method": "GET"}}
            subsegment.precursor_ids = ["0123456789abcdef"]
    data = request.xray_data()
    assert (data.user, data.origin, data.service, data.aws) == (
        "u",
        "AWS::EC2::Instance",
        {"version": "1"},
        {"ec2": {}},
    )
    assert (request.recording.service, request.recording.rule, request.name) == ("renamed", "rule", "GET /")
    span = kept["b"]
    assert (span.kind, span.start_time) == (SpanKind.CLIENT, 1_700_000_000_250_000_000)
    assert (subsegment.error, subsegment.throttle, subsegment.fault) == (True, True, True)
    assert (subsegment.sql, subsegment.start_time) == ({"url": "db"}, 1_700_000_000.25)
    assert not hasattr(subsegment, "set_user")


def test_a_namespace_may_be_local_again(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request(), recorder.in_subsegment("a", namespace="remote") as subsegment:
        subsegment.namespace = "local"
        assert subsegment.namespace == "local"
    assert kept["a"].kind is SpanKind.INTERNAL


def test_a_span_of_opentelemetry_is_a_subsegment(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        span = start_child(request, "GET", kind=SpanKind.CLIENT)
        entity = entity_of(span)
        assert entity_of(span) is entity
        assert (entity.name, entity.parent_id) == ("GET", f"{request.span_id:016x}")
        assert entity.namespace == "remote"  # type: ignore[attr-defined]
        assert entity.parent_segment is recorder.current_segment()  # type: ignore[attr-defined]
        span.end()


def test_the_user_of_a_nested_segment_is_the_requests(recorder: Recorder, process: Process) -> None:
    with process.request() as request, recorder.in_segment("nested") as segment:
        segment.set_user("u")
        assert segment.user == "u"
    assert request.xray_data().user == "u"


def test_a_segment_that_is_not_to_be_sent_is_not(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        recorder.current_segment().sampled = False
        with recorder.in_subsegment("a"):
            pass
    assert kept.spans == []


def test_a_subsegment_cannot_be_left_out(
    recorder: Recorder, process: Process, kept: KeptSpans, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        subsegment.sampled = False
    assert kept.tree() == {"GET /": {"a": {}}}
    assert "sampled = False of 'a' is ignored: set it on the segment" in caplog.text


def test_a_status_that_the_app_has_decided_stays(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        subsegment.span.set_status(Status(StatusCode.OK))
        subsegment.add_exception(KeyError("item"), None)
    assert kept["a"].status.status_code is StatusCode.OK


def test_nothing_is_written_after_the_end(
    recorder: Recorder, process: Process, kept: KeptSpans, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request():
        with recorder.in_subsegment("a") as subsegment:
            pass
        with recorder.in_segment("b") as segment:
            pass
        for call in (
            lambda: subsegment.put_annotation("a", 1),
            lambda: subsegment.put_metadata("a", 1),
            lambda: subsegment.put_http_meta("url", "a"),
            lambda: subsegment.apply_status_code(500),
            lambda: subsegment.add_exception(KeyError(), []),
            lambda: subsegment.set_aws({}),
            lambda: subsegment.add_subsegment(segment),
            lambda: segment.set_user("u"),
            subsegment.close,
        ):
            with pytest.raises(errors.AlreadyEndedException):
                call()
        caplog.clear()
        subsegment.name = "late"
        subsegment.namespace = "aws"
        subsegment.start_time = 1
        subsegment.set_sql({"late": 1})
        subsegment.add_fault_flag()
        segment.name = segment.user = "late"
    assert len(caplog.records) == 7
    assert all(record.message.endswith("is ignored: it has ended") for record in caplog.records)
    assert kept["a"].xray_data().sql == {}


def test_attributes_that_are_not_recorded_are_named(
    recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        subsegment.colour = "red"
    assert [record.message for record in caplog.records] == [
        "the attribute 'colour' of 'a' is not recorded: use put_metadata"
    ]


def test_children_are_begun_not_added(recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture) -> None:
    with process.request(), recorder.in_subsegment("a") as outer:
        with recorder.in_subsegment("b") as inner:
            outer.add_subsegment(inner)
            assert caplog.records == []
            inner.add_subsegment(outer)
        outer.remove_subsegment(inner)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_an_entity_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError, match=r"use xray_recorder\.begin_segment"):
        Segment("name")  # type: ignore[arg-type]


def test_the_document_has_what_is_recorded_so_far(recorder: Recorder, process: Process) -> None:
    with process.request() as request:
        segment = recorder.current_segment()
        segment.put_annotation("a", 1)
        segment.set_user("u")
        with recorder.in_subsegment("b", namespace="remote") as subsegment:
            subsegment.put_metadata("key", {"set": {1}})
            assert '"in_progress": true' in subsegment.serialize()
            assert '"{1}"' in subsegment.serialize()
    assert subsegment.to_dict() == {
        "id": subsegment.id,
        "name": "b",
        "start_time": subsegment.start_time,
        "end_time": subsegment.end_time,
        "parent_id": segment.id,
        "trace_id": segment.trace_id,
        "type": "subsegment",
        "namespace": "remote",
        "in_progress": False,
        "metadata": {"default": {"key": {"set": {1}}}},
    }
    document = entity_of(request).to_dict()
    assert (document["name"], document["annotations"], document["user"]) == ("shop", {"a": 1}, "u")
    assert "type" not in document


def test_the_sdks_helper_puts_the_entity_into_the_header(recorder: Recorder, process: Process) -> None:
    from aws_xray_sdk.core.models.trace_header import TraceHeader

    headers: dict[str, str] = {}
    with process.request():
        recorder.current_segment().save_origin_trace_header(TraceHeader.from_header_str("Root=1-a-b;lineage=a:1"))
        with recorder.in_segment("nested"), recorder.in_subsegment("a") as subsegment:
            inject_trace_header(headers, subsegment)
    expected = f"Root={subsegment.trace_id};Parent={subsegment.id};Sampled=1;lineage=a:1"
    assert headers == {"X-Amzn-Trace-Id": expected}


def test_the_sdks_helper_puts_a_dummy_into_the_header(recorder: Recorder, process: Process) -> None:
    headers: dict[str, str] = {}
    with process.request(sampled=False) as span, recorder.in_subsegment("a") as subsegment:
        inject_trace_header(headers, subsegment)
        ids = span.get_span_context()
    assert headers["X-Amzn-Trace-Id"] == f"Root={subsegment.trace_id};Parent={ids.span_id:016x};Sampled=0"


def test_a_root_that_describes_a_request_is_a_server_span(recorder: Recorder, kept: KeptSpans) -> None:
    with recorder.in_segment("django", traceid=TRACE_ID) as segment:
        segment.put_http_meta("url", "http://shop/")
        segment.name = "renamed"
        assert not segment.ready_to_send()
    assert kept["renamed"].kind is SpanKind.SERVER
    assert kept["renamed"].recording.service == "renamed"
    assert segment.ready_to_send()


def test_entities_have_a_readable_form(recorder: Recorder, process: Process) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        assert repr(subsegment) == f"<Subsegment 'a' {subsegment.id} of {subsegment.trace_id}>"
    with process.request(sampled=False), recorder.in_subsegment("a") as subsegment:
        assert repr(subsegment) == f"<DummySubsegment 'a' of {subsegment.trace_id}>"
