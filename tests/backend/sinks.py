"""Sinks for both wires: an agent (UDP segments, TCP sampling rules) and an OTLP receiver."""

import gzip
import json
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Span:
    """One received span; ids are hexadecimal text, `parent_id` is empty for a root."""

    name: str
    trace_id: str
    id: str
    parent_id: str
    kind: int
    status: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One received HTTP request."""

    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Received:
    """The received data, in order of arrival."""

    segments: list[dict[str, Any]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    otlp_calls: list[Call] = field(default_factory=list)
    agent_calls: list[Call] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sinks:
    """The running sinks: `agent` is host:port for UDP and TCP, `otlp` a URL."""

    agent: str
    otlp: str
    received: Received


def _rules(rate: float) -> bytes:
    wildcards = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
    rule = {"RuleName": "Default", "Priority": 10000, "FixedRate": rate, "ReservoirSize": 0, "Version": 1}
    record = {"SamplingRule": {**rule, **wildcards, "Attributes": {}}, "CreatedAt": 0.0, "ModifiedAt": 0.0}
    return json.dumps({"SamplingRuleRecords": [record]}).encode()


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}


def decode_spans(body: bytes) -> Iterator[Span]:
    """Yield the spans of an OTLP request in protobuf."""
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield Span(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    kind=span.kind,
                    status=span.status.code,
                    attributes=_attributes(span.attributes),
                    resource=resource,
                    events=tuple(event.name for event in span.events),
                )


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Log nothing."""


def _agent(received: Received, rate: float) -> type[BaseHTTPRequestHandler]:
    targets = {"SamplingTargetDocuments": [], "LastRuleModification": 0.0, "UnprocessedStatistics": []}
    answers = {"/GetSamplingRules": _rules(rate), "/SamplingTargets": json.dumps(targets).encode()}

    class Agent(_Door):
        def do_POST(self) -> None:
            self._body()
            received.agent_calls.append(Call(self.path, dict(self.headers)))
            self._answer(answers[self.path])

    return Agent


def _otlp(received: Received) -> type[BaseHTTPRequestHandler]:
    class Otlp(_Door):
        def do_POST(self) -> None:
            body = self._body()
            received.otlp_calls.append(Call(self.path, {key.lower(): text for key, text in self.headers.items()}))
            if self.path == "/v1/traces":
                received.spans.extend(decode_spans(body))
            self._answer(b"")

    return Otlp


def _datagrams(received: Received) -> type[socketserver.BaseRequestHandler]:
    class Datagrams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data: bytes = self.request[0]
            received.segments.append(json.loads(data.partition(b"\n")[2]))

    return Datagrams


class _Datagrams(socketserver.UDPServer):
    max_packet_size = 65536

    def server_bind(self) -> None:
        # The kernel must not drop a burst while the test's own threads hold the interpreter.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
        super().server_bind()


@contextmanager
def running_sinks(*, rate: float = 1.0) -> Iterator[Sinks]:
    """Serve both sinks on free ports; the agent's one rule samples `rate` of all requests."""
    received = Received()
    agent = ThreadingHTTPServer((HOST, 0), _agent(received, rate))
    port = agent.server_address[1]
    otlp = ThreadingHTTPServer((HOST, 0), _otlp(received))
    servers: list[socketserver.BaseServer] = [agent, otlp, _Datagrams((HOST, port), _datagrams(received))]
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield Sinks(f"{HOST}:{port}", f"http://{HOST}:{otlp.server_address[1]}", received)
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()
