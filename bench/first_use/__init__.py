"""What a new user waits for: each part installed from the checkout into an empty environment, until it is of use.

The times have a warm package cache. `make demo` runs in a new clone, with an empty .venv/ and .tools/.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import table
from bench.first_use.parts import DEMO, PARTS, Part
from bench.first_use.shell import environment, run_command
from bench.processes import ROOT

HEADER = ["part", "command", "installed after", "of use after", "megabytes"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The seconds from nothing until a part was installed and until it was of use, and what it added to the disk."""

    installed: float
    of_use: float
    megabytes: float


def run(only: Sequence[str], say: Callable[[str], None]) -> list[str]:
    """Measure the chosen parts, or all, print the table, and return no broken promise."""
    rows = []
    for part in PARTS:
        if part.key in (only or [part.key]):
            say(f"first-use: {part.name}")
            rows.append(_row(part.name, part.command, _measure(part)))
    if DEMO in (only or [DEMO]):
        say("first-use: the demo")
        rows.append(_row("all of it", "make demo ONCE=1", _measure_demo()))
    print(table.markdown(HEADER, rows))
    return []


def _row(name: str, command: str, measured: Measured) -> list[str]:
    installed = f"{measured.installed:.0f} s" if measured.installed else ""
    return [name, f"`{command}`", installed, f"{measured.of_use:.0f} s", f"{measured.megabytes:.0f}"]


def _measure(part: Part) -> Measured:
    with tempfile.TemporaryDirectory(prefix="first-use-") as name:
        folder = Path(name)
        with part.prepared() as variables:
            started = time.monotonic()
            run_command([sys.executable, "-m", "venv", folder / "venv"], ROOT)
            empty = size(folder / "venv")
            run_command([folder / "venv/bin/pip", "install", "--quiet", *part.packages], ROOT)
            installed = time.monotonic() - started
            part.use(folder, environment(folder / "venv/bin", variables))
            return Measured(installed, time.monotonic() - started, size(folder / "venv") - empty)


def _measure_demo() -> Measured:
    with tempfile.TemporaryDirectory(prefix="first-use-") as name:
        clone = Path(name) / "clone"
        run_command(["git", "clone", "--quiet", ROOT, clone], ROOT)
        started = time.monotonic()
        run_command(["make", "demo", "ONCE=1"], clone)
        return Measured(0, time.monotonic() - started, size(clone / ".venv") + size(clone / ".tools"))


def size(folder: Path) -> float:
    """Return the megabytes of a folder's files; a hard link counts once."""
    files = {file.lstat().st_ino: file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()}
    return sum(files.values()) / 1e6
