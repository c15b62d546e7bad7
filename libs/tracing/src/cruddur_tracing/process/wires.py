"""The wires of a process: `segments`, X-Ray documents by UDP to the agent, and `otlp`, spans by OTLP/HTTP."""

import time
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk.trace import SpanProcessor

from cruddur_tracing.adoption.processors import batched_exporter
from cruddur_tracing.process.settings import TracingSettings
from cruddur_tracing.recording.pipeline import Wire
from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.bursts import Bursts
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.forks import restart_in_children
from cruddur_tracing.resilience.network.address import Address, Agent
from cruddur_tracing.wires.datagrams import sender as datagrams
from cruddur_tracing.wires.datagrams.sender import DatagramSender
from cruddur_tracing.wires.otlp import delivery
from cruddur_tracing.wires.otlp.official import from_exporter
from cruddur_tracing.wires.otlp.settings import OtlpSettings
from cruddur_tracing.wires.otlp.wire import OtlpWire
from cruddur_tracing.wires.segments.document import Documents
from cruddur_tracing.wires.segments.wire import SegmentsWire

LOSSES: Final = {
    datagrams.LOST: "segments",
    datagrams.UNCONFIRMED: "segments",
    delivery.LOST: "otlp",
    delivery.REFUSED: "otlp",
}
HELD_SPANS: Final = 16  # that are encoded one after the other, which takes less than a millisecond
DEFAULT_AGENT: Final = Agent(Address(), Address())


class Wires:
    """Makes the wires that the settings turn on."""

    def __init__(self, settings: TracingSettings, environ: Mapping[str, str], failures: Failures) -> None:
        self.agent = settings.agent or DEFAULT_AGENT
        self._settings = settings
        self._environ = environ
        self._failures = failures
        self._otlp: list[tuple[OtlpSettings, OtlpWire]] = []
        self._replaced: list[SpanProcessor] = []
        self._sender: DatagramSender | None = None
        self.segments: SegmentsWire | None = None
        self.held: Bursts[Span] = Bursts(_pass_on, time.monotonic, "ended-spans", items=HELD_SPANS)
        restart_in_children(self.held)
        if settings.sends_segments:
            self._sender = DatagramSender(self.agent, failures)
            self.segments = SegmentsWire(self._sender.send, self._sender)

    @property
    def in_words(self) -> str:
        """The wires, for the log."""
        segments = f"segments to {self.agent}" if self.segments is not None else "no segments"
        spans = ", ".join(f"spans to {settings.endpoint}" for settings, _ in self._otlp)
        return f"{segments}, {spans}" if spans else segments

    def change_agent(self, agent: Agent) -> None:
        """Send segments to another agent."""
        self.agent = agent
        if self._sender is not None:
            self._sender.change_agent(agent)

    def agent_answers(self, agent: Address, answers: bool) -> None:
        """Record whether the TCP port of an agent could be reached, if segments go to this agent."""
        if self._sender is not None and self.agent.tcp == agent:
            self._sender.agent_answers(answers)

    def switch_segments(self, *, on: bool) -> None:
        """Send segments, or none, if the settings turn the wire on at all."""
        if self.segments is not None:
            self.segments.on = on

    def describe(self, origin: str | None, aws: Mapping[str, Any] | None) -> None:
        """Add what the X-Ray SDK's plugins found to every segment."""
        if self.segments is not None:
            self.segments.documents = Documents(origin, aws)

    def replacing(self, processor: SpanProcessor) -> Wire | None:
        """Return the wire that does the work of an app's processor, or None to leave the processor alone.

        It does that of `OtlpProcessor`, and of a BatchSpanProcessor with an unchanged OTLP/HTTP exporter, which is shut
        down; with the wire off nothing does.
        """
        found = processor.endpoint if isinstance(processor, OtlpProcessor) else self._replaceable(processor)
        if found is None:
            return None
        processor.shutdown()
        self._replaced.append(processor)  # in a fork, OpenTelemetry before 1.45 fails if it has been collected
        if not self._settings.otlp:
            return NoWire()
        for settings, wire in self._otlp:
            if settings == found:
                return wire
        self._otlp.append((found, OtlpWire(found, self._failures, collect=self.held.handle_held)))
        return self._otlp[-1][1]

    def _replaceable(self, processor: SpanProcessor) -> OtlpSettings | None:
        exporter = batched_exporter(processor)
        return None if exporter is None else from_exporter(exporter, self._environ)

    def shutdown(self, seconds: float) -> None:
        """Send what is queued within that time, and accept nothing more.

        The threads of the OTLP wires send while segments are sent here: at the exit of a process no thread can be
        started any more.
        """
        until = time.monotonic() + seconds
        self.held.stop()
        for _, wire in self._otlp:
            wire.begin_shutdown(until)
        if self.segments is not None:
            self.segments.shutdown(seconds)
        for _, wire in self._otlp:
            wire.shutdown(max(0.0, until - time.monotonic()))


def _pass_on(span: Span) -> None:
    span.recording.pass_on(span)


class OtlpProcessor(SpanProcessor):
    """Holds the OTLP endpoint of its provider's spans until a wire replaces it."""

    def __init__(self, endpoint: OtlpSettings) -> None:
        self.endpoint = endpoint


class NoWire:
    """In the place of a wire that is switched off."""

    def ended(self, span: Span) -> None:
        """Do nothing."""

    def flush(self, seconds: float) -> bool:  # noqa: ARG002 - Wire's
        """Return True: nothing is queued."""
        return True

    def shutdown(self, seconds: float) -> None:
        """Do nothing."""
