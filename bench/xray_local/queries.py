"""Reads of xray-local with many traces stored: CPU milliseconds of the first and the second read, and during ingest.

The requests are those of the page and of the API's clients. moto's server has no filters, no graph of services and no
pages, so it is beside xray-local in one row: the list of all its traces, with as many traces as the others.
"""

import http.client
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import table
from bench.processes import BIN, BenchError, Server, running
from bench.xray_local.ingest import HEADERS
from tools.local_cluster import free_port

SEGMENTS_PER_CALL = 50
BIG_TRACE_SPANS = 10_000
BIG_TRACE_ID = f"1-{1_700_000_000:08x}-{'f' * 24}"
NOW = 1_700_000_000.0
ARRIVING = 5_000  # segments a second
BUDGETS = {"first": 150.0, "second": 50.0}
GRAPH_BUDGET = 300.0
BIG_TRACE_BUDGET = 150.0
SEGMENTS_OF_A_TRACE = 5  # of those that arrive
ARRIVING_SECONDS = 0.2  # before each read of those that are measured
BUSY_SHARE = 1.5  # of what the second read may cost, while segments arrive
REPEATED = 5
MARK = "f" * 16  # in the trace ids of a prepared call, replaced in each copy of it
FILTERS = (
    "fault",
    "responsetime > 0.29 AND !partial",
    'http.url CONTAINS "/api/7" AND http.status = 404',
    'annotation.handle = "user7"',
    'service("backend-flask") { fault }',
    'edge("backend-flask", "users-api") { fault }',
)
GROUPS = 25
EVERYTHING = {"StartTime": 0, "EndTime": 4_000_000_000}


def document(random_: random.Random, number: int) -> str:
    """Return a segment of a small web request: one in 50 fails, one in 30 is not found."""
    kind = random_.random()
    status = 500 if kind < 0.02 else 404 if kind < 0.05 else 200
    start = NOW + number / 1000
    calls = [
        {
            "id": f"{random_.getrandbits(64):016x}",
            "name": name,
            "start_time": start + 0.001,
            "end_time": start + random_.random() / 10,
            "namespace": "remote",
            "http": {"request": {"method": "GET", "url": f"http://{name}/items"}, "response": {"status": 200}},
            "metadata": {"default": {"rows": 12}},
        }
        for name in ("activities-db", "users-api")[: random_.randint(1, 2)]
    ]
    failed = {
        "fault": True,
        "cause": {"exceptions": [{"id": "0" * 16, "type": "ValueError", "message": f"no {number}"}]},
    }
    return json.dumps(
        {
            "trace_id": f"1-{int(NOW):08x}-{number:024x}",
            "id": f"{random_.getrandbits(64):016x}",
            "name": "backend-flask",
            "start_time": start,
            "end_time": start + random_.random() * 0.3,
            "http": {
                "request": {"method": "GET", "url": f"http://localhost:4567/api/{number % 50}"},
                "response": {"status": status},
            },
            "annotations": {"handle": f"user{number % 1000}", "cached": number % 3 == 0},
            "subsegments": calls,
            **(failed if status == 500 else {"error": True} if status == 404 else {}),
        }
    )


def big_trace() -> list[str]:
    """Return the segments of one trace with BIG_TRACE_SPANS subsegments, small ones because of X-Ray's limit."""
    documents = []
    for part in range(BIG_TRACE_SPANS // 500):
        nested = [{"id": f"{part * 500 + number + 1:016x}", "name": "n"} for number in range(500)]
        segment = {"trace_id": BIG_TRACE_ID, "id": f"{2**60 + part:016x}", "name": "big", "subsegments": nested}
        documents.append(json.dumps(segment | {"start_time": NOW, "end_time": NOW + 1}, separators=(",", ":")))
    return documents


def cpu_seconds(server: Server) -> float:
    """Return the CPU time of the server's threads by their scheduler statistics, which count nanoseconds."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


class Client:
    """One kept-alive connection to a measured server."""

    def __init__(self, port: int, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self.port, self.server = port, server

    def put(self, documents: list[str]) -> None:
        """Store segment documents."""
        self.request("POST", "/TraceSegments", {"TraceSegmentDocuments": documents})

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """Send a request and return the response's body."""
        self._connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise BenchError(f"{method} {path} answered {response.status}: {content[:300]!r}")
        return content

    def cpu_ms(
        self, method: str, path: str, body: object = None, clock: Callable[[Server], float] = cpu_seconds
    ) -> float:
        """Return the CPU milliseconds of the server for one request."""
        before = clock(self.server)
        self.request(method, path, body)
        return (clock(self.server) - before) * 1000


@contextmanager
def serving(warm_up: Callable[[Client], None]) -> Iterator[Client]:
    """Run xray-local; its modules and templates have bytecode, as those of an installed package after its first use."""
    with tempfile.TemporaryDirectory() as folder:
        bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        with _running(bytecode) as client:
            warm_up(client)
        with _running(bytecode) as client:
            yield client


@contextmanager
def _running(environment: dict[str, str]) -> Iterator[Client]:
    api = free_port()
    command = [str(BIN / "xray-local"), "serve", "--api-port", str(api), "--agent-port", "0", "--otlp-port", "0"]
    with running(command, f"http://127.0.0.1:{api}/_local/health", environment=environment) as server:
        yield Client(api, server)


def requests() -> Iterator[tuple[str, str, str, Any]]:
    """Yield the name, method, path and body of each measured request."""
    yield "list of the page", "GET", "/traces.json", None
    yield "GetTraceSummaries", "POST", "/TraceSummaries", EVERYTHING
    for text in FILTERS:
        yield f"list: {text}", "GET", f"/traces.json?filter={quote(text)}", None
    yield f"{GROUPS} groups with their counts", "GET", "/groups.json", None
    yield "GetServiceGraph", "POST", "/ServiceGraph", EVERYTHING
    yield f"a trace of {BIG_TRACE_SPANS:,} spans", "GET", f"/traces/{BIG_TRACE_ID}.json", None


def budget(name: str) -> tuple[float, float]:
    """Return what the first and the second read of a request may cost."""
    if name == "GetServiceGraph":
        return GRAPH_BUDGET, GRAPH_BUDGET
    if name.startswith("a trace of"):
        return BIG_TRACE_BUDGET, BIG_TRACE_BUDGET
    return BUDGETS["first"], BUDGETS["second"]


def run(traces: int, say: Callable[[str], None]) -> list[str]:
    """Measure, print the table, and return the budgets that were exceeded."""
    with serving(_warm_up) as client:
        _fill(client, traces, say)
        wait_until_summarized(client, say)
        say(f"queries: {client.server.memory()[0]:.0f} MiB")
        rows, broken = [], []
        for name, *request in requests():
            first, second = client.cpu_ms(*request), statistics.median(client.cpu_ms(*request) for _ in range(3))
            allowed = budget(name)
            if first > allowed[0] or second > allowed[1]:
                limits = f"{allowed[0]:.0f} and {allowed[1]:.0f}"
                broken.append(f"queries: {name}: {first:.0f} and {second:.0f} ms, promised {limits}")
            rows.append([name, f"{first:.0f}", f"{second:.0f}"])
            say(f"queries: {name}: {first:.0f} and {second:.0f} ms")
        say(f"queries: {ARRIVING:,} segments a second arrive")
        arriving = Arriving(client)
        for row, (name, *request) in zip(rows, requests(), strict=True):
            second, busy = float(row[-1]), arriving.cpu_ms(*request)
            if busy > BUSY_SHARE * budget(name)[1]:
                broken.append(f"queries: {name}: {busy:.0f} ms, promised {BUSY_SHARE * budget(name)[1]:.0f}")
            row.append(f"{busy:.0f} (x {busy / max(second, 1.0):.1f})")
            say(f"queries: {name}: {row[-1]} ms while segments arrive")
    rows.append(["moto: GetTraceSummaries, a tenth of the traces", *_moto(traces // 10, say), "-"])
    print(table.markdown(["request", "first read, CPU ms", "second", "while segments arrive"], rows))
    return broken


class Arriving:
    """Sends ARRIVING segments a second, all of new traces, and reads from time to time.

    Both use one connection: the CPU time of a read has none of the calls that store segments, and all of what the
    segments that arrived before it still cost.
    """

    def __init__(self, client: Client) -> None:
        random_ = random.Random(2)
        self._client = client
        self._sent = 0
        self._documents = [
            document(random_, number).replace(f"-{number:024x}", f"-{MARK}{number // SEGMENTS_OF_A_TRACE:08x}")
            for number in range(SEGMENTS_PER_CALL)
        ]

    def cpu_ms(self, method: str, path: str, body: object = None) -> float:
        """Return the median of the CPU milliseconds of the server for a request, while segments arrive."""
        times = []
        for _ in range(REPEATED):
            self._send(ARRIVING_SECONDS)
            times.append(self._client.cpu_ms(method, path, body))
        return statistics.median(times)

    def _send(self, seconds: float) -> None:
        started = time.monotonic()
        for number in range(1, int(ARRIVING * seconds / SEGMENTS_PER_CALL) + 1):
            self._sent += 1
            self._client.put([text.replace(MARK, f"{self._sent:016x}") for text in self._documents])
            time.sleep(max(0.0, started + number * SEGMENTS_PER_CALL / ARRIVING - time.monotonic()))


def _moto(traces: int, say: Callable[[str], None]) -> list[str]:
    port = free_port()
    command = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with running(command, f"http://127.0.0.1:{port}/moto-api/") as server:
        client = Client(port, server)
        random_ = random.Random(1)
        say(f"queries: storing {traces:,} traces in moto")
        for first in range(0, traces, SEGMENTS_PER_CALL):
            client.put([document(random_, first + number) for number in range(SEGMENTS_PER_CALL)])
        # It has a thread for each request, whose own statistics end with it.
        return [f"{client.cpu_ms('POST', '/TraceSummaries', EVERYTHING, Server.cpu_seconds):.0f}" for _ in range(2)]


def _warm_up(client: Client) -> None:
    for part in big_trace():
        client.put([part])
    for _, *request in requests():
        client.request(*request)


def _fill(client: Client, traces: int, say: Callable[[str], None]) -> None:
    random_ = random.Random(1)
    say(f"queries: storing {traces:,} traces")
    for first in range(0, traces, SEGMENTS_PER_CALL):
        client.put([document(random_, first + number) for number in range(SEGMENTS_PER_CALL)])
    for part in big_trace():
        client.put([part])
    for number in range(GROUPS):
        group = {"GroupName": f"group-{number}", "FilterExpression": FILTERS[number % len(FILTERS)]}
        client.request("POST", "/CreateGroup", group)


def wait_until_summarized(client: Client, say: Callable[[str], None]) -> None:
    """Wait until no stored trace has to be summarized, and no block of them counted."""
    say("waiting until the traces are summarized")
    request = {**EVERYTHING, "FilterExpression": 'annotation.handle = "nobody"'}
    while json.loads(client.request("POST", "/TraceSummaries", request))["TracesProcessedCount"]:
        time.sleep(0.05)
    client.server.wait_until_idle()
