"""Whatever arrives, no listener fails or hangs: each answer is below 500 and takes less than a second of CPU.

`make test` tries a few inputs of each kind, `make fuzz` a million (FUZZ_EXAMPLES for each kind).
"""

import asyncio
import gc
import os
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from yarl import URL

from tests.xray_local import samples
from tests.xray_local.conftest import Client
from tests.xray_local.fuzz import strategies
from xray_local.api.faults import FaultScript
from xray_local.app import build_app
from xray_local.errors import ApiError
from xray_local.ingest.udp import segment_text
from xray_local.state.region import Region
from xray_local.state.store import Store
from xray_local.traces.documents import SegmentError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
SECONDS = 1.0
TRACES_MAX = 20
KEPT_BYTES = 50_000
Input = tuple[tuple[str, bytes], bytes, tuple[str, bytes]]
RANGE = {"StartTime": 0, "EndTime": samples.NOW + 10}
FEW = min(EXAMPLES // 2, 5_000)  # under tracemalloc, which is slow
fuzzing = settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck), print_blob=True)


async def check(request: AbstractAsyncContextManager[ClientResponse]) -> None:
    """Send a request and read its answer, by the session: the client itself would keep all answers."""
    async with request as answer:
        assert answer.status < 500, await answer.text()
        await answer.read()


class Running:
    """The API's listener in this process, and its region."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.region = Region(store=Store(max_traces=TRACES_MAX), clock=samples.Clock())
        self.client: Client
        self.run(self._start)

    async def _start(self) -> None:
        self.client = TestClient(TestServer(build_app(self.region, FaultScript(), samples.settings(), "api")))
        await self.client.start_server()

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine, which must not take a second of CPU, unless its allocations are traced."""
        start = time.process_time()
        self.loop.run_until_complete(work())
        assert tracemalloc.is_tracing() or time.process_time() - start < SECONDS

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> None:
        """Send a request that must not fail."""

        async def send() -> None:
            headers = {"Content-Type": content_type}
            await check(self.client.session.post(self.client.make_url(path), data=body, headers=headers))

        self.run(send)

    def get(self, url: URL) -> None:
        """Read a page that must not fail."""

        async def read() -> None:
            await check(self.client.session.get(self.client.make_url(str(url))))

        self.run(read)

    def put_datagram(self, datagram: bytes) -> None:
        """Store or refuse a datagram."""
        with suppress(SegmentError, ApiError):
            self.region.put_segments([segment_text(datagram)], "UDP")

    def read_everything(self) -> None:
        """Read what is stored in every way."""
        for path in ("/", f"/traces/{samples.trace_id(1)}", f"/traces/{samples.trace_id(1)}.json", "/refused.json"):
            self.get(URL(path))
        ids = f'{{"TraceIds": ["{samples.trace_id(1)}", "{samples.trace_id(2)}"]}}'.encode()
        whole = f'{{"StartTime": 0, "EndTime": {samples.NOW + 10}, "FilterExpression": "fault OR !fault"}}'.encode()
        for path, body in (
            ("/TraceSummaries", whole),
            ("/ServiceGraph", whole),
            ("/Traces", ids),
            ("/TraceGraph", ids),
        ):
            self.post(path, body)

    def close(self) -> None:
        """Stop."""
        self.loop.run_until_complete(self.client.close())
        self.loop.close()
        self.region.store.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One listener for all inputs, so that they meet what others left."""
    listener = Running()
    yield listener
    listener.close()


@fuzzing
@given(call=strategies.calls())
def test_any_call_of_an_operation(running: Running, call: tuple[str, bytes]) -> None:
    """With any body."""
    running.post(*call)


@fuzzing
@given(datagram=strategies.datagrams())
def test_any_datagram(running: Running, datagram: bytes) -> None:
    """Stored or refused, and then read."""
    running.put_datagram(datagram)
    running.read_everything()


@fuzzing
@given(request=strategies.span_requests())
def test_any_request_of_otlp(running: Running, request: tuple[str, bytes]) -> None:
    """Stored or refused, and then read."""
    content_type, body = request
    running.post("/v1/traces", body, content_type)
    running.read_everything()


@fuzzing
@given(text=strategies.FILTERS)
def test_any_filter(running: Running, text: str) -> None:
    """In the API and as a group's."""
    running.region.put([samples.document(1, fault=True, annotations={"a": 1})])
    running.post("/TraceSummaries", strategies.as_json(RANGE | {"FilterExpression": text}))
    running.post("/CreateGroup", strategies.as_json({"GroupName": "fuzzed", "FilterExpression": text}))
    running.post("/ServiceGraph", strategies.as_json(RANGE | {"GroupName": "fuzzed"}))
    running.post("/DeleteGroup", b'{"GroupName": "fuzzed"}')


@fuzzing
@given(path=strategies.PATHS, query=strategies.QUERIES)
def test_any_page(running: Running, path: str, query: dict[str, str]) -> None:
    """With any query."""
    running.get(URL(path).with_query(query))


def test_memory_stays_flat(running: Running) -> None:
    """Of the whole process, when inputs of every kind arrive that have all arrived before."""
    inputs: list[Input] = []

    @settings(fuzzing, max_examples=FEW)
    @given(call=strategies.calls(), datagram=strategies.datagrams(), request=strategies.span_requests())
    def draw(call: tuple[str, bytes], datagram: bytes, request: tuple[str, bytes]) -> None:
        inputs.append((call, datagram, request))

    def send() -> int:
        """Send them all and read them; return the bytes in use when 20 other traces have replaced theirs."""
        for call, datagram, (content_type, body) in inputs:
            running.post(*call)
            running.put_datagram(datagram)
            running.post("/v1/traces", body, content_type)
            running.read_everything()
        for number in range(100, 100 + TRACES_MAX):
            running.region.put([samples.document(number)])
        running.read_everything()
        running.region.requests.clear()
        running.region.problems.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    draw()
    tracemalloc.start()
    try:
        send()
        before = send()
        assert send() - before < KEPT_BYTES
    finally:
        tracemalloc.stop()
