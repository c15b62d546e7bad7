"""The real collector, as the chart sets it up on nodes, in front of an X-Ray that is away."""

import json
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demo import steps
from demo.stack import Addresses, Stack
from tests.chart.matrix import AWS
from tests.chart.real_collector import ADDRESS, running
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
