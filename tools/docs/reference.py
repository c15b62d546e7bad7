"""Writes the reference pages of the command lines and the variables: `python -m tools.docs.reference`.

`--check` compares them instead.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.docs import cli_reference, settings_reference
from tools.generated import write_or_compare

FOLDER = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"cli.md": cli_reference.render, "settings.md": settings_reference.render}


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write or compare the pages; return the exit code."""
    pages = {folder / name: render() for name, render in PAGES.items()}
    return write_or_compare(pages, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
