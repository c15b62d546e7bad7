"""Fixtures of the backend's tests: sinks, and both SDKs in this process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import AWSXRayRecorder, xray_recorder
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from cruddur_tracing import TracingSettings, uninstall
from tests.backend.sinks import Sinks, running_sinks

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)  # an older sample raises OverflowError


@pytest.fixture
def now() -> datetime:
    """Return the tests' fixed time."""
    return NOW


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """Return a clock that does not advance."""
    return lambda: NOW


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    """Run sinks whose rule samples every request."""
    with running_sinks() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Spans:
    """A tracer of this process and its finished spans, in order."""

    tracer: Tracer
    exporter: InMemorySpanExporter

    def named(self, name: str) -> ReadableSpan:
        """Return the only finished span of this name."""
        (found,) = [span for span in self.exporter.get_finished_spans() if span.name == name]
        return found


@pytest.fixture
def spans() -> Spans:
    """Return a tracer whose spans stay in memory."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Spans(provider.get_tracer("tests"), exporter)


class _Kept:
    """An emitter that stores documents instead of sending them."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_entity(self, entity: Any) -> None:
        self.sent.append(entity.to_dict())


@pytest.fixture
def xray_off() -> Iterator[TracingSettings]:
    """Yield tracing settings without segments, and stop the tracing afterwards."""
    yield TracingSettings(xray_enabled=False)
    uninstall()


@dataclass(frozen=True, slots=True)
class Segments:
    """The X-Ray SDK's recorder and the documents it has sent."""

    recorder: AWSXRayRecorder
    sent: list[dict[str, Any]]


@pytest.fixture
def segments() -> Iterator[Segments]:
    """Yield the SDK's global recorder with an emitter that stores documents, and without an open segment."""
    uninstall()  # of an earlier test, with which the recorder would not be the SDK's own
    kept, stock = _Kept(), xray_recorder.emitter
    missing = xray_recorder.context.context_missing
    global_sdk_config.set_sdk_enabled(True)
    xray_recorder.clear_trace_entities()
    xray_recorder.emitter = kept
    yield Segments(xray_recorder, kept.sent)
    xray_recorder.emitter = stock
    xray_recorder.context.context_missing = missing
    xray_recorder.clear_trace_entities()
