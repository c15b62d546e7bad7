"""`python -m tools.dist`: builds, checks, installs and runs the distributions, and prints what each part takes."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.dist import archives, entry_points
from tools.dist.installed import Installed, install
from tools.dist.parts import PARTS, DistError, workspace_version
from tools.provide import ROOT
from tools.pythons import SUPPORTED, find_python


def build_all(version: str, folder: Path) -> None:
    """Build and check the wheels and sdists of all parts into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in PARTS:
        archives.build(part, folder)
        archives.check(part, version, folder)
    (folder / ".gitignore").unlink(missing_ok=True)  # uv's; an index would refuse it


def run_on(python: Path, version: str, wheels: Path) -> dict[str, Installed]:
    """Install each part alone on a Python, run what it has, and return what was measured, by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = {part.name: install(part, version, wheels, python, folder / part.name) for part in PARTS}
        entry_points.run_model(parts["xray-model"])
        with entry_points.serving(parts["xray-local"]) as variables:
            entry_points.run_local(parts["xray-local"], variables)
            entry_points.run_tracing(parts["cruddur-tracing"], variables)
            entry_points.run_operator(parts["xray-operator"], variables)
        entry_points.run_plugin(parts["pytest-xray-local"], folder / "tests")
    return parts


def table(parts: dict[str, Installed], python: str) -> str:
    """Return the table of one Python."""
    rows = [f"{'on Python ' + python:20} {'MB':>6} {'installed':>10} {'dependencies':>13}"]
    rows += [
        f"{name:20} {part.megabytes:6.1f} {f'{part.seconds:.1f} s':>10} {part.dependencies:13}" for name, part in parts.items()
    ]
    return "\n".join(rows)


def run(versions: Sequence[str], folder: Path) -> None:
    """Do all of it; DistError with the first problem."""
    began, version = time.monotonic(), workspace_version()
    build_all(version, folder)
    print(f"{len(PARTS)} wheels and {len(PARTS)} sdists of {version} in {folder}/, each checked", flush=True)
    tried = 0
    for name in versions:
        python = find_python(name)
        if python is None:
            print(f"Python {name} is not installed: skipped", flush=True)
            continue
        try:
            print(table(run_on(python, version, folder), name), flush=True)
        except DistError as error:
            raise DistError(f"on Python {name}: {error}") from error
        tried += 1
    if versions and tried == 0:
        raise DistError(f"no Python to install on: expected one of {', '.join(versions)}")
    if versions:
        print(f"every part installs from its wheel and runs ({time.monotonic() - began:.0f} s)")


def main(arguments: Sequence[str]) -> int:
    """Parse the arguments and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.dist", description=__doc__)
    parser.add_argument("--python", action="append", metavar="VERSION", help="only this one, such as 3.12; repeatable")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where they are written")
    parser.add_argument("--build-only", action="store_true", help="build and check, but do not install")
    options = parser.parse_args(arguments)
    try:
        run([] if options.build_only else options.python or SUPPORTED, options.out)
    except DistError as error:
        print(f"dist: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dist: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
