"""The agent's UDP port: a header line and a segment document in each datagram, as the X-Ray daemon takes them.

The socket is drained whole whenever the loop comes round, and stored in slices, with another drain between two: the
kernel's buffer is the only place where a datagram can be lost, and it is small. Called by `app`.
"""

import asyncio
import json
import logging
import socket
from collections import deque
from contextlib import suppress

from xray_local.errors import StoreError
from xray_local.state.region import Service
from xray_local.traces.documents import Document, SegmentError, parse_segment

SDK_HEADER = b'{"format":"json","version":1}'  # as the SDKs write it; other spellings are parsed
MAX_DATAGRAM = 65_536
BUFFER_BYTES = 32 * 1024 * 1024
SLICE = 64  # datagrams in one transaction
WAITING_MAX = 200_000  # datagrams held in memory before new ones are counted as lost
LOG_SECONDS = 60.0

_log = logging.getLogger(__name__)


def bind(host: str, port: int) -> socket.socket:
    """Open the socket with as large a buffer as this user may have."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    with suppress(OSError, AttributeError):  # beyond the system's limit for root alone, on Linux alone
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE, BUFFER_BYTES)  # type: ignore[attr-defined]  # Linux
    return bound


class UdpDoor:
    """Reads datagrams into the store; `start` and `stop` belong to the running loop."""

    def __init__(self, service: Service, bound: socket.socket) -> None:
        self._service = service
        self._socket = bound
        self._waiting: deque[bytes] = deque()
        self._storing = False
        self._logged_at = float("-inf")

    def start(self) -> None:
        """Begin to read."""
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def stop(self) -> None:
        """Store what has arrived and close."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._drain()
        while self._waiting:
            self._store_slice()
        self._socket.close()

    def _readable(self) -> None:
        self._drain()
        if self._waiting and not self._storing:
            self._storing = True
            asyncio.get_running_loop().call_soon(self._store)

    def _drain(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP error of an answer that was never sent
                continue
            if len(self._waiting) >= WAITING_MAX:
                self._reject("more datagrams are waiting than memory is given to them")
            else:
                self._waiting.append(datagram)

    def _store(self) -> None:
        try:
            self._store_slice()
        finally:  # a defect in one slice ends up in the loop's log, and the door stays open
            self._drain()
            self._storing = bool(self._waiting)
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._store)

    def _store_slice(self) -> None:
        documents: list[Document] = []
        for _ in range(min(SLICE, len(self._waiting))):
            try:
                documents.append(parse_datagram(self._waiting.popleft()))
            except SegmentError as error:
                self._reject(error.message)
        if not documents:
            return
        try:
            refused = self._service.put(documents)
        except StoreError as error:
            self._reject(str(error), len(documents))
            return
        for one in refused:
            self._say(one.message)

    def _reject(self, reason: str, count: int = 1) -> None:
        self._service.counters["rejected"] += count
        self._say(reason)

    def _say(self, reason: str) -> None:
        now = self._service.clock()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            rejected = self._service.counters["rejected"]
            _log.warning("datagram_rejected reason=%r rejected_so_far=%d", reason, rejected)


def parse_datagram(datagram: bytes) -> Document:
    """Read the header line and the document; SegmentError for what is none."""
    header, _, body = datagram.partition(b"\n")
    if header != SDK_HEADER and not _is_header(header):
        raise SegmentError("ParseError", f"the datagram does not begin with {SDK_HEADER.decode()} and a newline")
    return parse_segment(body)


def _is_header(header: bytes) -> bool:
    try:
        known = json.loads(header)
    except (ValueError, RecursionError):
        return False
    return isinstance(known, dict) and known.get("format") == "json" and known.get("version") == 1
