"""Ctrl-C at an exact moment: a process sends itself SIGINT when it imports a module."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_SITECUSTOMIZE = """
import os, signal, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
"""


def interrupted(command: Sequence[str], module: str, folder: Path) -> tuple[int, str]:
    """Run a program of Python, interrupted at the import of a module; return its exit code and what it printed."""
    (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE)
    environ = os.environ | {"PYTHONPATH": str(folder), "INTERRUPT_AT": module}
    run = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr
