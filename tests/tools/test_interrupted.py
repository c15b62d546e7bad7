"""Ctrl-C in the commands that take minutes."""

from types import ModuleType

import pytest

import tools.dist.__main__ as dist
import tools.release.__main__ as release


@pytest.mark.parametrize(
    ("module", "function", "arguments", "expected"),
    [
        (dist, "run", [], "dist: interrupted\n"),
        (release, "release", ["0.2.0"], "release: interrupted\n"),
    ],
)
def test_ctrl_c_is_one_line(
    module: ModuleType,
    function: str,
    arguments: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A traceback would look like a fault."""

    def interrupt(*_positional: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, function, interrupt)
    assert module.main(arguments) == 130
    assert capsys.readouterr().err == expected
