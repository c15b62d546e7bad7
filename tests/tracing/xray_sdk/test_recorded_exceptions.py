"""What `add_exception` records: each exception once in a trace, with its frames, whatever it is."""

import traceback
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.starting import start_child
from tests.tracing.xray_sdk.conftest import KeptSpans, Process


def test_an_exception_has_the_frames_that_are_given(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        subsegment.add_exception(KeyError("item"), traceback.extract_stack()[-2:], True)
        assert subsegment.cause["exceptions"][0]["type"] == "KeyError"
    (event,) = kept["a"].events
    assert (event.remote, len(event.frames)) == (True, 2)  # type: ignore[attr-defined]
    assert kept["a"].status.status_code is StatusCode.ERROR
    assert subsegment.fault


def test_one_exception_object_in_two_traces_is_described_in_both(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    error = KeyError("item")
    for _ in range(2):
        with process.request(), recorder.in_subsegment("a") as subsegment:
            subsegment.add_exception(error, [])
        with process.request():
            pass
    assert [len(span.events) for span in kept.spans if span.name == "a"] == [1, 1]


def test_an_exception_that_passes_up_is_named_by_its_id(recorder: Recorder, process: Process) -> None:
    error = KeyError("item")
    with process.request(), recorder.in_subsegment("outer") as outer:
        with recorder.in_subsegment("inner") as inner:
            inner.add_exception(error, [])
            cause = inner.cause["exceptions"][0]["id"]
        outer.add_exception(error, [])
        assert outer.cause == cause


def test_an_exception_that_passes_through_a_span_is_named_by_its_id(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    @recorder.capture("outer")
    def outer() -> None:
        with trace.use_span(start_child(trace.get_current_span(), "otel"), end_on_exit=True):  # type: ignore[arg-type]
            raise KeyError("item")

    with process.request(), pytest.raises(KeyError):
        outer()
    (event,) = kept["otel"].events
    assert not kept["outer"].events
    assert kept["outer"].xray_data().cause_id == event.cause_id  # type: ignore[attr-defined]


@dataclass(frozen=True)
class FrozenError(Exception):
    """An exception that refuses attributes."""

    reason: str


class MuteError(Exception):
    """An exception that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("error", [FrozenError("x"), MuteError(), "a text"])
@pytest.mark.parametrize("stack", [None, [], [("file", 1, "name", "line")], "nonsense", [1]])
def test_whatever_is_called_an_exception_is_recorded(
    recorder: Recorder, process: Process, kept: KeptSpans, error: Any, stack: Any
) -> None:
    with process.request(), recorder.in_subsegment("a") as subsegment:
        subsegment.add_exception(error, stack)
    (event,) = kept["a"].events
    assert event.name == "exception"
