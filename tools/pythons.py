"""Finds the installed Pythons, on PATH and of pyenv."""

import os
import shutil
import subprocess
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")


def find_python(version: str) -> Path | None:
    """Return the path of a Python such as 3.12 that starts; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = [shutil.which(f"python{version}"), *map(str, pyenv.glob(f"{version}.*/bin/python"))]
    for path in filter(None, found):
        works = subprocess.run([path, "-c", ""], capture_output=True, check=False)  # one of pyenv's shims may not
        if works.returncode == 0:
            return Path(path)
    return None
