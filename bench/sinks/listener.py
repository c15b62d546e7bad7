"""A small HTTP/1.1 server on asyncio that answers fast, or fails in a set way."""

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

HOST = "127.0.0.1"
DATAGRAM_MAX = 1 << 16  # bytes
BUFFER = 8 << 20  # bytes of a request that are read without a pause
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 seconds: close() sends a reset


class Mode(StrEnum):
    """How a listener treats its clients."""

    OK = "ok"
    REFUSE = "refuse"  # nothing listens
    HANG = "hang"  # accepts and reads, never answers
    RESET = "reset"  # resets each connection that sends something
    UNAVAILABLE = "503"  # answers 503


@dataclass(frozen=True, slots=True)
class Request:
    """A received request; the body is decompressed."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Handler = Callable[[Request], Awaitable[bytes]]


class Listener:
    """Listens on a port of 127.0.0.1 and answers 200 with what `handler` returns as JSON."""

    def __init__(self, port: int, handler: Handler) -> None:
        self._port = port
        self._handler = handler
        self._mode = Mode.OK
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def set_mode(self, mode: Mode) -> None:
        """Change the mode; open connections are closed, as by a restart."""
        self._mode = mode
        if self._server is not None and mode is Mode.REFUSE:
            self._server.close()
            self._server = None
        elif self._server is None and mode is not Mode.REFUSE:
            self._server = await asyncio.start_server(self._serve, HOST, self._port, backlog=1024, limit=BUFFER)
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while request := await _read(reader):
                await self._answer(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is free to leave
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if self._mode is Mode.HANG:
            await asyncio.sleep(3600)
        if self._mode is Mode.RESET:
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
            raise ConnectionResetError
        failing = self._mode is Mode.UNAVAILABLE
        body = b"" if failing else await self._handler(request)
        status = "503 Service Unavailable" if failing else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """Return the connection's next request, or None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): text.strip() for name, _colon, text in pairs}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length") or 0))
    if headers.get("content-encoding") in {"gzip", "deflate"}:
        body = zlib.decompress(body, wbits=47)  # either format, by its header
    return Request(method, path, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    with contextlib.suppress(asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n")
    return b"".join(chunks)


class UdpListener:
    """Passes the datagrams that arrive on a port of 127.0.0.1 to `received`, or listens on nothing.

    It reads all that wait at a time, as an agent does: asyncio's own transport returns to the loop after each, which
    takes ten times as long, on the core of the clients.
    """

    def __init__(self, port: int, received: Callable[[bytes], None]) -> None:
        self._port = port
        self._received = received
        self._socket: socket.socket | None = None

    async def set_mode(self, mode: Mode) -> None:
        """Listen if the mode is OK; otherwise the kernel refuses the datagrams."""
        loop = asyncio.get_running_loop()
        if mode is Mode.OK and self._socket is None:
            self._socket = _large_buffer(self._port)
            loop.add_reader(self._socket, self._read, self._socket)
        elif mode is not Mode.OK and self._socket is not None:
            loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _read(self, receiver: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._received(receiver.recv(DATAGRAM_MAX))


def _large_buffer(port: int) -> socket.socket:
    """Return a bound UDP socket whose buffer holds a burst while another process has the core."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setblocking(False)
    size = 32 * 1024 * 1024
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    with contextlib.suppress(PermissionError):
        receiver.setsockopt(socket.SOL_SOCKET, 33, size)  # SO_RCVBUFFORCE, above the system's limit
    receiver.bind((HOST, port))
    return receiver
