"""What `make release` refuses before it installs or builds anything."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.provide import ROOT

FILES = ("Makefile", "compose.yaml", "pyproject.toml")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Create a repository with what the check needs, uncommitted, and nothing installed."""
    for file in FILES:
        shutil.copy(ROOT / file, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("", "VERSION: '': expected three numbers, such as 0.2.0"),
        ("v99.0.0", "VERSION: 'v99.0.0': expected three numbers, such as 0.2.0"),
        ("0.0.1", "VERSION: '0.0.1': expected a version newer than"),
        ("99.0.0", "git status: 'Makefile' and 3 more: expected no uncommitted changes"),
    ],
)
def test_a_release_is_refused_before_anything_is_installed(repository: Path, version: str, expected: str) -> None:
    """A typing error is reported at once, not after minutes of builds."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "release", f"VERSION={version}", f"PYTHON={sys.executable}"]
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    run = subprocess.run(command, cwd=repository, env=environ, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"release: {expected}")
    assert sorted(file.name for file in repository.iterdir()) == [".git", *FILES, "tools"]
