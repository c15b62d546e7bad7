"""A recording whose spans go nowhere, and a backend that answers as a test wants."""

import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.pipeline import Pipeline
from cruddur_tracing.recording.recording import Recording
from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.wires.otlp.settings import OtlpSettings
from cruddur_tracing.wires.otlp.wire import OtlpWire
from tools.local_cluster import free_port


def recording(resource: Resource | None = None, **options: Any) -> Recording:
    """Return a recording without wires."""
    ids = RandomIdGenerator()
    pipeline = Pipeline(Resource({"service.name": "shop"}) if resource is None else resource, ids, Failures())
    return Recording(pipeline, xray_trace_id(ids.generate_trace_id()), "shop", **options)


SCOPE = InstrumentationScope("shop", "1.0")
RECORDING = recording()


def ended_span(name: str, size: int = 0, **options: Any) -> Span:
    """Return a span that has ended, with a text of so many characters."""
    span = Span(RECORDING, name, RECORDING.pipeline.ids.generate_span_id(), scope=SCOPE, **options)
    if size:
        span.set_attribute("text", "x" * size)
    span.end()
    return span


@dataclass(slots=True)
class Answered:
    """What a backend answers: a status, headers and a body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Backend:
    """An OTLP backend on the loopback interface. `answer` is called for each request."""

    def __init__(self, answer: Callable[[], Answered] = Answered, port: int = 0) -> None:
        self.answer = answer
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.clients: list[int] = []
        self._connections: list[socket.socket] = []
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                backend._connections.append(self.connection)

            def do_POST(self) -> None:
                backend._take(self)

            def log_message(self, *message: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port or free_port()), Handler)
        self.server.daemon_threads = False  # so that close() waits for them
        self.port: int = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def settings(self, **options: Any) -> OtlpSettings:
        """Return settings for this backend."""
        return OtlpSettings(endpoint=f"http://127.0.0.1:{self.port}/v1/traces", **options)

    def close(self) -> None:
        """Refuse connections from now on, and end those that are open after they have been answered."""
        self.server.shutdown()
        self._thread.join()
        for connection in self._connections:
            with suppress(OSError):  # it has ended
                connection.shutdown(socket.SHUT_RD)
        self.server.server_close()

    def names(self) -> Counter[str]:
        """Return how often a span of each name was taken."""
        return Counter(
            span.name
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        )

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        body = handler.rfile.read(length)
        if len(body) < length:  # the connection ends
            return
        encoding = handler.headers.get("Content-Encoding")
        if encoding is not None:
            body = gzip.decompress(body) if encoding == "gzip" else zlib.decompress(body)
        answered = self.answer()
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        self.paths.append(handler.path)
        self.clients.append(handler.client_address[1])
        if answered.status == 200:
            self.requests.append(ExportTraceServiceRequest.FromString(body))
        handler.send_response(answered.status)
        for name, value in ({"Content-Type": "application/x-protobuf"} | answered.headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answered.body)))
        handler.end_headers()
        handler.wfile.write(answered.body)


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A backend that takes everything."""
    made = Backend()
    yield made
    made.close()


@pytest.fixture
def wire(backend: Backend, failures: Failures) -> Iterator[OtlpWire]:
    """A wire to that backend."""
    made = OtlpWire(backend.settings(), failures)
    yield made
    made.shutdown(0)


def soon(seconds: float = 10) -> float:
    return time.monotonic() + seconds


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None], connections: int = 1) -> Iterator[OtlpSettings]:
    """Run a server that handles each connection by a function, and yield the settings for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            for _ in range(connections):
                connected, _ = listening.accept()
                with connected, contextlib.suppress(OSError):
                    serve(connected)

        thread = threading.Thread(target=run)
        thread.start()
        yield OtlpSettings(f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces")
        thread.join()
