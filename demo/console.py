"""The demo's output: headings, progress, shares, checks. Only this module prints."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from demo import interrupts
from demo.checks import Check, Tally

GREEN, RED, BOLD, FAINT, END = "\033[32m", "\033[31m", "\033[1m", "\033[2m", "\033[0m"
CLEAR_LINE = "\r\033[K"
BAR = 30  # columns


def _styled(text: str, style: str) -> str:
    return f"{style}{text}{END}" if sys.stdout.isatty() else text


def _print(text: str, end: str = "\n") -> None:
    try:
        print(text, end=end, flush=True)
    except OSError:  # the reader of a pipe has closed it, or the terminal is closed
        interrupts.output_closed()


def heading(text: str) -> None:
    """Print a step's heading."""
    _print(f"\n{_styled(text, BOLD)}")


def line(text: str) -> None:
    """Print a line of a step."""
    _print(text)


def command(text: str) -> None:
    """Print a command as a user types it."""
    _print(f"$ {_styled(text, BOLD)}")


def progress(text: str) -> None:
    """Show the progress of a wait in one line that is overwritten; without a terminal, print nothing."""
    if sys.stdout.isatty():
        _print(f"{CLEAR_LINE}{_styled(text, FAINT)}", end="")


def progress_end() -> None:
    """Clear the line of `progress`."""
    if sys.stdout.isatty():
        _print(CLEAR_LINE, end="")


def share(worker: int, tally: Tally) -> None:
    """Print the sampled share of a worker's requests as a bar and in numbers."""
    counted = f"{tally.share:6.1%}  {tally.sampled} of {tally.requests} requests sampled"
    _print(f"worker {worker:<6} {_styled(bar(tally.share), GREEN)} {counted}")


def bar(part: float) -> str:
    """Return a bar that is filled to a part from 0 to 1."""
    filled = round(part * BAR)
    return "█" * filled + "░" * (BAR - filled)


def verdicts(checks: Sequence[Check]) -> None:
    """Print a step's checks: those that passed as one paragraph, each failure on a line."""
    if passed := [check.name for check in checks if check.passed]:
        names = textwrap.wrap(" · ".join(passed), shutil.get_terminal_size().columns - 4)
        _print(f"{_styled('ok', GREEN)}  " + "\n    ".join(_styled(name, FAINT) for name in names))
    for check in checks:
        if not check.passed:
            _print(f"{_styled('FAILED', RED)}  {check.name}: {check.missing}")


def summary(checks: Sequence[Check], seconds: float) -> None:
    """Print the number of passed checks, and each failure."""
    failed = [check for check in checks if not check.passed]
    if failed:
        _print(_styled(f"\n{len(failed)} of {len(checks)} checks failed:", RED))
        for check in failed:
            _print(f"  {check.name}: {check.missing}")
    else:
        _print(_styled(f"\nall {len(checks)} checks passed in {seconds:.0f} s", GREEN))
