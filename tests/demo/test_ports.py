"""The demo's ports: the usual one when it is free, else a free one and who holds the usual."""

import os
import socket
from collections.abc import Callable

from demo.ports import Wanted, choose, holder, is_free


def test_a_free_port_is_taken_as_it_is(free_port: Callable[[], int]) -> None:
    """Nobody listens: the wanted number, and nothing to say."""
    number = free_port()
    chosen = choose(Wanted("backend", number, udp=True))
    assert (chosen.number, chosen.note) == (number, "")


def test_a_taken_port_is_replaced_and_its_holder_named() -> None:
    """This test listens, so the note names this process."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        chosen = choose(Wanted("backend", number))
    assert chosen.number != number
    assert chosen.note.startswith(f"port {number} (backend) is taken by process {os.getpid()} (")
    assert chosen.note.endswith(f"; using {chosen.number}")


def test_a_port_taken_for_udp_alone_counts_where_udp_is_needed() -> None:
    """The agent needs the number for both."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        assert not is_free(number, udp=True)
        assert holder(number).startswith(f"process {os.getpid()} (")
