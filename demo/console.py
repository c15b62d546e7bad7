"""The demo's output: headings, progress, checks. Only this module prints."""

import sys
from collections.abc import Sequence

from demo.checks import Check

GREEN, RED, BOLD, FAINT, END = "\033[32m", "\033[31m", "\033[1m", "\033[2m", "\033[0m"
CLEAR_LINE = "\r\033[K"


def _styled(text: str, style: str) -> str:
    return f"{style}{text}{END}" if sys.stdout.isatty() else text


def heading(text: str) -> None:
    """Print a step's heading."""
    print(f"\n{_styled(text, BOLD)}", flush=True)


def line(text: str) -> None:
    """Print a line of a step."""
    print(f"  {text}", flush=True)


def faint(text: str) -> None:
    """Print an explanation."""
    print(f"  {_styled(text, FAINT)}", flush=True)


def block(text: str) -> None:
    """Print another command's output."""
    for row in text.rstrip().splitlines():
        line(row)


def progress(text: str) -> None:
    """Show the progress of a wait in one line that is overwritten; without a terminal, print nothing."""
    if sys.stdout.isatty():
        print(f"{CLEAR_LINE}  {_styled(text, FAINT)}", end="", flush=True)


def progress_end() -> None:
    """Clear the line of `progress`."""
    if sys.stdout.isatty():
        print(CLEAR_LINE, end="", flush=True)


def verdict(check: Check) -> None:
    """Print one check."""
    mark = _styled("ok", GREEN) if check.passed else _styled("FAILED", RED)
    print(f"  {mark:4} {check.name}" + (f": {check.missing}" if check.missing else ""), flush=True)


def summary(checks: Sequence[Check]) -> None:
    """Print the number of passed checks, and each failure."""
    failed = [check for check in checks if not check.passed]
    if failed:
        print(_styled(f"\n{len(failed)} of {len(checks)} checks failed:", RED))
        for check in failed:
            print(f"  {check.name}: {check.missing}", flush=True)
    else:
        print(_styled(f"\nall {len(checks)} checks passed", GREEN), flush=True)
