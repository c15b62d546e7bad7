"""Resolves hosts and connects to them without an import.

The socket module imports a codec for a host that is text. If another thread of the parent is
importing it at the moment of a fork, the child waits for that import forever.
"""

import socket


def host_bytes(host: str) -> bytes:
    """Return a host as the resolver takes it. Raises OSError if it is not a valid name."""
    try:
        return host.encode("ascii") if host.isascii() else host.encode("idna")
    except UnicodeError as error:
        raise OSError(f"{host!r}: expected a host name") from error


def connect_tcp(host: str, port: int, seconds: float) -> socket.socket:
    """Return a connection. Raises OSError."""
    return socket.create_connection((host_bytes(host), port), seconds)  # type: ignore[arg-type]
