"""Linux says which datagrams were refused."""

import socket
import sys

import pytest

from cruddur_tracing.wires.datagrams import udp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs IP_RECVERR")


def closed_port(host: str) -> int:
    """Return a port of `host` that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((host, 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_each_refused_datagram_is_known_by_its_first_bytes(host: str) -> None:
    """Its refusal is there before the send returns; the next send raises instead of sending."""
    with udp.connect(host, closed_port(host)) as connected:
        connected.send(b"first" + b"x" * 3000)
        with pytest.raises(ConnectionRefusedError):
            connected.send(b"second")
        connected.send(b"third")
        starts = list(udp.refused(connected))
        assert [start[:5] for start in starts] == [b"first", b"third"]
        assert len(starts[0]) >= 520
        assert list(udp.refused(connected)) == []


def test_a_datagram_that_is_too_large_is_not_a_refused_one() -> None:
    """The system queues that error too."""
    with udp.connect("127.0.0.1", closed_port("127.0.0.1")) as connected:
        with pytest.raises(OSError, match="too long"):
            connected.send(b"x" * (udp.DATAGRAM_MAX + 1))
        assert list(udp.refused(connected)) == []


def test_a_closed_socket_has_refused_nothing() -> None:
    """Another thread may close it at any moment."""
    connected = udp.connect("127.0.0.1", 9)
    connected.close()
    assert list(udp.refused(connected)) == []


def test_no_way_to_an_address_is_an_error() -> None:
    """And leaves no socket open, which would be a warning here."""
    with pytest.raises(OSError, match=r"."):
        udp.connect("255.255.255.255", 2000)
