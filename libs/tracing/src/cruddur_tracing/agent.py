"""The X-Ray agent's address: where segments go by UDP and where sampling rules are asked for by TCP.

`settings` parses it, `emitter` and `central` use it. A name is looked up in a thread of its own, never by a request.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

LOOKUP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Agent:
    """Where an agent listens; the hosts are names or IPv4 addresses."""

    udp_host: str
    udp_port: int
    tcp_host: str
    tcp_port: int

    @classmethod
    def parse(cls, text: str) -> "Agent":
        """Read `HOST:PORT` or `tcp:HOST:PORT udp:HOST:PORT`, as the X-Ray SDKs do. Raises ValueError."""
        parts = text.split(" ")
        if len(parts) == 1:
            host, port = _host_and_port(text)
            return cls(host, port, host, port)
        kinds = dict(part.split(":", 1) for part in parts)
        if len(parts) != 2 or set(kinds) != {"tcp", "udp"}:
            raise ValueError(text)
        return cls(*_host_and_port(kinds["udp"]), *_host_and_port(kinds["tcp"]))

    def __str__(self) -> str:
        return f"udp:{self.udp_host}:{self.udp_port} tcp:{self.tcp_host}:{self.tcp_port}"


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= 65535:
        raise ValueError(text)
    return host, int(port)


def look_up(host: str) -> str:
    """Return the IPv4 address of `host`. Raises OSError. Blocks as long as the resolver does."""
    return str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0])


class Whereabouts:
    """The IPv4 address of a host, kept up to date by a thread that starts with the first question."""

    def __init__(self, host: str, found: Callable[[], None], look_up: Callable[[str], str] = look_up) -> None:
        self._host = host
        self._found = found
        self._look_up = look_up
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._started = False
        self._address: str | None = host if _is_ipv4(host) else None
        self._literal = self._address is not None

    def address(self) -> str | None:
        """Return the address, or None as long as it is not known. Never waits."""
        if not self._literal and not self._started:
            self._start()
        return self._address

    def stop(self) -> None:
        """Let the thread end, without waiting for it."""
        self._stop.set()

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._keep, name="xray-agent-address", daemon=True).start()

    def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                self._address = self._look_up(self._host)
            except OSError:
                pause = 1.0 if self._address is None else LOOKUP_SECONDS
            else:
                pause = LOOKUP_SECONDS
                self._found()
            self._stop.wait(pause)


def _is_ipv4(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True
