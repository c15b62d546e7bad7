"""Relays both wires to an xray-local, and keeps what passed: the segment documents and the spans as OTLP's JSON."""

import base64
import gzip
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

HOST = "127.0.0.1"
DATAGRAM_MAX = 65_535
POLL_SECONDS = 0.05


@dataclass(slots=True)
class Wires:
    """What passed, and the addresses to send to: `agent` for UDP as HOST:PORT, `otlp` as a URL."""

    agent: str
    otlp: str
    segments: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)

    def take_datagram(self, datagram: bytes) -> None:
        """Keep the document after a datagram's header line."""
        self.segments.append(json.loads(datagram.partition(b"\n")[2]))

    def take_request(self, body: bytes) -> None:
        """Keep the spans of an OTLP request."""
        request = MessageToDict(ExportTraceServiceRequest.FromString(body))
        for resource in request.get("resourceSpans", ()):
            for scope in resource.get("scopeSpans", ()):
                self.spans += [_with_hexadecimal_ids(span) for span in scope["spans"]]


def _with_hexadecimal_ids(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span with the ids as OTLP's JSON has them; protobuf's own JSON has them in base64."""
    ids = ("traceId", "spanId", "parentSpanId")
    return span | {name: base64.b64decode(span[name]).hex() for name in ids if span.get(name)}


@contextmanager
def relay(agent: str, otlp: str) -> Iterator[Wires]:
    """Relay to an xray-local's `agent` (HOST:PORT) and `otlp` (a URL) until the block ends."""
    host, _, port = agent.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, ThreadingHTTPServer((HOST, 0), _Handler) as http:
        udp.bind((HOST, 0))
        udp.settimeout(POLL_SECONDS)
        wires = Wires(agent=f"{HOST}:{udp.getsockname()[1]}", otlp=f"http://{HOST}:{http.server_port}")
        http.wires, http.target = wires, otlp  # type: ignore[attr-defined]
        stopped = threading.Event()
        threads = [
            threading.Thread(target=_relay_datagrams, args=(udp, (host, int(port)), wires, stopped)),
            threading.Thread(target=http.serve_forever, args=(POLL_SECONDS,)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield wires
        finally:
            stopped.set()
            http.shutdown()
            for thread in threads:
                thread.join()


def _relay_datagrams(udp: socket.socket, target: tuple[str, int], wires: Wires, stopped: threading.Event) -> None:
    """Relay until the socket is empty after `stopped` was set."""
    while True:
        try:
            datagram = udp.recv(DATAGRAM_MAX)
        except TimeoutError:
            if stopped.is_set():
                return
            continue
        wires.take_datagram(datagram)
        udp.sendto(datagram, target)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Content-Type", "Content-Encoding") if self.headers[name]}
        request = urllib.request.Request(self.server.target + self.path, body, headers)  # type: ignore[attr-defined]
        with urllib.request.urlopen(request, timeout=10) as answer:
            answered = answer.read()
        plain = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
        self.server.wires.take_request(plain)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answered)))
        self.end_headers()
        self.wfile.write(answered)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Log nothing."""
