"""Datagrams on the agent's UDP port: a steady 20,000 a second for 5 seconds, and the number that is stored."""

import json
import random
import socket
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench import table
from bench.processes import running
from bench.xray_local.ingest import segment
from tools.local_cluster import free_port

HEADER = b'{"format":"json","version":1}\n'
SLICE_SECONDS = 0.002  # the sender's interval: send a slice of datagrams, then sleep for the rest
SETTLE_SECONDS = 30.0


def send(port: int, datagrams: list[bytes], rate: int) -> float:
    """Send at `rate` a second and return the seconds that it took."""
    burst = max(1, int(rate * SLICE_SECONDS))
    started = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        for first in range(0, len(datagrams), burst):
            for datagram in datagrams[first : first + burst]:
                sender.send(datagram)
            pause = started + (first + burst) / rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)
    return time.monotonic() - started


def _segments(api: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{api}/_local/health", timeout=600) as answer:
        return int(json.load(answer)["segments"])


def run(rate: int, seconds: int, say: Callable[[str], None]) -> int:
    """Send, wait until the store's count is stable, print the table, and return the number of lost datagrams."""
    random_, now = random.Random(1), time.time()
    say(f"udp: building {rate * seconds:,} datagrams")
    datagrams = [HEADER + segment(random_, now).encode() for _ in range(rate * seconds)]
    api, agent = free_port(), free_port()
    command = [str(Path(sys.executable).parent / "xray-local"), "serve", "--api-port", str(api)]
    command += ["--agent-port", str(agent), "--otlp-port", "0", "--max-traces", "1000000"]
    with running(command, f"http://127.0.0.1:{api}/_local/health") as server:
        say(f"udp: sending {rate:,} a second for {seconds} s")
        before = server.cpu_seconds()
        took = send(agent, datagrams, rate)
        stored, end = _segments(api), time.monotonic() + SETTLE_SECONDS
        while stored < len(datagrams) and time.monotonic() < end:
            time.sleep(0.2)
            stored = _segments(api)
        cpu = server.cpu_seconds() - before
    lost = len(datagrams) - stored
    row = [f"{len(datagrams):,}", f"{len(datagrams) / took:,.0f}", f"{stored:,}", f"{lost:,}", f"{cpu:.1f}"]
    print(table.markdown(["datagrams", "sent per second", "stored", "lost", "CPU seconds"], [row]))
    return lost
