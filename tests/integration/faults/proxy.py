"""A proxy between the operator and the API server, which cuts watches and answers them with 410 Gone.

Plain HTTP on the loopback address towards the operator, TLS towards the API server; the token passes through. It runs
in a thread of its own with an event loop of its own.
"""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp import web

WAIT_SECONDS = 60
_DROPPED = {"connection", "content-length", "content-encoding", "host", "keep-alive", "transfer-encoding"}
_GONE = {
    "type": "ERROR",
    "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "too old resource version: 1 (2)",
        "reason": "Expired",
        "code": 410,
    },
}


class Proxy:
    """Passes requests to a server; `cut` ends the open watches. While the server is stopped, so is the proxy."""

    def __init__(self, server: str, ca: Path) -> None:
        self.url = ""
        self._server = server
        self._ca = ca
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._watches: set[asyncio.Task[Any]] = set()
        self._sockets: WeakSet[socket.socket] = WeakSet()  # to the API server
        self._expired: set[str] = set()
        self._held_until = 0.0
        self._meanwhile: Callable[[], None] | None = None

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self._wait(self._start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._wait(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()

    def cut(self, *, gone: bool = False, hold: float = 0.0) -> None:
        """End all watches; lists and watches are let in again after `hold` seconds.

        With `gone` the next watch of each kind is answered with 410, so that everything is listed again.
        """
        self._wait(self._cut(gone=gone, hold=hold))

    def before_next_answer(self, act: Callable[[], None]) -> None:
        """Have something done when the next PATCH is carried out, before it is answered."""
        self._meanwhile = act

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    async def _start(self) -> None:
        trust = ssl.create_default_context(cafile=str(self._ca))
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust, limit=0, socket_factory=self._open),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    def _open(self, address: tuple[Any, ...]) -> socket.socket:
        opened = socket.socket(*address[:3])
        self._sockets.add(opened)
        return opened

    async def _stop(self) -> None:
        await self._cut(gone=False, hold=0.0)
        await self._runner.cleanup()
        await self._client.close()
        while any(opened.fileno() >= 0 for opened in self._sockets):  # in TLS's closing handshake
            await asyncio.sleep(0.01)

    async def _cut(self, *, gone: bool, hold: float) -> None:
        self._held_until = time.monotonic() + hold
        open_now = list(self._watches)
        if gone:
            self._expired = {task.get_name() for task in open_now}
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        is_watch = "watch" in request.query
        if is_watch or request.method == "GET":
            await asyncio.sleep(max(0.0, self._held_until - time.monotonic()))
        if is_watch and request.path in self._expired:
            self._expired.discard(request.path)
            return web.Response(body=json.dumps(_GONE).encode() + b"\n", content_type="application/json")
        passing = asyncio.create_task(self._pass(request), name=request.path)
        if is_watch:
            self._watches.add(passing)
            passing.add_done_callback(self._watches.discard)
        try:
            return await passing
        except (aiohttp.ClientError, OSError, asyncio.CancelledError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _DROPPED}
        body = await request.read()
        url = f"{self._server}{request.path_qs}"
        async with self._client.request(request.method, url, headers=headers, data=body or None) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _DROPPED}
            if request.method == "PATCH" and self._meanwhile is not None:
                act, self._meanwhile = self._meanwhile, None
                await asyncio.to_thread(act)
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response
