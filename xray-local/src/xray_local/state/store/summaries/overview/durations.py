"""Durations as numbers of a logarithmic scale, each 0.5 % above the one before it: percentiles of any number of traces
are counts of these. Pure.
"""

import math

LOWEST = 1e-6  # seconds; everything below it is 0
STEP = 0.005
HIGHEST = 5_500  # about ten days


def bucket(seconds: float) -> int:
    """Return the number of a duration, 0 to HIGHEST."""
    return 0 if seconds < LOWEST else min(HIGHEST, 1 + int(math.log(seconds / LOWEST) / STEP))


def lower_edge(number: int) -> float:
    """Return the shortest duration of a number in seconds."""
    return LOWEST * math.exp((number - 1) * STEP) if number > 0 else 0.0


def middle(number: int) -> float:
    """Return the duration that stands for a number, at most 0.25 % from all that it means."""
    return LOWEST * math.exp((number - 0.5) * STEP) if number > 0 else 0.0
