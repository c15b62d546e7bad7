"""`python -m bench first-use`: a part is installed into an empty environment and used."""

import subprocess
import sys

import pytest

from tools.provide import ROOT

pytestmark = pytest.mark.process


def test_a_part_is_installed_and_used() -> None:
    """The table has its times, and megabytes that are neither none nor those of everything."""
    command = [sys.executable, "-m", "bench", "first-use", "--only", "operator"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    part, shown, installed, of_use, megabytes = [cell.strip() for cell in run.stdout.splitlines()[-1][1:-1].split("|")]
    assert (part, shown) == ("rules as code", "`xray-operator plan -f examples`")
    assert 0 < int(installed.removesuffix(" s")) <= int(of_use.removesuffix(" s"))
    assert 10 < int(megabytes) < 200
