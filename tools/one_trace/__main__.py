"""`make one-trace`: run the bootcamp's app with the stock packages, then with ours added, and show what arrives.

It exits with 1 if a request is not one trace, equal on both wires. `--write FILE` keeps the run as a page, with
pictures in images/ beside it, for which a Chromium must be installed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tools.browser.chromium import MISSING, find_chromium, launched
from tools.browser.screenshots import LOOKS, take
from tools.one_trace.environment import AppError
from tools.one_trace.page import entry_table, request_table, written
from tools.one_trace.recording import PATHS, Recorded, record
from tools.virtual_environment import VirtualEnvironmentError


def problems(after: Recorded) -> list[str]:
    """Return what is not one trace, equal on both wires."""
    found = []
    for path in PATHS:
        entries = after.entries(path)
        places = {wire: {(e.trace_id, e.id, e.parent) for e in entries[wire]} for wire in entries}
        if len({trace_id for wire in places.values() for trace_id, *_ in wire}) != 1:
            found.append(f"{path} is not one trace: {entries}")
        if places["segments"] != places["otlp"]:
            found.append(f"{path} differs between the wires: {entries}")
    return found


def _record(folder: Path, pictures: Path | None) -> tuple[Recorded, Recorded]:
    if pictures is None:
        return record(folder)
    chromium = find_chromium(os.environ)
    if chromium is None:
        raise AppError(MISSING)
    pictures.mkdir(parents=True, exist_ok=True)
    with launched(chromium) as browser:
        return record(folder, lambda url, name: take(browser, url, pictures / f"one-trace-{name}", LOOKS[:2]))


def main() -> int:
    """Run it and return the exit code."""
    parser = argparse.ArgumentParser(prog="one-trace", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", type=Path, help="keep the run in this file")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            before, after = _record(Path(folder), options.write and options.write.parent / "images")
    except (AppError, VirtualEnvironmentError) as error:
        sys.stderr.write(f"one-trace: {error}\n")
        return 1
    for title, recorded in (("before", before), ("after", after)):
        shown = "\n\n".join((title, recorded.listed, *recorded.shown.values(), request_table(recorded)))
        sys.stdout.write(f"{shown}\n")
    sys.stdout.write(entry_table(after))
    if options.write:
        options.write.write_text(written(before, after))
    found = problems(after)
    for problem in found:
        sys.stderr.write(f"one-trace: {problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
