"""Connected UDP sockets, and which datagrams the agent's host has refused.

A port without a listener answers by ICMP, and the system reports that error on the next call on a connected socket,
without the datagram that caused it. Linux also queues each ICMP answer with the first bytes of its datagram
(IP_RECVERR, ip(7)), so that exactly the refused datagrams can be sent again. On other systems they are lost.
"""

import socket
import struct
import sys
from collections.abc import Iterator
from typing import Final

DATAGRAM_MAX: Final = 65507  # bytes of payload in one IPv4 datagram

_HAS_ERROR_QUEUE: Final = sys.platform == "linux"
_IP_RECVERR: Final = 11  # linux/in.h; the socket module of Python 3.11 has neither
_IPV6_RECVERR: Final = 25  # linux/in6.h
_QUEUED_ERROR: Final = struct.Struct("=IB")  # of sock_extended_err in linux/errqueue.h: errno, origin
_FROM_ICMP: Final = {2, 3}  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6


def connect(address: str, port: int) -> socket.socket:
    """Return a socket that sends to one address and never blocks. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connected = socket.socket(family, socket.SOCK_DGRAM)
    try:
        connected.setblocking(False)
        if _HAS_ERROR_QUEUE:
            if family == socket.AF_INET:
                connected.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            else:
                connected.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        connected.connect((address, port))
    except OSError:
        connected.close()
        raise
    return connected


def refused(connected: socket.socket) -> Iterator[bytes]:
    """Yield how each datagram began that was refused since the last call: its first 520 bytes or less."""
    if not _HAS_ERROR_QUEUE:
        return
    while True:
        try:
            start, ancillary, _, _ = connected.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
        except OSError:  # there are no more, or the socket is closed
            return
        if any(_QUEUED_ERROR.unpack_from(data)[1] in _FROM_ICMP for _, _, data in ancillary):
            yield start
