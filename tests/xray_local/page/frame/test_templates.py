"""Templates are compiled once for an installation."""

import sys
from pathlib import Path

import jinja2
import pytest

from xray_local.page.frame import templates

NAME = "message.html"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in which Python may write bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    return tmp_path


def compile_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if a template is compiled."""

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("a template was compiled")

    monkeypatch.setattr(jinja2.Environment, "compile", compiled)


def test_a_second_process_compiles_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are where the first one left them."""
    templates.compile_all()
    compile_nothing(monkeypatch)
    templates.compile_all()


def test_one_that_was_cut_off_is_compiled_again(folder: Path) -> None:
    """As by a full disk."""
    templates.environment().get_template(NAME)
    (file,) = [path for path in folder.rglob("*") if path.is_file()]
    whole = file.read_bytes()
    for size in (0, 20, len(whole) // 2):
        file.write_bytes(whole[:size])
        assert templates.environment().get_template(NAME).name == NAME
        assert file.read_bytes() == whole


@pytest.mark.parametrize("refused", ["by an option of Python", "by the system"])
def test_where_nothing_can_be_written_each_process_compiles_its_own(
    monkeypatch: pytest.MonkeyPatch, folder: Path, refused: str
) -> None:
    """As in a container whose files are read only."""
    if refused == "by the system":
        (folder / "file").touch()
        monkeypatch.setattr(sys, "pycache_prefix", str(folder / "file"))
    else:
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert templates.environment().get_template(NAME).name == NAME
    assert [path.name for path in folder.rglob("*")] == (["file"] if refused == "by the system" else [])
