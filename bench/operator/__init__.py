"""The operator on a real API server, against the simplest stock kopf operator in the same run.

Rounds alternate between the two, each with the same 2,000 manifests. Everything it starts ends with it.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.operator import figures, fixture, latency, scale
from bench.operator.figures import Report
from bench.processes import BenchError
from tools.local_cluster import ApiError

ROUNDS_MAX = 3  # a round takes about a minute
ROUNDS_SECONDS = 200.0  # no round begins later, however slow the machine


def run(rounds: int, say: Callable[[str], None]) -> list[str]:
    """Measure, print the table, and return what was promised and not reached."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        try:
            with fixture.started(Path(folder)) as made:
                _scale(made, min(rounds, ROUNDS_MAX), report, say)
                _latency(made, report, say)
        except (RuntimeError, ApiError) as error:  # the cluster's
            raise BenchError(f"the cluster: {error}") from error
    print(report.table())
    return report.broken


def _scale(made: fixture.Fixture, rounds: int, report: Report, say: Callable[[str], None]) -> None:
    """Start both in turns; the first round restarts them as well."""
    starts: dict[str, list[scale.Start]] = {"ours": [], "stock": []}
    restarts: dict[str, scale.Restart] = {}
    calls: dict[int, scale.ListCalls] = {}
    scale.fill_aws(made)
    end = time.monotonic() + ROUNDS_SECONDS
    for number in range(1, rounds + 1):
        if time.monotonic() > end:
            say("operator: the machine is slow: no further round")
            break
        for name, kept in starts.items():
            say(f"operator: round {number} of {rounds}: {name}")
            kept.append(scale.start(made, name))
            if number == 1:
                restarts[name] = scale.restart(made, name)
            if number == 1 and name == "ours":
                calls[scale.OBJECTS] = scale.list_calls(made, scale.OBJECTS)
    say("operator: one object")
    made.replace_all(scale.manifests(1))
    calls[1] = scale.list_calls(made, 1)
    made.delete_all()
    report.add(*figures.scale(starts["ours"], starts["stock"], restarts["ours"], restarts["stock"]))
    report.add(*(figures.list_calls(count, calls[count]) for count in (1, scale.OBJECTS)))


def _latency(made: fixture.Fixture, report: Report, say: Callable[[str], None]) -> None:
    made.reset_aws()
    with made.operator("ours", interval=latency.INTERVAL):
        say(f"operator: {latency.COUNT} rules until Ready")
        report.add(figures.ready(latency.ready_seconds(made)))
        say("operator: edits in AWS until they are repaired")
        report.add(figures.repaired(latency.repair_seconds(made), latency.INTERVAL))
