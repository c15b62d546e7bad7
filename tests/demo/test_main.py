"""How the demo ends, and what it leaves behind."""

import signal
import sys
import tempfile
from pathlib import Path

import pytest

from demo import show as demo
from demo.checks import Check
from tests.interrupting import interrupted


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


@pytest.mark.process
@pytest.mark.parametrize("module", ["demo.show", "argparse", "demo.stack"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(module: str, tmp_path: Path) -> None:
    """Nothing is printed, and nothing was started."""
    assert interrupted([sys.executable, "-m", "demo", "--once"], module, tmp_path) == (130, "")


@pytest.mark.parametrize(("interrupted_in", "code"), [("_show", 130), ("_wait_for_ctrl_c", 0)])
def test_ctrl_c_is_a_success_only_after_the_checks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, interrupted_in: str, code: int
) -> None:
    """What was not checked has not passed; in both cases no logs are left."""

    def interrupt(_stack: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("no_proxy", "")  # restored afterwards
    monkeypatch.setattr(demo, "_show", lambda _stack: [Check("one trace", passed=True)])
    monkeypatch.setattr(demo, interrupted_in, interrupt)
    assert demo.main([]) == code
    assert list(tmp_path.iterdir()) == []
