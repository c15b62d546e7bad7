"""A minimal sink for both recorders, run as a process beside the measured server.

`python -m bench.sink AGENT OTLP RATE` answers GetSamplingRules with one rule of that rate, SamplingTargets with no
target, OTLP with 200, and drops every datagram.
"""

import json
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def _rules(rate: float) -> bytes:
    rule = {"RuleName": "Default", "Priority": 10000, "FixedRate": rate, "ReservoirSize": 0, "Version": 1}
    wildcards = ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN")
    whole = rule | dict.fromkeys(wildcards, "*") | {"Attributes": {}}
    return json.dumps({"SamplingRuleRecords": [{"SamplingRule": whole, "CreatedAt": 0.0, "ModifiedAt": 0.0}]}).encode()


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rules = b""

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/GetSamplingRules":
            self._answer(self.rules)
        elif self.path == "/SamplingTargets":
            targets = {"SamplingTargetDocuments": [], "LastRuleModification": 0.0, "UnprocessedStatistics": []}
            self._answer(json.dumps(targets).encode())
        else:
            self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Log nothing."""


class _Datagrams(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Drop the datagram."""


def main(agent: int, otlp: int, rate: float) -> None:
    """Serve until the process is stopped."""
    _Door.rules = _rules(rate)
    servers: list[socketserver.BaseServer] = [
        ThreadingHTTPServer(("127.0.0.1", agent), _Door),
        ThreadingHTTPServer(("127.0.0.1", otlp), _Door),
        socketserver.UDPServer(("127.0.0.1", agent), _Datagrams),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
