"""The real collector, as the chart sets it up on nodes, in front of a destination that is away."""

import json
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo import steps
from demo.stack import Addresses, Stack
from tests.chart.matrix import AWS
from tests.chart.real_collector import ADDRESS, need_file_storage, read, running
from tests.chart.release import Values
from tests.waiting import until

pytestmark = pytest.mark.process
SEGMENTS = 120  # three calls of PutTraceSegments


def segment() -> tuple[str, bytes]:
    """Return a trace id and a datagram with its only segment, as an SDK sends it."""
    now = time.time()
    trace_id = f"1-{int(now):08x}-{secrets.token_hex(12)}"
    document = {"name": "a", "id": secrets.token_hex(8), "trace_id": trace_id, "start_time": now - 0.1, "end_time": now}
    return trace_id, b'{"format": "json", "version": 1}\n' + json.dumps(document).encode()


def test_segments_wait_while_x_ray_is_unreachable(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """None is lost, whether sent before X-Ray was reachable or during a retry."""
    x_ray = Stack(Addresses(free_port(), free_port(), free_port(), free_port()), tmp_path)
    given: Values = {**AWS, "tracing.agent": "collector", "aws.endpoint": x_ray.addresses.page}
    sent: list[str] = []
    try:
        with running(given, tmp_path), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            for _ in range(SEGMENTS):
                trace_id, datagram = segment()
                sent.append(trace_id)
                agent.sendto(datagram, (ADDRESS, 2000))
                time.sleep(0.02)
            until(lambda: "Exporting failed" in (tmp_path / "log").read_text(), "the collector noticed")
            x_ray.start_xray_local()
            until(lambda: len(steps.documents(x_ray, sent)) == SEGMENTS, f"{SEGMENTS} segments arrive")
    finally:
        x_ray.close()


def spans(trace_id: str) -> dict[str, Any]:
    """Return a request of OTLP with one span."""
    now = time.time_ns()
    times = {"startTimeUnixNano": str(now - 10**8), "endTimeUnixNano": str(now)}
    span = {"traceId": trace_id, "spanId": secrets.token_hex(8), "name": "a", "kind": 2, **times}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def test_spans_survive_a_killed_collector(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """What it has acknowledged is in a file: its successor on the same volume sends all of it."""
    need_file_storage()
    otlp = free_port()
    xray_local = Stack(Addresses(free_port(), free_port(), free_port(), otlp), tmp_path)
    retry = {"initial_interval": "200ms", "max_interval": "1s", "max_elapsed_time": "0s"}
    given: Values = {
        **AWS,
        "collector.queue.volume": {"emptyDir": {}},
        "destinations.otlp": {"own": {"endpoint": f"http://127.0.0.1:{otlp}", "retry_on_failure": retry}},
    }
    sent = [f"{int(time.time()):08x}{secrets.token_hex(12)}" for _ in range(SEGMENTS)]
    try:
        with running(given, tmp_path) as collector:
            for trace_id in sent:
                assert read(4318, spans(trace_id), "/v1/traces")
            collector.kill()
            collector.wait()
        with running(given, tmp_path):
            xray_local.start_xray_local()
            ids = [f"1-{trace_id[:8]}-{trace_id[8:]}" for trace_id in sent]
            until(lambda: len(steps.documents(xray_local, ids)) == SEGMENTS, f"{SEGMENTS} spans arrive")
    finally:
        xray_local.close()
