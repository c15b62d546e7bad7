import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pytest_xray_local import XRayLocal
from tests.xray_local.samples import body
from xray_local.cli import client, main
from xray_local.cli.check import missing

Captured = pytest.CaptureFixture[str]


class Service(BaseHTTPRequestHandler):
    """Sends a segment and a span (/whole) or only some to xray-local, and answers."""

    api = ""

    def do_GET(self) -> None:
        """Answer 503 for an unknown path."""
        fields = dict(part.split("=") for part in self.headers["X-Amzn-Trace-Id"].split(";"))
        assert fields["Sampled"] == "1"
        now = time.time()
        times: dict[str, Any] = {"trace_id": fields["Root"], "start_time": now, "end_time": now + 0.01}
        segment = body(1, **times)
        span = body(1, 2, metadata={"otel": {}}, **times)
        sent = {"/whole": [segment, span], "/half": [segment], "/spans": [span]}.get(self.path)
        if sent is not None:
            client.call(self.api, "TraceSegments", {"TraceSegmentDocuments": list(map(json.dumps, sent))})
        self.send_response(503 if sent is None else 200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 (the library's name)
        """Log nothing."""


@pytest.fixture
def service(xray_local: XRayLocal) -> Iterator[str]:
    """Serve, and yield the address."""
    Service.api = xray_local.api
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(xray_local: XRayLocal, *arguments: str) -> int:
    """Run `check` with a short timeout."""
    return main(["check", *arguments, "--seconds=0.6", f"--endpoint={xray_local.api}"], {})


@pytest.mark.process
def test_a_complete_trace_is_drawn(xray_local: XRayLocal, service: str, capsys: Captured) -> None:
    """With the trace id of the request."""
    assert run(xray_local, f"{service}/whole") == 0
    first, *view = capsys.readouterr().out.splitlines()
    trace_id = first.rsplit(" ", 1)[-1]
    assert first == f"GET {service}/whole answered, trace id {trace_id}"
    assert view[0].startswith("backend  ok")


@pytest.mark.process
@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("/half", [], "it has no span (check the collector on port 4318)"),
        ("/spans", [], "it has no segment (check the agent on port 2000)"),
        ("/whole", ["--no-segment"], "it has 1 segment: expected none"),
        ("/nothing", [], "answered 503 after 0.6 s: expected 200"),
    ],
)
def test_what_is_missing_is_named(
    xray_local: XRayLocal, service: str, capsys: Captured, path: str, options: list[str], words: str
) -> None:
    """One line, and exit code 1."""
    assert run(xray_local, service + path, *options) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("xray-local: ")
    assert line.endswith(words)


@pytest.mark.process
@pytest.mark.parametrize(("path", "option"), [("/spans", "--no-segment"), ("/half", "--no-trace")])
def test_options_require_less(xray_local: XRayLocal, service: str, path: str, option: str) -> None:
    """No segment if none are sent, no trace if it goes to AWS."""
    assert run(xray_local, service + path, option) == 0


@pytest.mark.process
def test_an_unreachable_endpoint_is_named(service: str, capsys: Captured) -> None:
    """After the timeout."""
    assert main(["check", f"{service}/half", "--seconds=0.2", "--endpoint=http://127.0.0.1:1"], {}) == 1
    assert "cannot reach xray-local at http://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["localhost:4567/"], "URL: 'localhost:4567/': expected http://HOST:PORT/PATH"),
        (["http://["], "URL: 'http://[': expected http://HOST:PORT/PATH"),
        (["http://localhost/", "--seconds=0"], "--seconds: '0': expected a number above 0 and at most 3600"),
        (["http://localhost/", "--seconds=soon"], "--seconds: 'soon': expected a number above 0 and at most 3600"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], words: str, capsys: Captured) -> None:
    """Exit 2."""
    assert main(["check", *arguments], {}) == 2
    assert capsys.readouterr().err == f"xray-local: {words}\n"


def test_an_empty_trace_lacks_both_wires() -> None:
    """Both are named."""
    assert missing([], segment=True).count("no s") == 2
