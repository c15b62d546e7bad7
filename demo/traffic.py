"""The demo's requests, and the access log's record of each worker's sampling."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from demo.checks import Tally

CLIENTS = 4
SETTLE_SECONDS = 0.3
# Each route with its expected status, in the order of sending.
ROUTES: Mapping[str, int] = {
    "/api/activities/home": 200,
    "/api/activities/notifications": 200,
    "/api/activities/@andrewbrown": 200,
    "/api/activities/@nobody": 404,
    "/api/activities/fail": 500,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of the access log."""

    worker: int
    path: str
    status: int
    trace_id: str
    sampled: bool


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst of requests: responses by (path, status), and the duration in seconds."""

    answers: Counter[tuple[str, int]]
    seconds: float

    @property
    def requests(self) -> int:
        """The number of answered requests."""
        return self.answers.total()

    @property
    def wrong(self) -> int:
        """The number of responses with an unexpected status."""
        return sum(count for (path, status), count in self.answers.items() if ROUTES[path] != status)


def get(url: str) -> int:
    """Send one request and return its status."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def send(
    service: str,
    requests: int,
    paths: Sequence[str] = tuple(ROUTES),
    answered: Callable[[int], None] = lambda _number: None,
) -> Burst:
    """Send `requests` requests to the paths in turn, from several clients concurrently.

    `answered` is called with the number of responses so far.
    """
    started = time.monotonic()
    statuses: list[int] = []
    chosen = [paths[number % len(paths)] for number in range(requests)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        for status in clients.map(lambda path: get(service + path), chosen):
            statuses.append(status)
            answered(len(statuses))
    return Burst(Counter(zip(chosen, statuses, strict=True)), time.monotonic() - started)


def read_log(path: Path, *, skip: int = 0) -> list[Answered]:
    """Return the traced requests of the access log after its first `skip` lines."""
    return list(_traced(path.read_text().splitlines()[skip:]))


def settled_lines(path: Path) -> int:
    """Wait until the log stops growing and return its number of lines; a request is logged after its response."""
    before, now = -1, len(path.read_text().splitlines())
    while now != before:
        time.sleep(SETTLE_SECONDS)
        before, now = now, len(path.read_text().splitlines())
    return now


def _traced(lines: Sequence[str]) -> Iterator[Answered]:
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # a line that is still being written
            continue
        if isinstance(entry, dict) and entry.get("event") == "request" and entry.get("path") in ROUTES:
            yield Answered(
                worker=entry["pid"],
                path=entry["path"],
                status=entry["status"],
                trace_id=entry["trace_id"],
                sampled=entry["sampled"],
            )


def by_worker(answered: Sequence[Answered], seconds: float) -> dict[int, Tally]:
    """Return each worker's counts of requests and sampled requests."""
    requests, sampled = Counter[int](), Counter[int]()
    for request in answered:
        requests[request.worker] += 1
        sampled[request.worker] += request.sampled
    return {worker: Tally(requests[worker], sampled[worker], seconds) for worker in sorted(requests)}
