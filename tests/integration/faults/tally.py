"""What the fault suite has done, counted for its last line."""

from dataclasses import dataclass, field

import pytest


@dataclass(slots=True)
class Tally:
    """Counts of what was run, and of what went wrong."""

    kill_points: int = 0
    scenarios: int = 0
    seeds: list[int] = field(default_factory=list)
    violations: int = 0

    def __str__(self) -> str:
        seeds = f" (seeds {self.seeds[0]}..{self.seeds[-1]})" if self.seeds else ""
        return (
            f"fault suite: {self.kill_points} kill points in {self.scenarios} scenarios,"
            f" {len(self.seeds)} schedules{seeds}, {self.violations} violations"
        )


TALLY = pytest.StashKey[Tally]()
