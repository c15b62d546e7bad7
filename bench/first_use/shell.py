"""Commands as a new user runs them: without the variables of this checkout's environment."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.processes import CONFIGURATION, BenchError

_NOT_A_USERS = (*CONFIGURATION, "MAKE", "MFLAGS", "PYTHON", "UV_PROJECT", "VIRTUAL_ENV", "XRAY_")
SECONDS = 900.0


def environment(programs: Path | None = None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the caller's environment without configuration, with a folder of programs first."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_NOT_A_USERS)}
    path = f"{programs}{os.pathsep}{kept.get('PATH', '')}" if programs else kept.get("PATH", "")
    return kept | {"PATH": path} | dict(more or {})


def run_command(command: Sequence[object], cwd: Path, variables: Mapping[str, str] | None = None) -> None:
    """Run a command to its end; BenchError has the end of its output if it fails."""
    words = [str(word) for word in command]
    environ = dict(variables) if variables is not None else environment()
    run = subprocess.run(
        words,
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if run.returncode:
        raise BenchError(f"{' '.join(words[:6])} exited with {run.returncode}:\n{run.stdout[-1500:]}")
