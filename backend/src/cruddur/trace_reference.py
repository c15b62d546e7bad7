"""The current request's trace id in X-Ray's and OpenTelemetry's formats, for the logs. It only reads."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import trace

if TYPE_CHECKING:
    from aws_xray_sdk.core import AWSXRayRecorder  # importing it creates clients, which gunicorn's master must not have

TRACE_KEY = "cruddur.trace"  # the request's TraceReference, or None, in its WSGI environ


@dataclass(frozen=True, slots=True)
class TraceReference:
    """A trace's id as X-Ray writes it (`1-8hex-24hex`), and whether the request is recorded."""

    xray_id: str
    sampled: bool

    @property
    def otel_id(self) -> str:
        """The same id as OpenTelemetry writes it: 32 hexadecimal digits."""
        return self.xray_id[2:].replace("-", "")


def current_trace(recorder: "AWSXRayRecorder") -> TraceReference | None:
    """Return the current span's trace, otherwise the current segment's, otherwise None."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        digits = trace.format_trace_id(context.trace_id)
        return TraceReference(f"1-{digits[:8]}-{digits[8:]}", context.trace_flags.sampled)
    segment = recorder.current_segment()
    if segment is None or not segment.trace_id.strip("1-0"):
        return None  # the SDK is disabled, or the segment is unsampled and has the placeholder id of zeros
    return TraceReference(segment.trace_id, segment.sampled)
