"""The code blocks of the Markdown pages: their commands, and the files that these use."""

import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w-]+\.yaml)\b.*\n")

# The variables that the pages export.
VARIABLES = {
    "AWS_REGION": "eu-central-1",
    "ACCOUNT_ID": "123456789012",
    "CLUSTER_ID": "prod",
    "EKS_CLUSTER": "prod",
    "NAMESPACE": "cruddur",
    "OIDC_PROVIDER": "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One code block of a page, without its indentation."""

    page: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page, as the shell would split it."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """Return the page and the command as typed."""
        return f"{self.page}: {shlex.join(self.words)}"


def blocks(pages: Iterable[Path] = PAGES) -> list[Block]:
    """Return the code blocks of pages, by default of the README and of docs/."""
    return [
        Block(page.name, found[2], textwrap.dedent(found[3]))
        for page in pages
        for found in _BLOCK.finditer(page.read_text())
    ]


def section(page: str, title: str, language: str = "sh") -> list[str]:
    """Return the text of a page's code blocks of one language below a heading of the second level."""
    text = (ROOT / page).read_text()
    [found] = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(f"{title}\n")]
    return [block[3] for block in _BLOCK.finditer(found) if block[2] == language]


def lines(pages: Iterable[Path] = PAGES) -> Iterator[tuple[str, str]]:
    """Yield the page and text of each shell line, with continued lines joined and prompts removed."""
    for block in blocks(pages):
        if block.language not in {"sh", "console"}:
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            if block.language == "sh" or line.startswith("$ "):
                yield block.page, line.removeprefix("$ ").strip()


def commands(*start: str) -> list[Command]:
    """Return the commands that begin with these words, with variables substituted."""
    found = []
    for page, line in lines():
        if line.startswith(" ".join(start)):
            words = shlex.split(Template(line).safe_substitute(VARIABLES), comments=True)
            found.append(Command(page, tuple(words)))
    return found


def values_files() -> dict[str, str]:
    """Return the YAML blocks that begin with a file name in a comment: name -> text."""
    named = [
        (found[1], block.text) for block in blocks() if block.language == "yaml" and (found := _FILE.match(block.text))
    ]
    assert len(dict(named)) == len(named), f"two blocks have the same name: {sorted(name for name, _ in named)}"
    return dict(named)
