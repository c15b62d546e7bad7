"""The project's own commands in every page are valid: the parsers take them, and make has the targets."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.docs.blocks import ROOT, lines
from tools.docs import links
from tools.docs.cli_reference import parsers

_OPERATORS = re.compile(r"[|&;()]+")
_REDIRECTION = re.compile(r"[<>]+")
_ASSIGNMENT = re.compile(r"\w+=")


def simple_commands(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands of a shell line, without variables before them and redirections after them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if not _OPERATORS.fullmatch(token):
            words.append(token)
            continue
        end = next((place for place, word in enumerate(words) if _REDIRECTION.fullmatch(word)), len(words))
        start = next((place for place, word in enumerate(words) if not _ASSIGNMENT.match(word)), end)
        yield tuple(words[start:end])
        words = []


COMMANDS = sorted(
    {
        (page, words)
        for page, line in lines(links.pages())
        if re.search(r"\b(xray|make|pip)\b", line)
        for words in simple_commands(line)
        if words
    }
)
PARSERS = parsers()


def commands(*start: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the pages' commands that begin with these words, and what follows these."""
    return [(page, words[len(start) :]) for page, words in COMMANDS if words[: len(start)] == start]


OURS = [(program, page, words) for program in PARSERS for page, words in commands(*program.split())]


@pytest.mark.parametrize(("program", "page", "words"), OURS)
def test_our_parsers_take_the_command(program: str, page: str, words: tuple[str, ...]) -> None:
    """Command, options and the form of their values."""
    PARSERS[program].parse_args(words)


def test_every_program_is_in_the_pages() -> None:
    """Otherwise a changed layout could leave the test above without commands."""
    assert {program for program, _, _ in OURS} == set(PARSERS)


def test_make_has_the_targets_of_the_pages() -> None:
    """`make TARGET VARIABLE=value` of any page."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {(page, word) for page, words in commands("make") for word in words if not _ASSIGNMENT.match(word)}
    assert {(page, word) for page, word in used if word not in targets} == set()


def test_pip_installs_what_the_repository_has() -> None:
    """A path that `pip install` names is a package of the workspace."""
    used = {(page, word) for page, words in commands("pip", "install") for word in words if word.startswith("./")}
    assert used
    assert {(page, word) for page, word in used if not (ROOT / word.split("[")[0] / "pyproject.toml").exists()} == set()
