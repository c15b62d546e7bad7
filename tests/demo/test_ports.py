"""The demo's ports: the usual one if it is free, otherwise another and the process that uses the usual one."""

import os
import socket
from collections.abc import Callable

from demo.ports import Wanted, choose, is_free, owner


def test_a_free_port_is_used_without_a_note(free_port: Callable[[], int]) -> None:
    """The demo listens on the wanted number."""
    number = free_port()
    chosen = choose(Wanted("backend", number, udp=True))
    assert (chosen.number, chosen.note) == (number, "")


def test_a_used_port_is_replaced_and_its_process_named() -> None:
    """The note names this test's process, which listens on the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        chosen = choose(Wanted("backend", number))
    assert chosen.number != number
    assert chosen.note.startswith(f"port {number} (backend) is in use by process {os.getpid()} (")
    assert chosen.note.endswith(f"; using {chosen.number}")


def test_a_port_used_only_for_udp_is_not_free_if_udp_is_needed() -> None:
    """The agent needs the number for TCP and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        assert not is_free(number, udp=True)
        assert owner(number).startswith(f"process {os.getpid()} (")
