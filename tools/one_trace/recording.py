"""Records what the app's requests write, on both wires and in xray-local, before and after our package is installed."""

import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_xray_local import XRayLocal
from pytest_xray_local.process import running
from tools.one_trace.environment import OURS, SECONDS, STOCK, AppError, serving
from tools.one_trace.relay import Wires, relay
from tools.provide import ROOT
from tools.virtual_environment import VirtualEnvironment

BIN = ROOT / ".venv/bin"
PATHS = ("/api/activities/home", "/api/activities/notifications", "/api/activities/@andrewbrown")
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_XRAY_URL": "*4567-cruddur.gitpod.io*",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",  # the exporter that the app installs
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_SERVICE_NAME": "backend-flask",
}
LOAD_SECONDS = 0.3  # that the stock SDK's thread may take for the rules that it has received


@dataclass(frozen=True, slots=True)
class Entry:
    """One (sub)segment or span."""

    trace_id: str  # 32 hexadecimal digits
    id: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the requests to PATHS wrote; `listed` and `shown` are what `xray-local traces` and `show` print of it."""

    url: str
    wires: Wires
    traces: Mapping[str, set[str]]  # by path
    listed: str
    shown: Mapping[str, str]  # the traces of the first path, by trace id

    def segments(self, path: str) -> list[dict[str, Any]]:
        """Return the segment documents of a request."""
        return [document for document in self.wires.segments if _trace_id(document) in self.traces[path]]

    def spans(self, path: str) -> list[dict[str, Any]]:
        """Return the spans of a request."""
        return [span for span in self.wires.spans if span["traceId"] in self.traces[path]]

    def entries(self, path: str) -> dict[str, list[Entry]]:
        """Return by wire what a request wrote."""
        return {
            "segments": [entry for document in self.segments(path) for entry in _segment_entries(document)],
            "otlp": [_span_entry(span) for span in self.spans(path)],
        }


def _trace_id(document: Mapping[str, Any]) -> str:
    return str(document["trace_id"][2:].replace("-", ""))


def _segment_entries(document: Mapping[str, Any], trace_id: str = "", parent: str | None = None) -> Iterator[Entry]:
    trace_id = trace_id or _trace_id(document)
    yield Entry(trace_id, document["id"], document["name"], document.get("parent_id", parent))
    for child in document.get("subsegments", ()):
        yield from _segment_entries(child, trace_id, document["id"])


def _span_entry(span: Mapping[str, Any]) -> Entry:
    return Entry(span["traceId"], span["spanId"], span["name"], span.get("parentSpanId"))


def _printed(local: XRayLocal, command: str, *arguments: str) -> str:
    """Return what one of xray-local's commands prints."""
    words = [str(BIN / "xray-local"), command, *arguments, "--endpoint", local.api]
    return str(subprocess.run(words, capture_output=True, text=True, check=True).stdout).strip()


Picture = Callable[[str, str], object]  # takes a picture of an address, by a name


def record(folder: Path, picture: Picture | None = None) -> tuple[Recorded, Recorded]:
    """Return what the app writes as it is, and with nothing but our package added."""
    environment = VirtualEnvironment(folder / "app")
    environment.create()
    environment.install(*STOCK)
    with running() as local:
        before = _requests(environment, local)
        if picture:
            picture(f"{local.api}/", "before")
    environment.install(*OURS)
    with running() as local:
        after = _requests(environment, local)
        if picture:
            picture(f"{local.api}/traces/{after.entries(PATHS[0])['otlp'][0].trace_id}", "after")
    return before, after


def _requests(environment: VirtualEnvironment, local: XRayLocal) -> Recorded:
    """Send one request to each path, every one sampled, and return what arrived."""
    local.sample(1.0)
    traces: dict[str, set[str]] = {}
    with relay(local.agent, local.otlp) as wires:
        addresses = {
            "AWS_XRAY_DAEMON_ADDRESS": f"tcp:{local.agent} udp:{wires.agent}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": wires.otlp,
        }
        with serving(environment, VARIABLES | addresses) as url:
            for path in PATHS:
                traces[path] = _request(local, wires, url + urllib.parse.quote(path, safe="/@"))
    shown = {trace_id: _printed(local, "show", trace_id) for trace_id in sorted(traces[PATHS[0]])}
    return Recorded(url, wires, traces, _printed(local, "traces"), shown)


def _request(local: XRayLocal, wires: Wires, url: str) -> set[str]:
    """Send one request and return the ids of its traces: what is new on each wire."""
    earlier = _segment_traces(wires) | _span_traces(wires)
    with urllib.request.urlopen(url, timeout=30):
        pass
    # The stock SDK's own rule samples the first request of a second, the rules all that follow.
    _until("the sampling rules", lambda: "GetSamplingRules" in str(local.call("_local/requests")))
    time.sleep(LOAD_SECONDS)
    _until("a segment and a span", lambda: _segment_traces(wires) - earlier and _span_traces(wires) - earlier)
    return (_segment_traces(wires) | _span_traces(wires)) - earlier


def _segment_traces(wires: Wires) -> set[str]:
    return {_trace_id(document) for document in list(wires.segments)}


def _span_traces(wires: Wires) -> set[str]:
    return {span["traceId"] for span in list(wires.spans)}


def _until(what: str, done: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not done():
        if time.monotonic() > end:
            raise AppError(f"{what} of a request did not arrive within {SECONDS:.0f} s")
        time.sleep(0.05)
