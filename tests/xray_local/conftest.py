"""A region in memory with a fixed clock, and its HTTP listeners in this process."""

from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.xray_local.samples import Clock, settings
from xray_local.api.faults import FaultScript
from xray_local.app import build_app
from xray_local.state.region import Region
from xray_local.state.store import Store

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def region(clock: Clock) -> Iterator[Region]:
    """A region in memory."""
    store = Store(max_traces=1000)
    yield Region(store=store, clock=clock)
    store.close()


@pytest.fixture
async def api(region: Region) -> AsyncIterator[Client]:
    """The listener of the API, the page and the admin addresses."""
    async with TestClient(TestServer(build_app(region, FaultScript(), settings(), "api"))) as client:
        yield client


@pytest.fixture
async def otlp(region: Region) -> AsyncIterator[Client]:
    """The OTLP listener."""
    async with TestClient(TestServer(build_app(region, FaultScript(), settings(), "otlp"))) as client:
        yield client
