"""Calls without any segment."""

import logging
import re

import pytest

from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder


def test_an_error_is_logged(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    assert recorder.get_trace_entity() is None
    assert recorder.begin_subsegment("a") is None
    assert recorder.begin_subsegment_without_sampling("a") is None
    recorder.put_annotation("a", 1)
    recorder.put_metadata("a", 1)
    recorder.end_subsegment()
    recorder.stream_subsegments()
    assert not recorder.is_sampled()
    assert {record.name for record in caplog.records if record.levelno == logging.ERROR} == {
        "aws_xray_sdk.core.context"
    }
    assert "No segment found, cannot begin subsegment a." in caplog.text


def test_blocks_and_decorators_do_nothing(recorder: Recorder) -> None:
    with recorder.in_subsegment("a") as subsegment:
        assert subsegment is None
    assert recorder.capture("a")(lambda: 7)() == 7


def test_it_is_an_error_on_request(recorder: Recorder) -> None:
    recorder.configure(context_missing="RUNTIME_ERROR")
    with pytest.raises(errors.SegmentNotFoundException, match=re.escape("cannot find the current segment")):
        recorder.begin_subsegment("a")


def test_it_is_ignored_on_request(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    recorder.configure(context_missing="IGNORE_ERROR")
    recorder.begin_subsegment("a")
    recorder.put_annotation("a", 1)
    assert caplog.records == []


def test_the_variable_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_CONTEXT_MISSING", "IGNORE_ERROR")
    recorder = Recorder()
    recorder.configure(context_missing="RUNTIME_ERROR")
    assert recorder.context.context_missing == "IGNORE_ERROR"


def test_an_unknown_value_is_refused(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    recorder.configure(context_missing="EXPLODE")
    assert recorder.context.context_missing == "LOG_ERROR"
    assert "context_missing: 'EXPLODE'" in caplog.text
