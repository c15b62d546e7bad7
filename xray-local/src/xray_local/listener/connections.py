"""The connections of the HTTP listeners: how many there may be, and how long one may be silent.

aiohttp limits neither: half a head is waited for without end, and at the limit on descriptors asyncio logs each attempt
to accept a connection.
"""

import asyncio
import logging
import resource
import socket
import sys
import time
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

_log = logging.getLogger(__name__)
IDLE_SECONDS = 75.0  # that a connection may have no request in progress; the SDKs poll every ten seconds
SWEEP_SECONDS = 5.0  # between two looks at all connections
LOG_SECONDS = 60.0  # between two log lines about connections beyond the limit
SPARE_DESCRIPTORS = 64  # for the database, OTLP/gRPC and files


def limit_by_descriptors() -> int:
    """Return how many connections leave some of the process's descriptors free."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(1, soft - SPARE_DESCRIPTORS)


class Connections:
    """The open connections of all HTTP listeners; one beyond `limit` is closed at once, and counted in the log."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Connection] = set()
        self._refused = 0
        self._logged_at = float("-inf")

    async def listen(self, server: web.Server, bound: socket.socket) -> asyncio.Server:
        """Accept connections of an HTTP server."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Connection(self, server()), sock=bound)

    def has_room_for(self, connection: "Connection") -> bool:
        """Add a connection, unless there are too many."""
        if len(self._open) < self._limit:
            self._open.add(connection)
            return True
        self._refused += 1
        if time.monotonic() - self._logged_at > LOG_SECONDS:
            self._logged_at = time.monotonic()
            _log.warning("connections_refused total=%d max=%d", self._refused, self._limit)
        return False

    def remove(self, connection: "Connection") -> None:
        """Forget a connection that was closed."""
        self._open.discard(connection)

    def close_idle(self, now: float) -> None:
        """Close the connections that have had no request in progress for too long at a time of the monotonic clock."""
        for connection in [found for found in self._open if found.is_idle(now)]:
            connection.abort()

    async def watch(self) -> None:
        """Close idle connections, until it is cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.close_idle(time.monotonic())


class Connection(asyncio.Protocol):
    """One connection: passes everything on to aiohttp's own protocol."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections = connections
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._requests = 0  # in progress
        self._quiet_since = time.monotonic()
        self.data_received = inner.data_received  # type: ignore[method-assign]  # without another call
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many connections."""
        self._transport = cast("asyncio.Transport", transport)
        self._inner.connection_made(transport)
        if not self._connections.has_room_for(self):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._connections.remove(self)
        self._inner.connection_lost(exc)

    def begin(self) -> None:
        """Note that the head of a request has arrived."""
        self._requests += 1

    def done(self) -> None:
        """Note that a request is answered."""
        self._requests -= 1
        self._quiet_since = time.monotonic()

    def is_idle(self, now: float) -> bool:
        """Return whether nothing has happened for too long."""
        if self._requests or self._transport is None or self._transport.get_write_buffer_size():
            return False
        return now - self._quiet_since > IDLE_SECONDS

    def abort(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()


@web.middleware
async def watch_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep a connection open while a request is in progress."""
    connection = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(connection, Connection):
        return await handler(request)
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.done()
