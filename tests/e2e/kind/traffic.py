"""Load from inside the cluster, and what became of each of its requests."""

import json
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.containers import image
from tests.e2e.kind.peers import HARDENED, restricted
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.store import Store, Trace

SCRIPT = Path(__file__).with_name("load.py")
ROUTE = "/api/activities/home"
ROUTES = {
    ROUTE: 200,
    "/api/activities/notifications": 200,
    "/api/activities/@andrewbrown": 200,
    "/api/activities/@nobody": 404,
}
# Asks a pod's own app for each route, with a trace id for each, and prints what came.
_ASK = """
import json, secrets, time, urllib.error, urllib.request
for path in {paths!r}:
    root = f"1-{{int(time.time()):08x}}-{{secrets.token_hex(12)}}"
    header = {{"X-Amzn-Trace-Id": f"Root={{root}};Sampled=1"}}
    asked = urllib.request.Request("http://127.0.0.1:4567" + path, headers=header)
    try:
        status = urllib.request.urlopen(asked, timeout=20).status
    except urllib.error.HTTPError as error:
        status = error.code
    print(json.dumps([path, status, root]))
"""
SETTLE_SECONDS = 40.0  # that the last batches may take to arrive
DEAD_SECONDS = 3.0  # the same where later requests have arrived: what has not come has died with its agent


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a load: every request, and those whose trace did not come, or not whole, by one of the wires."""

    requests: int
    failed: Sequence[Mapping[str, Any]]
    without_segment: Sequence[str]
    without_span: Sequence[str]

    def __str__(self) -> str:
        """One line for a table or a message."""
        return (
            f"{self.requests} requests, {len(self.failed)} failed, "
            f"{len(self.without_segment)} without a segment, {len(self.without_span)} without a span"
        )


class Load:
    """A pod that sends requests until it is stopped."""

    def __init__(self, release: Release, name: str) -> None:
        self._release = release
        self._name = name
        self._answers: list[dict[str, Any]] | None = None

    def start(self, rate: float, url: str = f"http://cruddur-backend:4567{ROUTE}") -> None:
        """Begin, and return once the first answers have come."""
        self._release.apply(*_pod(self._name, url, rate))
        until(lambda: len(self.lines()) > 3, "the load's first requests are answered", seconds=60)

    def lines(self) -> list[dict[str, Any]]:
        """Return the answers so far."""
        try:
            text = self._release.kubectl("logs", self._name)
        except AssertionError:  # its container has not started
            return []
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def wait_for(self, requests: int) -> None:
        """Wait until so many more have been answered."""
        known = len(self.lines())
        until(lambda: len(self.lines()) >= known + requests, f"{requests} more requests are answered")

    def stop(self) -> list[dict[str, Any]]:
        """End it, and give every request; each has been answered or has failed."""
        if self._answers is None:
            self._release.python(self._name, "import os, signal; os.kill(1, signal.SIGTERM)")
            lines = until(
                lambda: [lines for lines in (self.lines(),) if lines and "done" in lines[-1]], "the load has ended"
            )[0]
            self._answers = lines[:-1]
            assert len(self._answers) == lines[-1]["done"]
            self._release.kubectl("delete", "pod", self._name, "--wait=false")
        return self._answers


@contextmanager
def load(release: Release, rate: float, name: str = "load") -> Iterator[Load]:
    """Send requests for as long as the block lasts, the first when nothing of an earlier version answers any more."""
    release.wait_for_no_leavers("backend")  # Helm does not: such a pod may be asked, when its agent has gone already
    release.kubectl("delete", "pod", name, "--ignore-not-found", "--now")
    running = Load(release, name)
    running.start(rate)
    try:
        yield running
    finally:
        running.stop()


def ask(release: Release, pod: str, paths: Collection[str]) -> list[tuple[str, int, str]]:
    """Send a sampled request for each path to a pod's app; return path, status and trace id of each."""
    lines = release.python(pod, _ASK.format(paths=list(paths))).splitlines()
    return [(path, status, trace_id) for path, status, trace_id in map(json.loads, lines)]


def arrived(store: Store, trace_ids: Collection[str], *, segments: bool = True) -> dict[str, Trace]:
    """Wait until each trace is there, whole by each wire; without `segments` by OTLP alone."""

    def whole() -> dict[str, Trace] | None:
        found = store.traces(trace_ids)
        is_whole = all(trace.has_spans and (trace.has_segments or not segments) for trace in found.values())
        return found if is_whole and len(found) == len(trace_ids) else None

    wires = "segments and spans" if segments else "spans"
    found: dict[str, Trace] = until(whole, f"each trace has its {wires}")
    return found


def delivery(
    answers: Sequence[Mapping[str, Any]],
    store: Store,
    *,
    segments: bool = True,
    spans: bool = True,
    settle: float = SETTLE_SECONDS,
) -> Delivery:
    """Find what is wanted of each request's trace; what has not come `settle` seconds after the last news is lost."""
    ids = [answer["id"] for answer in answers if not answer["error"]]
    found: dict[str, Trace] = {}

    def without_segment() -> list[str]:
        return [trace_id for trace_id in ids if segments and not found.get(trace_id, Trace()).has_segments]

    def without_span() -> list[str]:
        return [trace_id for trace_id in ids if spans and not found.get(trace_id, Trace()).has_spans]

    def missing() -> list[str]:
        return [*without_segment(), *without_span()]

    known, last_news = -1, time.monotonic()
    while missing() and time.monotonic() < last_news + settle:
        found |= store.traces(set(missing()))
        if len(missing()) != known:
            known, last_news = len(missing()), time.monotonic()
        time.sleep(0.5)
    return Delivery(
        requests=len(answers),
        failed=[answer for answer in answers if answer["error"] or answer["status"] != 200],
        without_segment=without_segment(),
        without_span=without_span(),
    )


def share(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], tuple[int, int]]:
    """Count requests and sampled requests of each worker of each pod."""
    asked, sampled = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for entry in entries:
        worker = (entry["pod"], entry["pid"])
        asked[worker] += 1
        sampled[worker] += bool(entry["sampled"])
    return {worker: (asked[worker], sampled[worker]) for worker in sorted(asked)}


def _pod(name: str, url: str, rate: float) -> list[dict[str, Any]]:
    container = {
        "name": "load",
        "image": image("cruddur-backend"),
        "command": ["python3", "-u", "/load/load.py", url, str(rate)],
        "securityContext": HARDENED,
        "volumeMounts": [{"name": "script", "mountPath": "/load"}],
    }
    volume = {"name": "script", "configMap": {"name": name}}
    pod = restricted([container], [volume]) | {"restartPolicy": "Never"}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"load.py": SCRIPT.read_text()}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod},
    ]
