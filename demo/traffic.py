"""Sends the demo's requests, and reads from the access log which worker answered and what it sampled.

Called by the demo's steps; never decides whether a number is right.
"""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from demo.checks import Tally

CLIENTS = 4
SETTLE_SECONDS = 0.3
# Each route with the status it must answer, mixed as they are sent.
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
    """What was sent: answers by (path, status), and how long it took in seconds."""

    answers: Counter[tuple[str, int]]
    seconds: float

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return self.answers.total()

    @property
    def wrong(self) -> int:
        """How many were answered by another status than the route's."""
        return sum(count for (path, status), count in self.answers.items() if ROUTES[path] != status)


def get(url: str) -> int:
    """Send one request and give its status."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def send(service: str, requests: int, paths: Sequence[str] = tuple(ROUTES)) -> Burst:
    """Send `requests` requests over the paths in turn, from several clients at once."""
    started = time.monotonic()
    chosen = [paths[number % len(paths)] for number in range(requests)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        statuses = clients.map(lambda path: get(service + path), chosen)
        answers = Counter(zip(chosen, statuses, strict=True))
    return Burst(answers, time.monotonic() - started)


def read_log(path: Path, *, skip: int = 0) -> list[Answered]:
    """Read the traced requests of the access log, without its first `skip` lines."""
    return list(_traced(path.read_text().splitlines()[skip:]))


def settled_lines(path: Path) -> int:
    """Count the log's lines once no more are written: a request is logged after its answer has been sent."""
    before, now = -1, len(path.read_text().splitlines())
    while now != before:
        time.sleep(SETTLE_SECONDS)
        before, now = now, len(path.read_text().splitlines())
    return now


def _traced(lines: Sequence[str]) -> Iterator[Answered]:
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # the half of a line that is just being written
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
    """Count requests and sampled requests of each worker."""
    requests, sampled = Counter[int](), Counter[int]()
    for one in answered:
        requests[one.worker] += 1
        sampled[one.worker] += one.sampled
    return {worker: Tally(requests[worker], sampled[worker], seconds) for worker in sorted(requests)}
