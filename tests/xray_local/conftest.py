"""A service in memory with a clock that stands still, and its HTTP doors in this process."""

from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.xray_local.samples import Clock, settings
from xray_local.api.faults import Script
from xray_local.app import build_app
from xray_local.state.region import Service
from xray_local.state.store import Store

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Iterator[Service]:
    """A store in memory."""
    store = Store(max_traces=1000)
    yield Service(store=store, clock=clock)
    store.close()


@pytest.fixture
async def api(service: Service) -> AsyncIterator[Client]:
    """The door of the API, the page and control."""
    async with TestClient(TestServer(build_app(service, Script(), settings(), "api"))) as client:
        yield client


@pytest.fixture
async def otlp(service: Service) -> AsyncIterator[Client]:
    """The OTLP door."""
    async with TestClient(TestServer(build_app(service, Script(), settings(), "otlp"))) as client:
        yield client
