"""A virtual environment of its own, with the versions of uv.lock, for what has to run without our .venv."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.provide import ROOT

UV = ROOT / ".tools/uv/bin/uv"
PYTHON = ROOT / ".venv/bin/python"


class VirtualEnvironmentError(Exception):
    """It could not be made; the message is for the user."""


@dataclass(frozen=True, slots=True)
class VirtualEnvironment:
    """A virtual environment in a folder, of a Python."""

    folder: Path
    python: Path = PYTHON

    def create(self) -> None:
        """Create it, empty."""
        _run(UV, "venv", "--quiet", "--clear", "--python", self.python, self.folder)

    def install(self, *packages: str) -> None:
        """Install packages; those that uv.lock names have its version."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
            options = ["--all-packages", "--group=dev", "--no-hashes", "--no-emit-workspace", "--no-header"]
            constraints.write(_run(UV, "export", "--frozen", "--quiet", *options))
            constraints.flush()
            python = self.folder / "bin/python"
            _run(UV, "pip", "install", "--quiet", "--python", python, "--constraints", constraints.name, *packages)

    def program(self, name: str) -> Path:
        """Return the path of one of its programs."""
        return self.folder / "bin" / name

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of its programs: the caller's without its AWS, OpenTelemetry and Python settings."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "OTEL_", "PYTHON"))}
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        return kept | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | dict(more)


def _run(*command: object) -> str:
    words = [str(word) for word in command]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise VirtualEnvironmentError(f"{' '.join(words)} exited with {run.returncode}: {run.stderr.strip()}")
    return run.stdout
