"""Fixtures of the tracing's tests: an agent's UDP port, and apps traced by either recorder or both."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder
from flask import Flask, abort
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider

from cruddur_tracing import TracingSettings, install
from cruddur_tracing.agent import Agent


class Datagrams:
    """The UDP port of an agent. What was sent on the loopback address is there at once."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def raw(self) -> list[bytes]:
        """Give what arrived since the last call."""
        received = []
        while True:
            try:
                received.append(self._socket.recv(70_000))
            except BlockingIOError:
                return received

    def senders(self) -> list[tuple[str, int]]:
        """Give the address that each datagram since the last call came from."""
        found = []
        while True:
            try:
                found.append(self._socket.recvfrom(70_000)[1])
            except BlockingIOError:
                return found

    def documents(self) -> list[dict[str, Any]]:
        """Give the documents that arrived since the last call."""
        return [json.loads(one.split(b"\n", 1)[1]) for one in self.raw()]

    def close(self) -> None:
        """Close the port."""
        self._socket.close()


@pytest.fixture
def datagrams() -> Iterator[Datagrams]:
    """Give the UDP port of an agent whose TCP port nobody listens on."""
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
    """A traced app and what its recorders have recorded."""

    app: Flask
    client: FlaskClient
    rules: Rules
    exporter: InMemorySpanExporter
    datagrams: Datagrams

    def spans(self) -> list[ReadableSpan]:
        """Give the server spans that ended since the last call."""
        ended = [span for span in self.exporter.get_finished_spans() if span.kind.name == "SERVER"]
        self.exporter.clear()
        return ended


Make = Callable[..., Traced]


def routes(app: Flask) -> None:
    """Give `app` a few routes."""
    app.add_url_rule("/", "home", view_func=lambda: "hello")
    app.add_url_rule("/healthz", "healthz", view_func=lambda: "ok")
    app.add_url_rule("/status/<int:code>", view_func=abort)
    app.add_url_rule("/raise", "raise", view_func=lambda: str(1 // 0))


@pytest.fixture
def traced(datagrams: Datagrams) -> Iterator[Make]:
    """Give a function that makes a traced app; `decision` is what the rules say."""
    stock = xray_recorder.emitter, xray_recorder.sampler

    def make(
        *,
        opentelemetry: bool = True,
        decision: str | bool = "Default",
        provider: TracerProvider | None = None,
        **settings: Any,
    ) -> Traced:
        exporter = InMemorySpanExporter()
        provider = provider or TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        app = Flask("shop")
        routes(app)
        agent = Agent("127.0.0.1", datagrams.port, "127.0.0.1", datagrams.port)
        chosen = TracingSettings(agent=agent, **settings)
        install(app, chosen, {}, tracer_provider=provider if opentelemetry else NoOpTracerProvider())
        rules = Rules(decision)
        xray_recorder.sampler = rules
        return Traced(app, app.test_client(), rules, exporter, datagrams)

    yield make
    if xray_recorder.emitter is not stock[0]:
        xray_recorder.emitter.close()
    xray_recorder.emitter, xray_recorder.sampler = stock
    xray_recorder.dynamic_naming = None
    xray_recorder.clear_trace_entities()
    global_sdk_config.set_sdk_enabled(True)
