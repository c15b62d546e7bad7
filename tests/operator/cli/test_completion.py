"""Completion: the candidates for a line, and a real bash that uses the script."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operator.cli.command_line import Line
from xray_operator.cli import completion


def candidates(line: Line, *words: str) -> tuple[list[str], str]:
    """Return the candidates without their help, and what else may follow."""
    *found, files = line.run(completion.COMMAND, *words)[1].splitlines()
    return [candidate.partition("\t")[0] for candidate in found], files


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fi"], (["finalizers"], ":4")),  # and not its alias `release`
        (["import", "--k"], (["--kind"], ":4")),
        (["import", "--kind", ""], (["rule", "group"], ":4")),
        (["import", "--kind", "rule", "--out"], (["--output"], ":4")),
        (["import", "-o", "j"], (["json"], ":4")),
        (["plan", "--prune", "-f", "exa"], ([], ":0")),  # the shell completes paths
        (["plan", "--region", ""], ([], ":4")),
        (["completion", ""], (["bash", "zsh", "fish"], ":4")),
        (["fly", ""], ([], ":4")),
    ],
)
def test_candidates(line: Line, words: list[str], expected: tuple[list[str], str]) -> None:
    """Subcommands, options, and the values of options."""
    assert candidates(line, *words) == expected


def test_candidates_have_the_help(line: Line) -> None:
    """As zsh, fish and kubectl show it beside a candidate."""
    assert line.run(completion.COMMAND, "pl")[1] == "plan\tshow what apply would do\n:4\n"


def test_values_of_positionals_follow_in_their_order() -> None:
    """One that has its value is not completed again."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("first", choices=["a"])
    parser.add_argument("second", choices=["b"])
    assert completion.lines(parser, [""]) == ["a", ":4"]
    assert completion.lines(parser, ["a", ""]) == ["b", ":4"]


@pytest.mark.process
def test_bash_completes_the_line(line: Line, tmp_path: Path) -> None:
    """With the installed command: a subcommand, then a file where an option expects one."""
    (tmp_path / "script").write_text(line.run("completion", "bash")[1])
    (tmp_path / "rules.yaml").touch()
    program = """
    source ./script
    complete -p xray-operator
    COMP_WORDS=(xray-operator exp); COMP_CWORD=1; _xray_operator; echo "${COMPREPLY[@]}"
    COMP_WORDS=(xray-operator plan --pr); COMP_CWORD=2; _xray_operator; echo "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, cwd=tmp_path, env={"PATH": path}, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["complete -F _xray_operator xray-operator", "explain", "--prune"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_script_of_another_shell_calls_the_same_command(line: Line, shell: str) -> None:
    """The names of the program and of its function are filled in."""
    printed = line.run("completion", shell)[1]
    assert "xray-operator __complete " in printed
    assert "_xray_operator" in printed
    assert "PROGRAM" not in printed
