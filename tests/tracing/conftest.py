"""Fixtures of the tracing's tests: an agent's UDP port, and apps that are traced."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from opentelemetry import propagate
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider

from cruddur_tracing import TracingSettings, install, uninstall
from cruddur_tracing.install import current
from cruddur_tracing.resilience import bursts
from cruddur_tracing.resilience.network.address import Agent


class Datagrams:
    """The UDP port of an agent. What was sent on the loopback address is there at once."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def raw(self) -> list[bytes]:
        """Return what arrived since the last call."""
        received = []
        while True:
            try:
                received.append(self._socket.recv(70_000))
            except BlockingIOError:
                return received

    def senders(self) -> list[tuple[str, int]]:
        """Return the address that each datagram since the last call came from."""
        found = []
        while True:
            try:
                found.append(self._socket.recvfrom(70_000)[1])
            except BlockingIOError:
                return found

    def documents(self) -> list[dict[str, Any]]:
        """Return the documents that arrived since the last call."""
        return [json.loads(one.split(b"\n", 1)[1]) for one in self.raw()]

    def close(self) -> None:
        """Close the port."""
        self._socket.close()


@pytest.fixture(autouse=True)
def no_late_reports() -> Iterator[None]:
    """Cancel the report that a `Failures` owes a minute after its first line: it would be logged in another test."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


@pytest.fixture
def datagrams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Datagrams]:
    """Return the UDP port of an agent without a TCP port; nothing is ever held back."""
    monkeypatch.setattr(bursts, "HOLD_SECONDS", 0.0)
    port = Datagrams()
    yield port
    port.close()


@dataclass(slots=True)
class Rules:
    """A sampler of the X-Ray SDK's kind that gives the same decision always, and notes what it was asked."""

    decision: str | bool
    asked: list[dict[str, Any]] = field(default_factory=list)

    def should_trace(self, sampling_req: dict[str, Any] | None = None) -> str | bool:
        """Decide."""
        self.asked.append(dict(sampling_req or {}))
        return self.decision


@dataclass(frozen=True, slots=True)
class Traced:
    """A traced app and what has been recorded of it."""

    app: Flask
    client: FlaskClient
    rules: Rules
    exporter: InMemorySpanExporter
    datagrams: Datagrams
    agent: Agent

    def spans(self) -> list[ReadableSpan]:
        """Return the server spans that ended since the last call."""
        ended = [span for span in self.exporter.get_finished_spans() if span.kind.name == "SERVER"]
        self.exporter.clear()
        return ended


Make = Callable[..., Traced]


def routes(app: Flask) -> None:
    """Return `app` a few routes."""
    app.add_url_rule("/", "home", view_func=lambda: "hello")
    app.add_url_rule("/healthz", "healthz", view_func=lambda: "ok")
    app.add_url_rule("/status/<int:code>", view_func=abort)
    app.add_url_rule("/raise", "raise", view_func=lambda: str(1 / 0))


@pytest.fixture
def traced(datagrams: Datagrams) -> Iterator[Make]:
    """Return a function that makes a traced app; `decision` is what decides about new traces."""
    propagator = propagate.get_global_textmap()

    def make(
        *,
        opentelemetry: bool = True,
        decision: str | bool = "Default",
        provider: TracerProvider | None = None,
        app: Flask | None = None,
        environ: Mapping[str, str] = MappingProxyType({}),
        **settings: Any,
    ) -> Traced:
        exporter = InMemorySpanExporter()
        provider = provider or TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        app = app or Flask("shop")
        routes(app)
        agent = Agent.at("127.0.0.1", datagrams.port)
        chosen = TracingSettings(agent=agent, **settings)
        install(app, chosen, environ, tracer_provider=provider if opentelemetry else NoOpTracerProvider())
        rules = Rules(decision)
        tracing = current()
        assert tracing is not None
        tracing.decisions.choose(recorder=rules)
        return Traced(app, app.test_client(), rules, exporter, datagrams, agent)

    yield make
    uninstall()
    propagate.set_global_textmap(propagator)
