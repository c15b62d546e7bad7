"""The distributions as `make dist` builds them, each installed alone on each Python, and run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.package.conftest import UNREACHABLE
from tools.dist.parts import PARTS
from tools.provide import ROOT

pytestmark = pytest.mark.process


def test_every_part_installs_from_its_wheel_and_runs(tmp_path: Path) -> None:
    """The table has a row for each part, and the last line says that all of it worked."""
    command = [sys.executable, "-m", "tools.dist", "--out", str(tmp_path / "dist")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if any(sign in run.stderr.lower() for sign in UNREACHABLE):
        pytest.skip(f"the package index cannot be reached: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    assert {part.name for part in PARTS} <= {line.split()[0] for line in run.stdout.splitlines()}
    assert run.stdout.splitlines()[-1].startswith("every part installs from its wheel and runs (")
    assert sorted(file.suffix for file in (tmp_path / "dist").iterdir()) == [".gz"] * 5 + [".whl"] * 5
