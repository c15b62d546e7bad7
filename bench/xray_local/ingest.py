"""Ingest of segments with PutTraceSegments, compared with moto's server in the same run.

The servers run on one core, alternately, with the same calls of 50 segments of about 1.2 KB over one kept-alive
connection. The figure is segments per second of the server's CPU time until the last call is answered; xray-local
indexes afterwards. One process may need more CPU than another, so each server is started several times.
"""

import http.client
import json
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack

from bench import table
from bench.processes import BIN, BenchError, Server, running
from tools.local_cluster import free_port

SEGMENTS_PER_CALL = 50
STARTS = 3
MOTO = "moto"
# moto routes a call by the service in its signature; xray-local accepts any.
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=local"
)
HEADERS = {"Content-Type": "application/json", "Authorization": SIGNATURE}


def segment(random_: random.Random, now: float) -> str:
    """Return a segment document of about 1.2 KB with two subsegments, like that of a small web request."""
    trace_id = f"1-{int(now):08x}-{random_.getrandbits(96):024x}"
    subsegments = [
        {
            "id": f"{random_.getrandbits(64):016x}",
            "name": name,
            "start_time": now + 0.001,
            "end_time": now + 0.02,
            "namespace": "remote",
            "http": {"request": {"method": "GET", "url": f"http://{name}/items"}, "response": {"status": 200}},
            "metadata": {"default": {"rows": 12, "query": "SELECT id, handle, message FROM activities " * 3}},
        }
        for name in ("activities-db", "users-api")
    ]
    return json.dumps(
        {
            "trace_id": trace_id,
            "id": f"{random_.getrandbits(64):016x}",
            "name": "backend-flask",
            "start_time": now,
            "end_time": now + 0.03,
            "http": {"request": {"method": "GET", "url": "http://localhost:4567/api"}, "response": {"status": 200}},
            "annotations": {"handle": "andrewbrown", "cached": False},
            "aws": {"xray": {"sdk": "X-Ray for Python", "sdk_version": "2.15.0"}},
            "service": {"runtime": "CPython", "runtime_version": "3.11.7"},
            "subsegments": subsegments,
        }
    )


def bodies(calls: int, seed: int) -> list[bytes]:
    """Return the request bodies, built in advance so that only the server is measured."""
    random_, now = random.Random(seed), time.time()
    return [
        json.dumps({"TraceSegmentDocuments": [segment(random_, now) for _ in range(SEGMENTS_PER_CALL)]}).encode()
        for _ in range(calls)
    ]


def measure(port: int, server: Server, calls: list[bytes]) -> float:
    """Send the calls over one connection and return the segments per second of the server's CPU time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    before = server.cpu_seconds()
    for body in calls:
        connection.request("POST", "/TraceSegments", body, HEADERS)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or json.loads(text).get("UnprocessedTraceSegments"):
            raise BenchError(f"PutTraceSegments answered {answer.status}: {text[:300]!r}")
    connection.close()
    return len(calls) * SEGMENTS_PER_CALL / (server.cpu_seconds() - before)


def run(rounds: int, calls: int, say: Callable[[str], None]) -> float:
    """Measure all alternately, print the table, and return the lowest ratio of xray-local to moto."""
    figures: defaultdict[str, list[float]] = defaultdict(list)
    for start in range(STARTS):
        say(f"ingest: start {start + 1} of {STARTS}")
        with ExitStack() as cleanup:
            servers = _servers(cleanup)
            for port, server in servers.values():
                measure(port, server, bodies(40, seed=0))
            for number in range(rounds):
                sent = bodies(calls, seed=1 + start * rounds + number)
                for name, (port, server) in servers.items():
                    figures[name].append(measure(port, server, sent))
                    server.wait_until_idle()  # xray-local indexes after a burst, which must not disturb the others
    ratios = {name: table.ratio(values, figures[MOTO]) for name, values in figures.items()}
    rows = [[name, f"{statistics.median(values):,.0f}", f"x {ratios[name]:.1f}"] for name, values in figures.items()]
    print(table.markdown(["server", "segments per CPU second", "against moto"], rows))
    return min(ratio for name, ratio in ratios.items() if name != MOTO)


def _servers(cleanup: ExitStack) -> dict[str, tuple[int, Server]]:
    """Start what is compared, and return the port and the server by name."""
    folder = cleanup.enter_context(tempfile.TemporaryDirectory())
    return {
        "xray-local": _xray_local(cleanup),
        "xray-local, in a file": _xray_local(cleanup, "--db", f"{folder}/xray.db"),
        MOTO: _moto(cleanup),
    }


def _xray_local(cleanup: ExitStack, *options: str) -> tuple[int, Server]:
    port = free_port()
    command = [str(BIN / "xray-local"), "serve", "--api-port", str(port), "--agent-port", "0", "--otlp-port", "0"]
    started = running([*command, "--max-traces", "1000000", *options], f"http://127.0.0.1:{port}/_local/health")
    return port, cleanup.enter_context(started)


def _moto(cleanup: ExitStack) -> tuple[int, Server]:
    port = free_port()
    command = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    return port, cleanup.enter_context(running(command, f"http://127.0.0.1:{port}/moto-api/"))
