"""Anomalies of requests: counted for the boost of a rule, and captured although the rules said no.

A request is an anomaly if it is answered with 500 or more, or is slow. The capture is X-Ray's anomaly trace capture:
the root of the request is recorded on both wires, with the annotation `anomaly`.
"""

from time import time_ns
from typing import Final

from opentelemetry.trace import SpanKind

from cruddur_tracing.process.decisions import Decisions
from cruddur_tracing.process.settings import TracingSettings
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import NO_STATE, Span
from cruddur_tracing.request.handling import Handling, Sampled, Unsampled
from cruddur_tracing.sampling import is_anomaly

ANNOTATION: Final = "anomaly"


class Anomalies:
    """Counts and captures anomalies among finished requests."""

    def __init__(self, decisions: Decisions, settings: TracingSettings) -> None:
        self._decisions = decisions
        self._slow_seconds = settings.slow_seconds
        self.captures = settings.anomalies_per_second > 0

    def sampled(self, handling: Sampled) -> None:
        """Count a request that was recorded."""
        if handling.rule is not None:
            span = handling.span
            ended, started = span.end_time or 0, span.start_time or 0
            anomaly = self._is_anomaly(handling, (ended - started) / 1e9)
            trace_id = span.recording.trace_id
            self._decisions.rules.finished(trace_id, handling.rule, anomaly=anomaly, sampled=True)

    def unsampled(self, handling: Unsampled) -> None:
        """Count a request that was not recorded, and record its root if it is an anomaly that may be captured."""
        now = time_ns()
        seconds = (now - handling.started) / 1e9
        anomaly = self._is_anomaly(handling, seconds)
        captured = anomaly and self._decisions.rules.capture_limit.admits()
        self._decisions.rules.finished(handling.trace_id, handling.rule, anomaly=anomaly, sampled=captured)
        if captured:
            self._capture(handling)

    def _is_anomaly(self, handling: Handling, seconds: float) -> bool:
        return is_anomaly(
            handling.status or None,
            failed=handling.error is not None,
            seconds=seconds,
            slow_seconds=self._slow_seconds,
        )

    def _capture(self, unsampled: Unsampled) -> None:
        app, context = unsampled.app, unsampled.get_span_context()
        recording = Recording(
            app.pipeline(),
            unsampled.xray_id,
            unsampled.service,
            rule=unsampled.rule,
            trace_state=context.trace_state or NO_STATE,
        )
        span = Span(
            recording,
            "",
            context.span_id,
            parent_id=unsampled.upstream.parent_id or 0,
            kind=SpanKind.SERVER,
            scope=app.scope,
            start_time=unsampled.started,
        )
        fault = unsampled.error is not None or unsampled.status >= 500
        span.xray_data().annotations[ANNOTATION] = "fault" if fault else "slow"
        unsampled.recorded(span).finish()
