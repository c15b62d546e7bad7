"""A load of GET requests from several clients, and their latencies."""

import socket
import threading
import time
from dataclasses import dataclass

HEAD = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nConnection: close\r\n{headers}\r\n"


class ResponseError(Exception):
    """A request was not answered with 200; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Load:
    """The requests' latencies in seconds, ascending, and the duration in seconds."""

    latencies: list[float]
    seconds: float

    def quantile(self, share: float) -> float:
        """Return a quantile of the latency in seconds; `share` is from 0 to 1."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def get(port: int, request: bytes, timeout: float = 30.0) -> float:
    """Send a request on a connection of its own, read the whole response, and return when it began (time.monotonic)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(request)
            response = bytearray(connection.recv(65536))
            began = time.monotonic()
            while part := connection.recv(65536):
                response += part
    except OSError as error:
        raise ResponseError(str(error)) from error
    if not response.startswith(b"HTTP/1.1 200"):
        raise ResponseError(f"the server answered {bytes(response[:80])!r}")
    return began


def _client(port: int, request: bytes, end: float, latencies: list[float]) -> None:
    while (started := time.perf_counter()) < end:
        get(port, request)
        latencies.append(time.perf_counter() - started)


def send(port: int, path: str, seconds: float, clients: int) -> Load:
    """Send requests from `clients` clients concurrently for `seconds`."""
    request = HEAD.format(path=path, headers="").encode()
    started = time.perf_counter()
    each: list[list[float]] = [[] for _ in range(clients)]
    threads = [threading.Thread(target=_client, args=(port, request, started + seconds, kept)) for kept in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(sorted(latency for kept in each for latency in kept), time.perf_counter() - started)
