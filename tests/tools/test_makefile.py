"""What the Makefile sets for the commands that it runs."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.provide import ROOT


@pytest.fixture
def show(tmp_path: Path) -> Path:
    """Write a makefile with a target that prints the environment of a command."""
    file = tmp_path / "show.mk"
    file.write_text("show:\n\t@env\n")
    return file


@pytest.mark.parametrize(("given", "expected"), [({}, "true"), ({"UV_SYSTEM_CERTS": "false"}, "false")])
def test_uv_trusts_the_systems_certificates_unless_set_otherwise(
    given: dict[str, str], expected: str, show: Path
) -> None:
    """Behind a company's TLS proxy uv would otherwise fail with UnknownIssuer where pip works."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("UV_", "MAKE"))}
    run = subprocess.run(
        ["make", "-s", "-f", ROOT / "Makefile", "-f", show, "show"],
        cwd=ROOT,
        env={**environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"UV_SYSTEM_CERTS={expected}" in run.stdout.splitlines()


def test_every_command_has_a_line_of_help() -> None:
    """`make` without a target lists them."""
    run = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in run.stdout.splitlines()}
    assert {"setup", "demo", "test", "check", "integration", "e2e", "walkthrough"} <= listed
