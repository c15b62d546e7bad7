"""Runs the small app under gunicorn, and speaks to it and to xray-local. Used by the process tests only."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from pytest_xray_local import XRayLocal

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 60.0  # seconds that a condition may take on a busy machine


def until(condition: Callable[[], Any]) -> Any:
    """Wait until `condition` gives something true, and give that."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{condition} did not come true in {PATIENCE:.0f} s")


def api(address: str, path: str, **body: Any) -> dict[str, Any]:
    """Call X-Ray's REST API."""
    request = urllib.request.Request(f"{address}/{path}", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def operations(address: str) -> list[str]:
    """Give the names of the API calls that xray-local has answered."""
    with urllib.request.urlopen(f"{address}/_local/requests", timeout=10) as response:
        return [call["operation"] for call in json.load(response)]


def environment(local: XRayLocal, **more: str) -> dict[str, str]:
    return {"AWS_XRAY_DAEMON_ADDRESS": local.agent, "OTEL_EXPORTER_OTLP_ENDPOINT": local.otlp, **more}


def sample_all(local: XRayLocal) -> None:
    api(local.api, "UpdateSamplingRule", SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 1.0})


def rules_fetched(local: XRayLocal, times: int) -> None:
    until(lambda: operations(local.api).count("GetSamplingRules") >= times)


def documents(local: XRayLocal, trace: str) -> list[dict[str, Any]]:
    """Return what xray-local has of a trace."""
    traces = api(local.api, "_local/traces", TraceIds=[trace])["Traces"]
    return [json.loads(segment["Document"]) for found in traces for segment in found["Segments"]]


def is_span(document: dict[str, Any]) -> bool:
    return "otel" in document.get("metadata", {})


def both(local: XRayLocal, trace: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Wait for the span and the segment of a trace, and return them."""
    until(lambda: len(documents(local, trace)) == 2)
    found = documents(local, trace)
    (span,), (segment,) = filter(is_span, found), [document for document in found if not is_span(document)]
    return span, segment


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app answered."""

    status: int
    body: dict[str, Any]
    trace: str


@dataclass(frozen=True, slots=True)
class Served:
    """The running gunicorn; `log` is what it and its workers have written."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str = "/", **headers: str) -> Answer:
        """Ask once, on a connection of its own."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        with urllib.request.urlopen(request, timeout=30) as response:
            body = response.read()
            trace = response.headers.get("X-Amzn-Trace-Id") or ""
        return Answer(response.status, json.loads(body) if body[:1] == b"{" else {}, trace.removeprefix("Root="))

    def alive(self) -> bool:
        """Say whether it answers yet."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/healthz").status == 200
        except OSError:  # refused, or accepted and not answered yet
            return False

    def one_of_each(self, workers: int) -> list[Answer]:
        """Ask until so many workers have answered, and give an answer of each."""
        seen: dict[int, Answer] = {}

        def all_seen() -> bool:
            answer = self.get()
            seen[answer.body["pid"]] = answer
            return len(seen) >= workers

        until(all_seen)
        return list(seen.values())

    def reload(self) -> None:
        """Send SIGHUP to the master."""
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def served(
    port: int, log: Path, environ: Mapping[str, str], *options: str, opentelemetry: bool = True
) -> Iterator[Served]:
    """Run the app with two workers; it has ended when the block is left."""
    command = [str(BIN / "gunicorn"), "-b", f"127.0.0.1:{port}", "-w", "2", "--no-control-socket"]
    command += ["-c", "python:tests.tracing.gunicorn_shop", *options, "tests.tracing.shop:factory()"]
    if opentelemetry:
        command.insert(0, str(BIN / "opentelemetry-instrument"))
    with running(command, port, log, {"PYTHONPATH": str(ROOT), **environ}, ROOT) as process:
        yield process


@contextmanager
def running(command: list[str], port: int, log: Path, environ: Mapping[str, str], folder: Path) -> Iterator[Served]:
    """Run a server in a folder; it has ended when the block is left."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AWS_", "PYTEST"))}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=kept | dict(environ), stdout=output, stderr=output, cwd=folder)
        try:
            served = Served(port, process, log)
            until(served.alive)
            yield served
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with the request's headers, in lower case."""
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def echo() -> Iterator[str]:
    """Run a service that answers with the headers it was asked with; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
