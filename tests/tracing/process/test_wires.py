"""Both wires at the end of a process, and the wire of segments while the agent is silent."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from cruddur_tracing import TracingSettings, install, uninstall
from cruddur_tracing.install import current
from cruddur_tracing.process.wires import Wires
from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.failures import FAILURES, Failures
from cruddur_tracing.resilience.network.address import Agent
from cruddur_tracing.wires.otlp.wire import OtlpWire
from tests.tracing.served import until
from tests.tracing.wires.datagrams.conftest import UdpAgent, other_host
from tests.tracing.wires.otlp.conftest import Answered, Backend, ended_span, recording

SPANS = 600  # more than one request


@pytest.fixture
def backend() -> Backend:
    """An OTLP backend that needs a moment for each request."""

    def slowly() -> Answered:
        time.sleep(0.25)
        return Answered()

    made = Backend()
    made.answer = slowly
    return made


def test_the_wires_end_side_by_side(backend: Backend, free_port: Callable[[], int]) -> None:
    """An agent that is away takes no time from the OTLP wire, and both are counted within one budget."""
    failures = Failures()
    agent = Agent.at("127.0.0.1", free_port())
    wires = Wires(TracingSettings(agent=agent), {}, failures)
    otlp = wires.replacing(BatchSpanProcessor(OTLPSpanExporter(backend.settings().endpoint)))
    assert otlp is not None
    assert wires.segments is not None
    for number in range(SPANS):
        span = ended_span(str(number))
        wires.segments.ended(span)
        otlp.ended(span)
    started = time.monotonic()
    wires.shutdown(2)
    assert time.monotonic() - started < 4  # two budgets
    backend.close()
    assert len(backend.names()) == SPANS
    assert failures.counts == {"segment.lost": SPANS, "agent.unreachable": 1}
    assert "xray-segments" not in [thread.name for thread in threading.enumerate()]


def test_what_is_held_back_is_sent_by_a_flush_and_at_the_end() -> None:
    """Before what the flush waits for, and once."""
    backend = Backend()
    wires = Wires(TracingSettings(segments=False), {}, Failures())
    otlp = wires.replacing(BatchSpanProcessor(OTLPSpanExporter(backend.settings().endpoint)))
    assert isinstance(otlp, OtlpWire)

    made = recording()
    made.pipeline.otlp = otlp
    made.pipeline.hold = wires.held.add

    def hold(name: str) -> None:
        Span(made, name, made.pipeline.ids.generate_span_id()).end()

    for name in ("at once", "held", "held too"):
        hold(name)
    assert otlp.flush(10)
    assert backend.names() == {"at once": 1, "held": 1, "held too": 1}
    hold("last")
    wires.shutdown(10)
    backend.close()
    assert backend.names() == {"at once": 1, "held": 1, "held too": 1, "last": 1}


def test_the_poller_notices_a_silent_agent(caplog: pytest.LogCaptureFixture) -> None:
    """On another host, where UDP reports nothing: what was sent since the port last answered is counted."""
    host = other_host()
    if host is None:
        pytest.skip("no network")
    agent, before = UdpAgent(host), Counter(FAILURES.counts)
    install(Flask("shop"), TracingSettings(agent=agent.address()), {})
    tracing = current()
    try:
        with socket.create_server((host, agent.port)) as port:
            tracing.serve()
            port.accept()[0].close()
            until(lambda: "sampling.local" in caplog.text)  # the poller has seen that the port answers
        tracing.wires.segments.ended(ended_span("lost perhaps"))
        counted = {"agent.unreachable": 1, "segment.unconfirmed": 1}
        until(lambda: Counter(FAILURES.counts) - before == counted)  # after the five seconds until the next attempt
    finally:
        uninstall()
        agent.close()
