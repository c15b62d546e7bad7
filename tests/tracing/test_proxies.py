"""A process behind a proxy: spans go through it where OpenTelemetry's exporter would, the agent is never behind it."""

import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pytest_xray_local import XRayLocal
from tests.tracing.served import both, environment, rules_fetched, sample_all, served

pytestmark = pytest.mark.process


class Proxy(ThreadingHTTPServer):
    """Passes requests on; `targets` are the URLs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.targets: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_POST(self) -> None:
        """Pass a request on, whose target is a URL."""
        self.server.targets.append(self.path)
        url = urlsplit(self.path)
        connection = http.client.HTTPConnection(url.netloc, timeout=10)
        connection.request("POST", url.path, self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Write nothing."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Run a proxy."""
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1,localhost"], ids=["HTTP_PROXY", "HTTP_PROXY and NO_PROXY"])
def test_both_wires_and_the_rules_behind_a_proxy(
    xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path, proxy: Proxy, no_proxy: str
) -> None:
    """The trace arrives on both wires by the agent's rules, and the proxy sees the OTLP requests or nothing."""
    sample_all(xray_local)
    variables = {"HTTP_PROXY": f"http://127.0.0.1:{proxy.server_port}", "NO_PROXY": no_proxy}
    variables |= {name.lower(): value for name, value in variables.items()}
    with served(free_port(), tmp_path / "log", environment(xray_local, **variables)) as running:
        rules_fetched(xray_local, 2)
        span, segment = both(xray_local, running.get().trace)
    assert segment["id"] == span["id"]
    assert segment["aws"]["xray"]["sampling_rule_name"] == "Default"
    assert set(proxy.targets) == (set() if no_proxy else {f"{xray_local.otlp}/v1/traces"})
