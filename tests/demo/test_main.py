"""What the demo leaves behind."""

import signal
import tempfile
from pathlib import Path

import pytest

from demo import __main__ as demo
from demo.checks import Check


@pytest.mark.parametrize(("passed", "code", "folders"), [(True, 0, 0), (False, 1, 1)])
def test_the_logs_are_kept_only_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, passed: bool, code: int, folders: int
) -> None:
    """Their folder is printed then."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("no_proxy", "")  # restored afterwards
    monkeypatch.setattr(demo, "_show", lambda _stack: [Check("one trace", passed=passed)])
    assert demo.main(["--once"]) == code
    assert len(list(tmp_path.iterdir())) == folders
