"""The agent's address: where segments go by UDP and where sampling rules are requested by TCP."""

import ipaddress
import re
from typing import Final, NamedTuple

NOTATIONS: Final = "HOST:PORT or 'tcp:HOST:PORT udp:HOST:PORT'"
_HOST_AND_PORT: Final = r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^:\[\]/\s]+)):(?P<port>[0-9]{1,5})"


class Address(NamedTuple):
    """A host, by name or address, and a port."""

    host: str = "127.0.0.1"
    port: int = 2000

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `HOST:PORT`. Raises ValueError. An IPv6 address is in brackets: `[::1]:2000`."""
        match = re.fullmatch(_HOST_AND_PORT, text)
        if match is None or not 0 < int(match["port"]) <= 65535:
            raise ValueError(text)
        host = match["host"] or str(ipaddress.IPv6Address(match["ipv6"]))
        return cls(host, int(match["port"]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Agent(NamedTuple):
    """Where an agent listens."""

    udp: Address
    tcp: Address

    @classmethod
    def at(cls, host: str, port: int) -> "Agent":
        """Return the agent with one address for both."""
        return cls(Address(host, port), Address(host, port))

    @classmethod
    def parse(cls, text: str) -> "Agent":
        """Read one of the `NOTATIONS`, as the X-Ray SDKs do. Raises ValueError."""
        parts = text.split()
        if len(parts) == 1:
            address = Address.parse(parts[0])
            return cls(address, address)
        kinds = {kind: rest for kind, _, rest in (part.partition(":") for part in parts)}
        if len(parts) != 2 or set(kinds) != {"tcp", "udp"}:
            raise ValueError(text)
        return cls(Address.parse(kinds["udp"]), Address.parse(kinds["tcp"]))

    def __str__(self) -> str:
        return f"udp:{self.udp} tcp:{self.tcp}"


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
