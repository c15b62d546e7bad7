"""The fault suite's last line: what it has run, summed over the worker processes.

The tests leave their counts in their reports, as properties, since each worker sees only its own tests.
"""

from collections.abc import Iterable
from typing import Any

import pytest

KILL_POINTS = "fault kill points"
SEED = "fault seed"


def summary(reports: Iterable[pytest.TestReport]) -> str | None:
    """Return the line; None when none of the reports is the fault suite's."""
    found: list[tuple[pytest.TestReport, dict[str, Any]]] = [
        (report, dict(report.user_properties)) for report in reports if report.when == "call"
    ]
    killed = [properties[KILL_POINTS] for _, properties in found if KILL_POINTS in properties]
    seeds = sorted(properties[SEED] for _, properties in found if SEED in properties)
    if not killed and not seeds:
        return None
    violations = sum(report.failed for report, properties in found if properties.keys() & {KILL_POINTS, SEED})
    numbers = f" (seeds {seeds[0]}..{seeds[-1]})" if seeds else ""
    return f"fault suite: {sum(killed)} kill points, {len(seeds)} schedules{numbers}, {violations} violations"
