"""What xray-local in the cluster holds, asked through `kubectl port-forward`."""

import contextlib
import json
import subprocess
import threading
import urllib.request
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import until
from tests.e2e.kind.trees import ids
from tools.provide import tool_path
from xray_local.cli import client

BATCH = 5  # traces of one call, as BatchGetTraces has it
TRIES = 3


def _read_and_close(stream: IO[str]) -> None:
    with stream:
        stream.read()


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace: the documents that came by each wire. An entry of both has a document of each, with one id."""

    segments: list[Mapping[str, Any]] = field(default_factory=list)
    spans: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def has_segments(self) -> bool:
        """Whether segments came, and with them each entry that came as a span."""
        return bool(self.segments) and ids(self.spans) <= ids(self.segments)

    @property
    def has_spans(self) -> bool:
        """Whether spans came, and with them each entry that came in a segment."""
        return bool(self.spans) and ids(self.segments) <= ids(self.spans)


class Store:
    """xray-local behind a Service; a forward that broke with its pod is opened again."""

    def __init__(self, cluster: Cluster, namespace: str, service: str, port: int = 8900) -> None:
        self._cluster = cluster
        self._command = ("--namespace", namespace, "port-forward", f"service/{service}", f":{port}")
        self._forward: subprocess.Popen[str] | None = None
        self._reader = threading.Thread()
        self._url = ""

    @property
    def url(self) -> str:
        """The address on this host, which answers."""
        until(self._answers, "xray-local answers", seconds=90)
        return self._url

    def _answers(self) -> bool:
        if self._forward is None or self._forward.poll() is not None:
            self.close()
            self._open()
        try:
            with urllib.request.urlopen(f"{self._url}/_local/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            self.close()
            return False

    def _open(self) -> None:
        self._forward = subprocess.Popen(
            [tool_path("kubectl"), *self._command],
            env=self._cluster.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._forward.stdout is not None
        line = self._forward.stdout.readline()  # Forwarding from 127.0.0.1:40001 -> 8900
        # It prints a line for every connection, and would block if they were not read.
        self._reader = threading.Thread(target=_read_and_close, args=(self._forward.stdout,), daemon=True)
        self._reader.start()
        self._url = f"http://{line.split()[2]}" if line.startswith("Forwarding") else "http://127.0.0.1:9"

    def close(self) -> None:
        """End the forward."""
        if self._forward is not None:
            self._forward.kill()
            self._forward.wait()
            self._reader.join()
        self._forward = None

    def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of the API by its path; again on a new forward when the old one does not answer."""
        for _ in range(TRIES - 1):
            try:
                return client.call(self.url, path, body)
            except client.ClientError:
                self.close()
        return client.call(self.url, path, body)

    def local(self, method: str, path: str, body: Any = None) -> Any:
        """Call one of the addresses under /_local/."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_local/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def traces(self, trace_ids: Collection[str]) -> dict[str, Trace]:
        """Return those of some traces that are there."""
        wanted, found = list(trace_ids), {}
        for start in range(0, len(wanted), BATCH):
            answer = self.call("_local/traces", {"TraceIds": wanted[start : start + BATCH]})
            for trace in answer["Traces"]:
                found[trace["Id"]] = _sorted_out([json.loads(part["Document"]) for part in trace["Segments"]])
        return found

    def peers(self, *operations: str) -> Counter[str]:
        """Count the logged calls of some operations by the address that they came from."""
        calls = self.local("GET", "requests")
        return Counter(call["peer"] for call in calls if call["operation"] in operations)


def _sorted_out(documents: Sequence[Mapping[str, Any]]) -> Trace:
    trace = Trace()
    for document in documents:
        (trace.spans if "otel" in document.get("metadata", {}) else trace.segments).append(document)
    return trace


@contextmanager
def opened(cluster: Cluster, namespace: str, service: str = "cruddur-xray-local") -> Iterator[Store]:
    """Return a store, and close it."""
    with contextlib.closing(Store(cluster, namespace, service)) as store:
        yield store
