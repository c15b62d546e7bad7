"""The agent's address: where segments go by UDP and where sampling rules are requested by TCP."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

_HOST_AND_PORT: Final = re.compile(r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Agent:
    """Where an agent listens; the hosts are names or addresses."""

    udp_host: str
    udp_port: int
    tcp_host: str
    tcp_port: int

    @classmethod
    def parse(cls, text: str) -> "Agent":
        """Read `HOST:PORT` or `tcp:HOST:PORT udp:HOST:PORT`, as the X-Ray SDKs do. Raises ValueError.

        An IPv6 address is in brackets: `[::1]:2000`.
        """
        parts = text.split(" ")
        if len(parts) == 1:
            host, port = _host_and_port(text)
            return cls(host, port, host, port)
        kinds = {kind: rest for kind, _, rest in (part.partition(":") for part in parts)}
        if len(parts) != 2 or set(kinds) != {"tcp", "udp"}:
            raise ValueError(text)
        return cls(*_host_and_port(kinds["udp"]), *_host_and_port(kinds["tcp"]))

    def __str__(self) -> str:
        return f"udp:{_bracketed(self.udp_host)}:{self.udp_port} tcp:{_bracketed(self.tcp_host)}:{self.tcp_port}"


def _host_and_port(text: str) -> tuple[str, int]:
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= 65535:
        raise ValueError(text)
    if match["ipv6"] is not None:
        return str(ipaddress.IPv6Address(match["ipv6"])), int(match["port"])
    return match["host"], int(match["port"])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_address(host: str) -> bool:
    """Return whether it is an IPv4 or IPv6 address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether what is sent to this address never leaves the host."""
    return ipaddress.ip_address(address).is_loopback
