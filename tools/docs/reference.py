"""Writes the reference pages of the command lines and the variables: `python -m tools.docs.reference`.

`--check` compares them instead.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.docs import cli_reference, settings_reference

FOLDER = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"cli.md": cli_reference.render, "settings.md": settings_reference.render}


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write or compare the pages; return the exit code."""
    code = 0
    for name, render in PAGES.items():
        page = folder / name
        if "--check" not in arguments:
            page.write_text(render())
        elif not page.exists() or page.read_text() != render():
            sys.stderr.write(f"{page} is out of date; run make generate\n")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
