"""The times of a moving picture: waits of the recording are shortened, and a step stays long enough to be read."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from tools.recording.rows import Progress, Row

WAIT_SECONDS = 0.8  # at most, between two changes
READ_SECONDS = 2.2  # at least, before the next step begins
PROGRESS_TEXTS = 5  # at most, of one wait
PROGRESS_SECONDS = 0.25


def paced(rows: Sequence[Row], progress: Sequence[Progress]) -> tuple[list[Row], list[Progress]]:
    """Return the rows and some of the progress texts with the times of the picture, which begins at 0."""
    kept = _some(progress)
    starts = {row.at for before, row in pairwise(rows) if not before.runs}
    clock = _clock([row.at for row in rows], [text.at for text in kept], starts)
    shown = [replace(row, at=clock(row.at)) for row in rows]
    return shown, [replace(text, at=clock(text.at), until=clock(text.until)) for text in kept]


def _some(progress: Sequence[Progress]) -> list[Progress]:
    """Return a few texts of each wait, each of which stays until the next one."""
    found: list[Progress] = []
    for _number, group in groupby(progress, key=lambda text: text.number):
        texts = list(group)
        chosen = texts[:: max(1, -(-len(texts) // PROGRESS_TEXTS))]
        ends = [*(text.at for text in chosen[1:]), texts[-1].until]
        found += [replace(text, until=end) for text, end in zip(chosen, ends, strict=True)]
    return found


def _clock(rows: Sequence[float], progress: Sequence[float], starts: set[float]) -> Callable[[float], float]:
    """Return the function from a time of the recording to the time of the picture."""
    times = sorted({0.0, *rows, *progress})
    of_progress = set(progress)
    shown = [0.0]
    for before, now in pairwise(times):
        gap = min(now - before, PROGRESS_SECONDS if now in of_progress else WAIT_SECONDS)
        shown.append(shown[-1] + (max(gap, READ_SECONDS) if now in starts and before else gap))
    return lambda at: shown[bisect_right(times, at) - 1]
