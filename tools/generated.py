"""Files that are made from the code: written, or compared with what is there."""

import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_compare(files: Mapping[Path, str], *, check: bool) -> int:
    """Write the files, or with `check` name those that differ on standard error; return the exit code."""
    code = 0
    for file, text in files.items():
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            sys.stderr.write(f"{file} is out of date; run make generate\n")
            code = 1
    return code
