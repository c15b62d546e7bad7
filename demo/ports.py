"""The demo's ports: the usual ones, or free ones if another process uses them."""

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
LISTENING = "0A"  # the state of a listening socket in /proc/net/tcp


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port and its purpose; with `udp`, the same number must be free for UDP as well."""

    purpose: str
    number: int
    udp: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The port that the demo uses; `note` explains why it is not the usual one."""

    number: int
    note: str = ""


def is_free(number: int, *, udp: bool) -> bool:
    """Return whether the demo can listen on this port now."""
    kinds = [socket.SOCK_STREAM, socket.SOCK_DGRAM] if udp else [socket.SOCK_STREAM]
    for kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, number))
            except OSError:
                return False
    return True


def choose(wanted: Wanted) -> Chosen:
    """Return the wanted port, or a free one with a note that names the process that uses the wanted one."""
    if is_free(wanted.number, udp=wanted.udp):
        return Chosen(wanted.number)
    free = _free(udp=wanted.udp)
    return Chosen(free, f"port {wanted.number} ({wanted.purpose}) is in use by {owner(wanted.number)}; using {free}")


def _free(*, udp: bool) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            number = int(probe.getsockname()[1])
        if is_free(number, udp=udp):
            return number


def owner(number: int, *, proc: Path = Path("/proc")) -> str:
    """Return a description of the process that uses a port, as far as this user may see it."""
    inodes = _inodes(number, proc)
    for pid in (entry for entry in proc.glob("[0-9]*") if inodes):
        if inodes & _sockets(pid):
            command = (pid / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f"process {pid.name} ({command[:60]})"
    return "another process" if os.geteuid() == 0 else "another user's process"


def _sockets(pid: Path) -> set[str]:
    links = set()
    try:
        for link in (pid / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed in the meantime
                links.add(str(link.readlink()))
    except OSError:  # another user's process, or one that has just exited
        return set()
    return links


def _inodes(number: int, proc: Path) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:  # not Linux, or no IPv6
            continue
        for line in lines:
            fields = line.split()
            bound = int(fields[1].rpartition(":")[2], 16)
            if bound == number and (table.startswith("udp") or fields[3] == LISTENING):
                inodes.add(f"socket:[{fields[9]}]")
    return inodes
