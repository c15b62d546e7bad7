"""Requests whose traces are known: the caller has decided that each is sampled, and under which id."""

import random
import socket
import threading
import time
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from bench.app.served import PATH
from bench.load import HEAD, ResponseError, get

WAIT_SECONDS = 30.0


def _request(trace: str, parent: str) -> bytes:
    """Return a request with the same decision for either recorder."""
    headers = f"traceparent: 00-{trace}-{parent}-01\r\n"
    headers += f"X-Amzn-Trace-Id: Root=1-{trace[:8]}-{trace[8:]};Parent={parent};Sampled=1\r\n"
    return HEAD.format(path=PATH, headers=headers).encode()


class Traffic(AbstractContextManager["Traffic"]):
    """Sends from several clients until the block ends: at full speed, or `rate` requests a second.

    `answered` has the time at which each response began (time.monotonic) by trace id. `failed` counts the requests that
    were sent and not answered.
    """

    def __init__(self, port: int, clients: int = 4, rate: float | None = None) -> None:
        self.answered: dict[str, float] = {}
        self.failed = 0
        self._port = port
        self._interval = clients / rate if rate else 0.0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(clients)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_answered(self, count: int) -> None:
        """Wait until so many requests are answered."""
        while len(self.answered) < count:
            time.sleep(0.02)

    def _client(self, seed: int) -> None:
        random_ = random.Random(f"{seed} {time.time_ns()}")
        while not self._ended.is_set():
            trace = f"{int(time.time()):08x}{random_.getrandbits(96):024x}"
            started = time.monotonic()
            try:
                # Not when it ended: a worker that is held cannot close the connection before it is killed.
                self.answered[trace] = get(
                    self._port, _request(trace, f"{random_.getrandbits(64) or 1:016x}"), WAIT_SECONDS
                )
            except ResponseError as error:
                self.failed += not isinstance(error.__cause__, ConnectionRefusedError)  # nothing was sent
                time.sleep(0.01)
            if self._interval:
                self._ended.wait(started + self._interval - time.monotonic())


def occupy(port: int, path: str) -> None:
    """Send a request that its worker does not survive, and do not wait for its end."""

    def send() -> None:
        with suppress(ResponseError):
            get(port, HEAD.format(path=path, headers="").encode(), 60.0)

    threading.Thread(target=send, daemon=True).start()


def hold(port: int) -> float:
    """Send a request whose worker then holds the interpreter, and return the time at which it began to."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(HEAD.format(path="/hold", headers="").encode())
        response = b""
        while b"holding" not in response:
            response += connection.recv(4096)
        return time.monotonic()
