"""Connections beyond a limit are refused, silent ones are closed, and a body that does not arrive is given up."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from tests.xray_local.conftest import Client
from xray_local import listener
from xray_local.listener.connections import IDLE_SECONDS, Connections, watch_request

Connect = Callable[..., Awaitable[asyncio.StreamReader]]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIMIT = 3


@pytest.fixture
def answered() -> asyncio.Event:
    """Return what the requests wait for."""
    return asyncio.Event()


@pytest.fixture
def limited() -> Connections:
    """Return connections of which there may be three."""
    return Connections(LIMIT)


@pytest.fixture
async def connect(limited: Connections, answered: asyncio.Event) -> AsyncIterator[Connect]:
    """Return a function that connects to a listener, sends bytes, and returns what can be read."""

    async def handle(request: web.Request) -> web.Response:
        await answered.wait()
        return web.Response(text=request.path)

    app = web.Application(middlewares=[watch_request])
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    server = await limited.listen(runner.server, socket.create_server(("127.0.0.1", 0)))
    writers = []

    async def connect(sent: bytes = b"") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writers.append(writer)
        writer.write(sent)
        await asyncio.sleep(0.05)
        return reader

    yield connect
    for writer in writers:
        writer.close()
    server.close()
    await runner.cleanup()


async def closed(reader: asyncio.StreamReader) -> bool:
    """Return whether the other side has closed a connection."""
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


async def test_connections_beyond_the_limit_are_refused(
    connect: Connect, answered: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """With one line for all of them; the others go on, and there is room again when one has ended."""
    answered.set()
    with caplog.at_level(logging.WARNING):
        held = [await connect() for _ in range(LIMIT - 1)]
        leaving = await connect(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert b"200 OK" in await leaving.read()
        last = await connect(REQUEST)
        refused = [await connect(REQUEST) for _ in range(5)]
    assert [await closed(reader) for reader in refused] == [True] * 5
    assert [await closed(reader) for reader in held] == [False] * 2
    assert (await last.readline()).startswith(b"HTTP/1.1 200")
    assert [record.getMessage() for record in caplog.records] == ["connections_refused total=1 max=3"]


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: local"])
async def test_a_silent_connection_is_closed(connect: Connect, limited: Connections, sent: bytes) -> None:
    """Also in the middle of a head, but not before its time."""
    reader = await connect(sent)
    limited.close_idle(time.monotonic())
    assert not await closed(reader)
    limited.close_idle(time.monotonic() + IDLE_SECONDS)
    assert await closed(reader)


async def test_a_connection_with_a_request_in_progress_is_not_closed(
    connect: Connect, limited: Connections, answered: asyncio.Event
) -> None:
    """It is when the answer is that long ago."""
    reader = await connect(REQUEST)
    limited.close_idle(time.monotonic() + IDLE_SECONDS)
    answered.set()
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await reader.readuntil(b"\r\n\r\n/")
    limited.close_idle(time.monotonic() + IDLE_SECONDS)
    assert await closed(reader)


@pytest.mark.parametrize("path", ["/TraceSegments", "/v1/traces", "/_local/traces"])
async def test_a_body_that_does_not_arrive_is_given_up(api: Client, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """With the status that says so."""
    monkeypatch.setattr(listener, "BODY_SECONDS", 0.1)

    async def half() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    answer = await api.post(path, data=half())
    assert (answer.status, (await answer.json())["message"]) == (408, "the body did not arrive within 0.1 s")
