"""The agent's UDP port: a header line and a segment document (or OTLP as text) in a datagram, as the X-Ray daemon's.

Whenever the socket is readable it is drained, and the datagrams are stored in slices with another drain between two:
the kernel's buffer is the only place where a datagram can be lost, and it is small. While many arrive, a slice waits
for more of them, since a transaction of a hundred costs little more than one of one.
"""

import asyncio
import json
import logging
import socket
from collections import deque
from contextlib import suppress

from xray_local.errors import StoreError
from xray_local.ingest.texts import put_texts
from xray_local.state.region import Region
from xray_local.traces.documents import SegmentError

SDK_HEADER = b'{"format":"json","version":1}'  # as the SDKs write it; other spellings are parsed
MAX_DATAGRAM = 65_536
BUFFER_BYTES = 32 * 1024 * 1024
SLICE = 128  # datagrams in one transaction
BUSY = 8  # datagrams at a time, after which more are expected; few are stored at once
PAUSE_SECONDS = 0.005
WAITING_MAX = 200_000  # datagrams in memory; those beyond are rejected
LOG_SECONDS = 60.0

_logger = logging.getLogger(__name__)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket with the largest buffer that this user is allowed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:  # `::` is all addresses, those of IPv4 as well
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    with suppress(OSError, AttributeError):  # beyond the system's limit: root on Linux only
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE, BUFFER_BYTES)  # type: ignore[attr-defined]  # Linux
    return bound


class UdpListener:
    """Stores datagrams; `start` and `stop` are called in the running event loop."""

    def __init__(self, region: Region, bound: socket.socket) -> None:
        self._region = region
        self._socket = bound
        self._waiting: deque[bytes] = deque()
        self._planned: asyncio.Handle | None = None  # the next slice
        self._paused_until = float("-inf")
        self._logged_at = float("-inf")

    def start(self) -> None:
        """Start to read."""
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def stop(self) -> None:
        """Store what has arrived, and close the socket."""
        if self._planned is not None:
            self._planned.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._drain()
        while self._waiting:
            self._store_slice()
        self._socket.close()

    def _readable(self) -> None:
        self._drain()
        if self._waiting and self._planned is None:
            self._planned = asyncio.get_running_loop().call_at(self._paused_until, self._store)

    def _drain(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP error for another datagram
                continue
            self._region.counters["datagrams"] += 1
            if len(self._waiting) >= WAITING_MAX:
                self._reject(f"more than {WAITING_MAX} datagrams are waiting")
            else:
                self._waiting.append(datagram)

    def _store(self) -> None:
        is_busy = len(self._waiting) >= BUSY
        try:
            self._store_slice()
        finally:  # an unexpected error in one slice is logged by the loop, and the listener goes on
            loop = asyncio.get_running_loop()
            self._paused_until = loop.time() + PAUSE_SECONDS if is_busy else 0.0
            self._drain()
            self._planned = loop.call_soon(self._store) if self._waiting else None

    def _store_slice(self) -> None:
        texts: list[str] = []
        for _ in range(min(SLICE, len(self._waiting))):
            try:
                texts.append(segment_text(self._waiting.popleft()))
            except SegmentError as error:
                self._region.note("refused", "UDP", error.code, error.message)
                self._reject(error.message)
        if not texts:
            return
        try:
            refused = put_texts(self._region, texts, "UDP")
        except StoreError as error:
            self._reject(str(error), len(texts))
            return
        for item in refused:
            self._log(item.message)

    def _reject(self, reason: str, count: int = 1) -> None:
        self._region.counters["rejected"] += count
        self._log(reason)

    def _log(self, reason: str) -> None:
        now = self._region.clock()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            rejected = self._region.counters["rejected"]
            _logger.warning("datagram_rejected reason=%r rejected_so_far=%d", reason, rejected)


def segment_text(datagram: bytes) -> str:
    """Return the document of a datagram as text, or raise SegmentError."""
    header, _, body = datagram.partition(b"\n")
    if header != SDK_HEADER and not _is_header(header):
        raise SegmentError("ParseError", f"the datagram does not start with {SDK_HEADER.decode()} and a newline")
    try:
        return body.decode()
    except UnicodeError as error:
        raise SegmentError("ParseError", f"the segment is not UTF-8: {error}") from error


def _is_header(header: bytes) -> bool:
    try:
        parsed = json.loads(header)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and parsed.get("format") == "json" and parsed.get("version") == 1
