"""The pages of a region."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.xray_local.conftest import Client
from xray_local.listener import REGION_KEY
from xray_local.page.routes import add_routes
from xray_local.state.region import Region


@pytest.fixture
async def client(region: Region) -> AsyncIterator[Client]:
    """The pages without the API."""
    app = web.Application()
    app[REGION_KEY] = region
    add_routes(app)
    async with TestClient(TestServer(app)) as client:
        yield client
