"""How long 25 managed rules take: from the API server being asked until a watch shows Ready, and AWS put right again.

The rules are sent by direct API calls, one right after the other, as `kubectl apply` of one
file sends them; kubectl's own start is not in the figure.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.operator.fixture import RULES, Connection, Fixture, rule
from bench.processes import BenchError

COUNT = 25
CHANGES = 5
REFILL_SECONDS = 5.0  # 25 writes at the default --write-rate
WAIT_SECONDS = 30.0
INTERVAL = 5.0
DRIFT_ROUNDS = 4
DRIFTS = 10
POLL_SECONDS = 0.05


class Ready:
    """Notes when a watch first shows an object Ready at a generation."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], float] = {}
        self._news = threading.Condition()

    def follow(self, lines: Any) -> None:
        """Take in a watch until it is closed."""
        try:
            for line in lines:
                self._take(json.loads(line)["object"])
        except (OSError, ValueError, AttributeError):  # closed under us: how a watch is ended
            return

    def _take(self, body: Any) -> None:
        name, generation = body["metadata"]["name"], body["metadata"]["generation"]
        for condition in body.get("status", {}).get("conditions", []):
            if (condition["type"], condition["status"], condition.get("observedGeneration")) == (
                "Ready",
                "True",
                generation,
            ):
                with self._news:
                    self._seen.setdefault((name, generation), time.monotonic())
                    self._news.notify_all()

    def wait(self, sent: dict[tuple[str, int], float]) -> list[float]:
        """Wait for objects at generations; the seconds since each was sent."""
        with self._news:
            if not self._news.wait_for(lambda: sent.keys() <= self._seen.keys(), WAIT_SECONDS):
                left = sorted(sent.keys() - self._seen.keys())
                raise BenchError(f"{len(left)} rules were not Ready in {WAIT_SECONDS:.0f} s, {left[0]} first")
            return [self._seen[name] - at for name, at in sent.items()]


@contextmanager
def _watched(fixture: Fixture) -> Iterator[Ready]:
    connection, ready = Connection(fixture.cluster.admin), Ready()
    response = connection.open("GET", f"{RULES}?watch=1")
    thread = threading.Thread(target=ready.follow, args=(response,), daemon=True)
    thread.start()
    try:
        yield ready
    finally:
        connection.close()


def ready_seconds(fixture: Fixture) -> list[float]:
    """Return the seconds until Ready of each create and each change; the rules stay."""
    taken: list[float] = []
    with _watched(fixture) as ready:
        taken += ready.wait(dict(_create(fixture, number) for number in range(COUNT)))
        for change in range(CHANGES):
            time.sleep(REFILL_SECONDS)
            taken += ready.wait(dict(_change(fixture, number, change) for number in range(COUNT)))
    return taken


def _create(fixture: Fixture, number: int) -> tuple[tuple[str, int], float]:
    at = time.monotonic()
    return _named(fixture.api.call("POST", RULES, rule(f"managed-{number:02}", 100 + number))), at


def _change(fixture: Fixture, number: int, change: int) -> tuple[tuple[str, int], float]:
    body, at = {"spec": {"fixedRate": 0.2 + 0.1 * change}}, time.monotonic()
    path = f"{RULES}/managed-{number:02}"
    return _named(fixture.api.call("PATCH", path, body, "application/merge-patch+json")), at


def _named(body: Any) -> tuple[str, int]:
    return body["metadata"]["name"], body["metadata"]["generation"]


def repair_seconds(fixture: Fixture) -> list[float]:
    """Edit rules in AWS, spread over the interval; give the seconds until AWS is right again."""
    aws = fixture.aws()
    taken: list[float] = []
    for _ in range(DRIFT_ROUNDS):
        edited: dict[str, float] = {}
        right = _rates(aws)
        for number in range(DRIFTS):
            name = f"managed-{number:02}"
            edited[name] = time.monotonic()
            aws.update_sampling_rule(SamplingRuleUpdate={"RuleName": name, "FixedRate": 0.99})
            _until(edited[name] + INTERVAL / DRIFTS, aws, right, edited, taken)
        _until(time.monotonic() + INTERVAL + WAIT_SECONDS, aws, right, edited, taken)
        if edited:
            raise BenchError(f"{len(edited)} edits were not repaired in {WAIT_SECONDS:.0f} s")
    aws.close()
    return taken


def _until(end: float, aws: Any, right: dict[str, float], edited: dict[str, float], taken: list[float]) -> None:
    """Look at AWS until a time, or until nothing is left to repair, and note what has been repaired."""
    while edited and time.monotonic() < end:
        now = _rates(aws)
        repaired = [name for name in edited if now[name] == right[name]]
        taken.extend(time.monotonic() - edited.pop(name) for name in repaired)
        time.sleep(POLL_SECONDS)


def _rates(aws: Any) -> dict[str, float]:
    records = aws.get_sampling_rules()["SamplingRuleRecords"]
    return {record["SamplingRule"]["RuleName"]: record["SamplingRule"]["FixedRate"] for record in records}
