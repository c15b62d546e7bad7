"""Spans arrive once, soon and in requests of a bounded size; what does not arrive is counted."""

import threading
import time
import tracemalloc
from collections import Counter
from typing import Any

import pytest
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from cruddur_tracing.recording.pipeline import Wire
from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.otlp.delivery import Delivery
from cruddur_tracing.wires.otlp.wire import OtlpWire
from tests.tracing.wires.conftest import wait_until
from tests.tracing.wires.otlp.conftest import RECORDING, Answered, Backend, ended_span, recording


def names(count: int, prefix: str = "") -> dict[str, int]:
    """Return what arrives when each of so many spans arrives once."""
    return {f"{prefix}{number}": 1 for number in range(count)}


def end(wire: OtlpWire, count: int, prefix: str = "", size: int = 0) -> None:
    """End so many spans."""
    for number in range(count):
        wire.ended(ended_span(f"{prefix}{number}", size))


def test_spans_arrive_without_a_flush(wire: OtlpWire, backend: Backend) -> None:
    """The thread starts with the first one, and goes on."""
    for round_ in range(3):
        end(wire, 5, f"{round_}-")
        wait_until(lambda round_=round_: len(backend.names()) == 5 * (round_ + 1))  # type: ignore[misc]
    assert set(backend.names().values()) == {1}
    assert len(set(backend.clients)) == 1


def test_many_threads_lose_and_double_nothing(wire: OtlpWire, backend: Backend, failures: Failures) -> None:
    """Also while the wire sends."""
    threads = [threading.Thread(target=end, args=(wire, 1000, f"{number}-")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wire.flush(10)
    assert len(backend.names()) == 4000
    assert set(backend.names().values()) == {1}
    assert failures.counts == {}


def test_a_request_has_a_bounded_size(wire: OtlpWire, backend: Backend) -> None:
    """At most 512 spans or a megabyte."""
    end(wire, 1100, "small-")
    end(wire, 30, "large-", 100_000)
    assert wire.flush(10)
    assert backend.names() == names(1100, "small-") | names(30, "large-")
    sizes = [request.ByteSize() for request in backend.requests]
    assert max(sizes) < 1_050_000
    assert len(sizes) >= 5


def test_a_flush_without_spans_is_done(wire: Wire) -> None:
    """No thread starts for it."""
    assert wire.flush(0)


def test_a_recording_hands_its_spans_over(wire: OtlpWire, backend: Backend) -> None:
    """Those that are sampled."""
    for sampled in (True, False):
        made = recording(sampled=sampled)
        made.pipeline.otlp = wire
        Span(made, f"sampled: {sampled}", 1).end()
    assert wire.flush(10)
    assert backend.names() == {"sampled: True": 1}


def test_spans_are_grouped_by_their_scope(wire: OtlpWire, backend: Backend) -> None:
    """Also if an app makes a scope for each span."""
    for number in range(600):
        span = Span(RECORDING, str(number), number + 1, scope=InstrumentationScope(f"scope {number % 2}"))
        span.end()
        wire.ended(span)
    assert wire.flush(10)
    assert backend.names() == names(600)
    assert [len(request.resource_spans[0].scope_spans) for request in backend.requests] == [2] * len(backend.requests)


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_requests_are_compressed(backend: Backend, failures: Failures, compression: str) -> None:
    """As the settings say."""
    wire = OtlpWire(backend.settings(compression=compression), failures)
    end(wire, 3)
    assert wire.flush(10)
    assert backend.names() == names(3)
    assert backend.headers[0].get("content-encoding", "none") == compression
    wire.shutdown(0)


def test_a_refusal_is_counted_with_its_reason(
    wire: OtlpWire, backend: Backend, failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not tried again; what ends later goes over another connection, and so perhaps to another backend."""
    backend.answer = lambda: Answered(401, body=b"unknown API key")
    end(wire, 7)
    assert not wire.flush(10)
    assert len(backend.paths) == 1
    assert failures.counts == {"span.refused": 7}
    where = f"http://127.0.0.1:{backend.port}/v1/traces"
    assert caplog.messages == [
        f"span.refused: {where}: HTTP status 401: unknown API key (7 since the last such line, 7 in all)"
    ]
    end(wire, 1)
    assert not wire.flush(10)
    assert len(set(backend.clients)) == 2


def test_a_partial_success_is_counted(wire: OtlpWire, backend: Backend, failures: Failures) -> None:
    """The rest has arrived."""
    success = ExportTracePartialSuccess(rejected_spans=2, error_message="no id")
    backend.answer = lambda: Answered(body=ExportTraceServiceResponse(partial_success=success).SerializeToString())
    end(wire, 7)
    assert not wire.flush(10)
    assert failures.counts == {"span.refused": 2}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_backend_gets_them_later(wire: OtlpWire, backend: Backend, failures: Failures, status: int) -> None:
    """Each span once."""
    answers = iter([Answered(status), Answered(status, {"Retry-After": "0"})])
    backend.answer = lambda: next(answers, Answered())
    end(wire, 7)
    wait_until(lambda: backend.names() == names(7))
    assert failures.counts == {"otlp.unreachable": 2}


def test_a_backend_that_names_a_time_is_left_alone_until_then(wire: OtlpWire, backend: Backend) -> None:
    """But for a flush, which has a deadline."""
    answers = iter([Answered(503, {"Retry-After": "60"})])
    backend.answer = lambda: next(answers, Answered())
    end(wire, 1)
    wait_until(lambda: len(backend.paths) == 1)
    time.sleep(0.5)
    assert len(backend.paths) == 1
    assert wire.flush(10)
    assert backend.names() == names(1)


def test_the_queue_is_bounded_and_what_is_dropped_is_counted(failures: Failures) -> None:
    """What arrived and what was counted is what was made; the newest arrive."""
    backend = Backend()
    port = backend.port
    backend.close()
    wire = OtlpWire(backend.settings(), failures, queue_bytes=1_000_000)
    end(wire, 20_000, size=100)
    backend = Backend(port=port)
    assert not wire.flush(0)
    wait_until(lambda: "19999" in backend.names())
    wait_until(lambda: len(backend.names()) + failures.counts["span.lost"] == 20_000)
    assert set(backend.names().values()) == {1}
    assert 10_000 < failures.counts["span.lost"] < 19_000
    wire.shutdown(0)
    backend.close()


def test_the_memory_is_what_the_queue_holds(failures: Failures) -> None:
    """Ten megabytes of spans are little more than that."""
    backend = Backend()
    backend.close()
    wire = OtlpWire(backend.settings(), failures, queue_bytes=10_000_000)
    span = ended_span("name", 1400)
    end(wire, 10)
    tracemalloc.start()
    try:
        for _ in range(6_000):
            wire.ended(span)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 14_000_000
    wire.shutdown(0)


def test_what_is_sent_is_not_traced(wire: OtlpWire, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the thread nor at the end of the process, when the caller may send."""
    seen: list[Any] = []
    send_waiting = Delivery.send_waiting

    def watched(delivery: Delivery) -> float | None:
        seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
        return send_waiting(delivery)

    monkeypatch.setattr(Delivery, "send_waiting", watched)
    end(wire, 1)
    assert wire.flush(10)
    assert set(seen) == {True}
    assert get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None


def test_without_a_thread_the_caller_sends(wire: OtlpWire, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python starts none when the process ends."""

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        end(wire, 3, "a-")
        answers = iter([Answered(503)])
        backend.answer = lambda: next(answers, Answered())
    assert wire.flush(10)
    end(wire, 3, "b-")  # now it can be started
    wait_until(lambda: backend.names() == Counter(names(3, "a-") | names(3, "b-")))


def test_a_rest_ends_with_the_next_span(backend: Backend, failures: Failures, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread sleeps after ten seconds without one."""
    monkeypatch.setattr("cruddur_tracing.wires.otlp.wire.QUIET_ROUNDS", 1)
    wire = OtlpWire(backend.settings(), failures)
    for round_ in range(3):
        wire.ended(ended_span(str(round_)))
        wait_until(lambda round_=round_: backend.names() == names(round_ + 1) and wire._batches.resting)  # type: ignore[misc]
    assert [thread.name for thread in threading.enumerate()].count("otlp-spans") == 1
    wire.shutdown(1)
    wait_until(lambda: "otlp-spans" not in [thread.name for thread in threading.enumerate()])
