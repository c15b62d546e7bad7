"""`capture` and the calls that the SDK's extensions make."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.xray_sdk.conftest import KeptSpans, Process


def test_capture_records_each_call_by_the_functions_name(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    class Shop:
        @recorder.capture()
        def total(self, item: int) -> int:
            return item * 2

        @recorder.capture("named")
        @staticmethod
        def free() -> int:
            return 0

    with process.request():
        assert (Shop().total(2), Shop.free()) == (4, 0)
    assert kept.tree() == {"GET /": {"total": {}, "named": {}}}


def test_capture_keeps_name_and_signature(recorder: Recorder) -> None:
    import inspect

    @recorder.capture("x")
    async def view(item: int) -> None:
        """Describe."""

    assert (view.__name__, view.__doc__) == ("view", "Describe.")
    assert list(inspect.signature(view).parameters) == ["item"]
    assert inspect.iscoroutinefunction(view)


def test_an_exception_is_described_once_and_passes(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    @recorder.capture("inner")
    def inner() -> None:
        raise KeyError("item")

    @recorder.capture("outer")
    def outer() -> None:
        inner()

    with process.request(), pytest.raises(KeyError):
        outer()
    (event,) = kept["inner"].events
    assert event.attributes["exception.type"] == "KeyError"  # type: ignore[index]
    assert [frame[2] for frame in event.frames][-1] == "inner"  # type: ignore[attr-defined]
    assert not any("xray_sdk/recorder" in frame[0] for frame in event.frames)  # type: ignore[attr-defined]
    assert kept["inner"].status.status_code is StatusCode.ERROR
    assert not kept["outer"].events
    assert kept["outer"].xray_data().cause_id == event.cause_id  # type: ignore[attr-defined]
    assert kept["outer"].xray_data().fault


def test_the_number_of_frames_is_limited(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    recorder.max_trace_back = 3

    @recorder.capture("deep")
    def deep(depth: int) -> None:
        if depth:
            deep.__wrapped__(depth - 1)
        raise ValueError(depth)

    with process.request(), pytest.raises(ValueError, match="0"):
        deep(9)
    assert [frame[2] for frame in kept["deep"].events[0].frames] == ["deep"] * 3  # type: ignore[attr-defined]


def test_a_meta_processor_describes_the_call(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    seen = []

    def describe(**call: Any) -> None:
        seen.append((call["return_value"], call["exception"], call["args"], call["kwargs"]))
        call["subsegment"].put_annotation("described", True)

    def divide(number: int, by: int) -> float:
        return number / by

    with process.request():
        assert recorder.record_subsegment(divide, None, (4,), {"by": 2}, "divide", "local", describe) == 2
        with pytest.raises(ZeroDivisionError):
            recorder.record_subsegment(divide, None, (4,), {"by": 0}, "fails", "local", describe)
    assert seen[0] == (2, None, (4,), {"by": 2})
    assert isinstance(seen[1][1], ZeroDivisionError)
    assert kept["divide"].xray_data().annotations == {"described": True}


def test_a_meta_processor_that_raises_does_not_fail_the_call(
    recorder: Recorder, process: Process, kept: KeptSpans, caplog: pytest.LogCaptureFixture
) -> None:
    def describe(**_call: Any) -> None:
        raise RuntimeError("cannot")

    with process.request():
        assert recorder.record_subsegment(len, None, ("abc",), {}, "length", "local", describe) == 3
    assert kept.tree() == {"GET /": {"length": {}}}
    assert "length is described in part: RuntimeError: cannot" in caplog.text


def test_a_block_that_its_subsegment_was_closed_in_ends_quietly(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    with process.request() as request:
        with pytest.raises(KeyError), recorder.in_subsegment("a") as subsegment:  # noqa: PT012
            subsegment.close()
            raise KeyError
        assert trace.get_current_span() is request
    assert kept.tree() == {"GET /": {"a": {}}}
