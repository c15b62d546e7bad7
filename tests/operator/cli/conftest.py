"""The command line that the tests of this folder run."""

from pathlib import Path

import pytest

from tests.operator.cli.command_line import Line


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    """Return a command line."""
    return Line(tmp_path, capsys)
