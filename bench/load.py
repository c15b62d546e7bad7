"""A load of GET requests from several clients, and their latencies."""

import socket
import threading
import time
from dataclasses import dataclass

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """The requests' latencies in seconds, ascending, and the duration in seconds."""

    latencies: list[float]
    seconds: float

    def quantile(self, share: float) -> float:
        """Return a quantile of the latency in seconds; `share` is from 0 to 1."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def _client(port: int, end: float, latencies: list[float]) -> None:
    while (started := time.perf_counter()) < end:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(REQUEST)
            first = connection.recv(65536)
            if not first.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the server answered {first[:80]!r}")
            while connection.recv(65536):
                pass
        latencies.append(time.perf_counter() - started)


def send(port: int, seconds: float, clients: int) -> Load:
    """Send requests from `clients` clients concurrently for `seconds`."""
    started = time.perf_counter()
    each: list[list[float]] = [[] for _ in range(clients)]
    threads = [threading.Thread(target=_client, args=(port, started + seconds, kept)) for kept in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(sorted(latency for kept in each for latency in kept), time.perf_counter() - started)
