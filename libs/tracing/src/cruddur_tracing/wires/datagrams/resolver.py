"""Resolves the agent's name in a thread of its own, never in a request, and again while it is used."""

import socket
import threading
from collections.abc import Callable
from typing import Final

from cruddur_tracing.resilience.network.address import is_address
from cruddur_tracing.resilience.network.connecting import host_bytes
from cruddur_tracing.resilience.wakeup import Wakeup

LOOKUP_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 1.0


def look_up(host: str) -> str:
    """Return an address of `host`, IPv4 if it has one. Raises OSError. Blocks as long as the resolver does."""
    found = socket.getaddrinfo(host_bytes(host), None, type=socket.SOCK_DGRAM)
    return str(min(found, key=lambda info: info[0] != socket.AF_INET)[4][0])


class Resolver:
    """The address of a host, kept up to date by a thread that starts with the first call of `address`.

    `changed` is called by that thread when there is another address.
    """

    def __init__(self, host: str, changed: Callable[[], None], look_up: Callable[[str], str] = look_up) -> None:
        self._host = host
        self._changed = changed
        self._look_up = look_up
        self._lock = threading.RLock()
        self._wanted = Wakeup()
        self._stopped = False
        self._address = host if is_address(host) else None
        self._started = self._address is not None

    def address(self) -> str | None:
        """Return the address, or None as long as it is not known. Never waits."""
        if not self._started:
            self._start()
        return self._address

    def again(self) -> None:
        """Resolve the name now, because the agent does not answer at the current address."""
        self._wanted.set()

    def stop(self) -> None:
        """End the thread without waiting for it."""
        self._stopped = True
        self._wanted.set()

    def _start(self) -> None:
        with self._lock:
            if self._started or self._stopped:
                return
            self._started = True
            try:
                threading.Thread(target=self._keep, name="xray-agent-address", daemon=True).start()
            except RuntimeError:  # no thread can be started now; the next call tries again
                self._started = False

    def _keep(self) -> None:
        while not self._stopped:
            pause = LOOKUP_SECONDS
            try:
                address = self._look_up(self._host)
            except OSError:
                if self._address is None:
                    pause = RETRY_SECONDS
            else:
                if address != self._address:
                    self._address = address
                    self._changed()
            self._wanted.wait(pause)
