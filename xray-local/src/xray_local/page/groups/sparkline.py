"""Counts by minute as a small drawing: an area for all traces and one for those that failed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 20
STEP = 2  # the width of a minute


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A drawing of this size; `failed` is empty if nothing failed. `most` is what the whole height stands for."""

    width: int
    height: int
    all: str
    failed: str
    most: int


def sparkline(traces: Sequence[int], failed: Sequence[int]) -> Sparkline:
    """Return the drawing of the counts of some minutes, the oldest first."""
    most = max(traces, default=0)
    return Sparkline(
        width=STEP * len(traces),
        height=HEIGHT,
        all=_area(traces, most),
        failed=_area(failed, most),
        most=most,
    )


def _area(counts: Sequence[int], most: int) -> str:
    """Return a path of steps; a count that is not 0 is at least a pixel high."""
    if not any(counts):
        return ""
    parts = [f"M0,{HEIGHT}"]
    for count in counts:
        height = max(1.0, round(HEIGHT * count / most, 1)) if count else 0
        parts.append(f"V{HEIGHT - height:g}h{STEP}")
    return "".join((*parts, f"V{HEIGHT}Z"))
