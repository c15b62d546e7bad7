"""What a backend's answer means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from cruddur_tracing.wires.otlp.http.answers import Answer, Verdict, judge

NOW = 1_790_000_000.0


def partial(rejected: int, message: str) -> bytes:
    success = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return ExportTraceServiceResponse(partial_success=success).SerializeToString()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_these_are_sent_again(status: int) -> None:
    """As the specification of OTLP says."""
    assert judge(Answer(status, b"busy"), 5) == Verdict(retry=True, reason=f"HTTP status {status}")


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1e9", 300.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Mon, 21 Sep 2026 14:13:25 GMT", 5.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0.0),
        ("Mon, 99 Sep 2026 14:13:00 GMT", None),
    ],
)
def test_the_backend_may_say_when(header: str, pause: float | None) -> None:
    """In seconds or as a date, within reason."""
    assert judge(Answer(503, retry_after=header), 5, lambda: NOW).pause == pause


@pytest.mark.parametrize("status", [301, 400, 401, 404, 408, 413, 500, 501])
def test_all_others_are_refusals(status: int) -> None:
    """All spans are counted, with the first 200 characters of the body in one line."""
    body = "Grüße\x1b[31m\n".encode() + b"x" * 1000
    assert judge(Answer(status, body), 5) == Verdict(refused=5, reason=f"HTTP status {status}: Grüße [31m " + "x" * 189)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_success(status: int) -> None:
    """Also without a body, or with a warning only."""
    assert judge(Answer(status), 5) == Verdict(reason="partial success: ")
    assert judge(Answer(status, partial(0, "slow down")), 5) == Verdict(reason="partial success: slow down")
    assert judge(Answer(status, b'{"partialSuccess":{}}', "application/json"), 5) == Verdict()


def test_a_partial_success_is_counted() -> None:
    """Never more than were sent."""
    assert judge(Answer(200, partial(3, "no id")), 5) == Verdict(refused=3, reason="partial success: no id")
    assert judge(Answer(200, partial(1 << 60, "all")), 5).refused == 5


@given(st.binary(max_size=60))
def test_any_body_is_read(body: bytes) -> None:
    """What is not protobuf has nothing to say; what the official parser reads means the same."""
    verdict = judge(Answer(200, body), 5)
    assert 0 <= verdict.refused <= 5
