"""Installs a part from its wheel into an empty environment, and measures that."""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.dist.archives import wheel_of
from tools.dist.parts import PARTS, DistError, Part
from tools.virtual_environment import VirtualEnvironment, VirtualEnvironmentError


@dataclass(frozen=True, slots=True)
class Installed:
    """A part in an environment of its own: seconds of its installation, megabytes, and distributions besides it."""

    environment: VirtualEnvironment
    seconds: float
    megabytes: float
    dependencies: int

    def run(self, *command: str, folder: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
        """Run one of its programs and return what it prints; DistError if it fails."""
        program, *arguments = command
        run = subprocess.run(
            [self.environment.program(program), *arguments],
            cwd=folder,
            env=self.environment.variables(variables or {}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if run.returncode != 0:
            said = " ".join((run.stderr or run.stdout).split())[-600:]
            raise DistError(f"{' '.join(command)} exited with {run.returncode}: {said}")
        return run.stdout


def install(part: Part, version: str, wheels: Path, python: Path, folder: Path) -> Installed:
    """Install a part and our distributions that it needs from their wheels, the rest at the versions of uv.lock."""
    environment = VirtualEnvironment(folder, python)
    ours = [wheel_of(other, version, wheels) for other in PARTS if other.name in (part.name, *part.needs)]
    try:
        environment.create()
        began = time.monotonic()
        environment.install(*map(str, ours))
        seconds = time.monotonic() - began
    except VirtualEnvironmentError as error:
        raise DistError(f"{part.name}: {error}") from error
    (packages,) = folder.glob("lib/python*/site-packages")
    size = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file())
    return Installed(environment, seconds, size / 1e6, len(list(packages.glob("*.dist-info"))) - 1)
