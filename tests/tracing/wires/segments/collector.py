"""Runs a real collector whose awsxray exporter sends to xray-local, and reads what it made of spans."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

from cruddur_tracing.wires.segments.wire import HEADER
from pytest_xray_local import XRayLocal
from tests.tracing.wires.segments.spans import Document
from tests.waiting import until
from tools.local_cluster import free_port
from tools.provide import tool_path

CONFIGURATION = """
receivers:
  otlp:
    protocols:
      http:
        endpoint: {otlp}
  awsxray:
    endpoint: {agent}
    transport: udp
    proxy_server:
      endpoint: {agent}
      region: us-east-1
      local_mode: true
      aws_endpoint: {api}
exporters:
  awsxray:
    endpoint: {api}
    region: us-east-1
    local_mode: true
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [otlp, awsxray]
      exporters: [awsxray]
"""
# No credentials are looked up, and the loopback addresses are never behind a proxy.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PATH": os.defpath,
}


@dataclass(frozen=True)
class Collector:
    """A running collector: the addresses of its receivers, of OTLP and of segments, and the xray-local behind it."""

    otlp: str
    agent: str
    local: XRayLocal

    def translate(self, spans: Sequence[ReadableSpan]) -> dict[str, Document]:
        """Return what its awsxray exporter makes of the spans of one trace, by span id."""
        assert self.post(encode_spans(spans).SerializeToString())
        context = spans[0].context
        assert context is not None
        return self.documents(f"1-{context.trace_id >> 96:08x}-{context.trace_id & 2**96 - 1:024x}")

    def forward(self, documents: Sequence[bytes]) -> None:
        """Send documents as an agent gets them. The receiver loses part of a burst, so each waits for the last."""
        host, port = self.agent.split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            for document in documents:
                agent.sendto(HEADER + document, (host, int(port)))
                until(lambda: self._has(document), f"X-Ray has {document!r}", 10, 0.005)  # noqa: B023 - called here

    def _has(self, document: bytes) -> bool:
        found = json.loads(document)
        return found["id"] in self.documents(found["trace_id"])

    def documents(self, trace_id: str) -> dict[str, Document]:
        """Return what xray-local has of a trace, by id."""
        body = json.dumps({"TraceIds": [trace_id]}).encode()
        request = urllib.request.Request(f"{self.local.api}/_local/traces", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            traces = json.load(answer)["Traces"]
        documents = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
        return {document["id"]: document for document in documents}

    def post(self, body: bytes) -> bool:
        """Export spans; the receiver answers when X-Ray has. False while it does not listen."""
        request = urllib.request.Request(
            f"http://{self.otlp}/v1/traces", body, {"Content-Type": "application/x-protobuf"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"the collector answered {error.code}: {error.read()!r}") from error
        except urllib.error.URLError:
            return False


@contextmanager
def collector(local: XRayLocal, folder: Path) -> Iterator[Collector]:
    """Run a collector until the block ends; its log is folder/log."""
    running = Collector(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", local)
    configuration = folder / "config.yaml"
    configuration.write_text(CONFIGURATION.format(otlp=running.otlp, agent=running.agent, api=local.api))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [tool_path("otelcol"), f"--config={configuration}"], env=ENVIRONMENT, stdout=log, stderr=log
        )
    try:
        until(lambda: running.post(b"") or _ended(process, folder), "the collector listens")
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ended(process: subprocess.Popen[bytes], folder: Path) -> Any:
    assert process.poll() is None, (folder / "log").read_text()
