"""Ingest of a real process: what it acknowledged survives kill -9, and its memory stays flat at the limit on traces."""

import http.client
import json
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest

from tests.xray_local import otlp
from tests.xray_local.process import FREE, started
from tests.xray_local.samples import NOW, text, trace_id
from xray_local.cli import client
from xray_local.state.store import Store

pytestmark = pytest.mark.process
SECONDS = 60
KILLS = 2
CALLS = 25  # of each sender before a kill
WIRES = ("/TraceSegments", "/v1/traces")
MAX_TRACES = 100
TRACE_BYTES = 100_000
GROWTH = 20.0  # MiB, while 60 arrive


def segments(number: int) -> dict[str, Any]:
    """Return a call of PutTraceSegments with two documents of a trace."""
    return {"TraceSegmentDocuments": [text(number), text(number, 2)]}


def spans(number: int) -> dict[str, Any]:
    """Return an OTLP request with two spans of a trace."""
    ids = {"traceId": trace_id(number)[2:].replace("-", "")}
    return otlp.request(otlp.span(**ids), otlp.span(**ids, spanId=f"{2:016x}"))


class Senders:
    """Send a new trace in each call until the process is killed; `acknowledged` are those whose call was answered."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.acknowledged: list[int] = []
        self.sent = {path: Semaphore(0) for path in WIRES}

    def send(self, address: str, path: str, body: Callable[[int], dict[str, Any]]) -> None:
        """Send over one connection."""
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=SECONDS)
        try:
            for number in self.numbers:
                connection.request("POST", path, json.dumps(body(number)), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                assert json.load(answer) in ({}, {"UnprocessedTraceSegments": []})
                self.acknowledged.append(number)
                self.sent[path].release()
        except (OSError, http.client.HTTPException, ValueError):  # killed, perhaps in the middle of an answer
            return
        finally:
            connection.close()

    def read(self, address: str) -> None:
        """Read, so that the kill also meets a log of which a part is indexed."""
        try:
            while True:
                client.call(address, "TraceSummaries", {"StartTime": NOW, "EndTime": NOW + 1})
        except client.ClientError:
            return


def test_what_was_acknowledged_survives_kill_9_during_ingest(tmp_path: Path) -> None:
    """By both wires, with several kills of one file."""
    file = str(tmp_path / "xray.db")
    senders = Senders()
    with ThreadPoolExecutor() as threads:
        for _ in range(KILLS):
            with started(*FREE, "--db", file) as (process, addresses):
                work = [
                    threads.submit(senders.send, addresses["api"], WIRES[0], segments),
                    threads.submit(senders.send, addresses["otlp"], WIRES[1], spans),
                    threads.submit(senders.read, addresses["api"]),
                ]
                for path in CALLS * WIRES:
                    assert senders.sent[path].acquire(timeout=SECONDS)
                process.kill()
                for running in work:
                    running.result(SECONDS)
    store = Store(file)
    lost = [number for number in senders.acknowledged if len(store.documents(trace_id(number))) != 2]
    counts = store.counts()
    store.close()
    assert lost == []
    assert (counts["segments"] > KILLS, counts["spans"] > KILLS) == (True, True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_flat_at_the_limit_on_traces() -> None:
    """Whole traces go, the oldest first."""
    with started(*FREE, "--max-traces", str(MAX_TRACES)) as (process, addresses):
        numbers = count(1)

        def fill(times: int) -> float:
            for _ in range(times * MAX_TRACES // 10):
                ids = [next(numbers) for _ in range(10)]
                filling = {"default": {"filling": "x" * (TRACE_BYTES // 2)}}
                parts = [text(number, part, metadata=filling) for number in ids for part in (1, 2)]
                client.call(addresses["api"], "TraceSegments", {"TraceSegmentDocuments": parts})
                client.call(addresses["api"], "TraceSummaries", {"StartTime": NOW, "EndTime": NOW + 1})
            return _peak(process.pid)

        full = fill(2)
        assert fill(6) - full < GROWTH
        with urllib.request.urlopen(f"{addresses['api']}/_local/health", timeout=SECONDS) as answer:
            health = json.load(answer)
    counts = {name: health[name] for name in ("traces", "segments", "evicted_traces", "rejected")}
    whole = {"traces": MAX_TRACES, "segments": 2 * MAX_TRACES}
    assert counts == whole | {"evicted_traces": 7 * MAX_TRACES, "rejected": 0}


def _peak(pid: int) -> float:
    """Return the most memory that a process has had, in MiB."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
