"""xray-local's start: the time until it answers, and the memory of the idle process.

Its modules have bytecode, as those of an installed package or in the image: compiling them takes as long as the start.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping

from bench import table
from bench.processes import BIN, running
from tools.local_cluster import free_port

IDLE_SECONDS = 1.0
READY_PROMISE = 0.4  # seconds
MEMORY_PROMISE = 45.0  # MiB


def run(starts: int, say: Callable[[str], None]) -> list[str]:
    """Start it several times with OTLP/gRPC and without, print the medians, and return what was promised and missed."""
    with tempfile.TemporaryDirectory() as folder:
        bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        _start(["--otlp-grpc-port", "0"], bytecode)  # which writes it
        return _measured(starts, bytecode, say)


def _measured(starts: int, environment: Mapping[str, str], say: Callable[[str], None]) -> list[str]:
    rows = []
    broken = []
    for name, options in (("xray-local", ["--otlp-grpc-port", "off"]), ("with OTLP/gRPC", ["--otlp-grpc-port", "0"])):
        say(f"start: {name}")
        figures = [_start(options, environment) for _ in range(starts)]
        ready, memory = (statistics.median(values) for values in zip(*figures, strict=True))
        rows.append([name, f"{ready:.2f} s", f"{memory:.1f} MiB"])
        if options[-1] == "off":
            broken += [f"start: ready after {ready:.2f} s, promised {READY_PROMISE}"] if ready > READY_PROMISE else []
            broken += [f"start: {memory:.1f} MiB, promised {MEMORY_PROMISE:.0f}"] if memory > MEMORY_PROMISE else []
    print(table.markdown(["process", "ready after", "idle memory"], rows))
    return broken


def _start(options: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    port = free_port()
    command = [str(BIN / "xray-local"), "serve", "--api-port", str(port), "--agent-port", "0", "--otlp-port", "0"]
    health = f"http://127.0.0.1:{port}/_local/health"
    with running([*command, *options], health, environment=environment) as server:
        time.sleep(IDLE_SECONDS)
        return server.boot, server.memory()[0]
