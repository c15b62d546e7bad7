"""Drives Docker by its command line: one container at a time, hardened as the chart's pods are."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.dist.parts import workspace_version

DOCKER = os.environ.get("DOCKER", "docker")
TAG = os.environ.get("TAG") or workspace_version()
SECONDS = 120
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")


def image(name: str) -> str:
    """Return the reference of one of our images."""
    return f"{name}:{TAG}"


def docker(*arguments: str, text: str | None = None) -> str:
    """Run a docker command and return what it wrote; AssertionError with its complaint if it fails."""
    command = [DOCKER, *arguments]
    run = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, f"docker {' '.join(arguments)}: {run.stderr}"
    return run.stdout


def run_python(name: str, code: str) -> Any:
    """Run a program in an image's own Python, hardened, and return what it printed as JSON."""
    return json.loads(docker("run", "--rm", *HARDENED, "--entrypoint=python", image(name), "-c", code))


@dataclass(frozen=True, slots=True)
class Container:
    """A container that was started; it shares the host's network."""

    id: str

    def signal(self, name: str) -> None:
        """Send a signal to its first process."""
        docker("kill", f"--signal={name}", self.id)

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return int(docker("wait", self.id))

    def stop(self, seconds: int) -> int:
        """Send SIGTERM, and SIGKILL after that many seconds; give the exit code, which is 137 then."""
        docker("stop", f"--time={seconds}", self.id)
        return self.wait()

    def write(self, path: str, text: str) -> None:
        """Write a file as the container's own user."""
        docker("exec", "--interactive", self.id, "tee", path, text=text)

    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return docker("inspect", "--format={{.State.Running}}", self.id).strip() == "true"

    def out(self) -> list[str]:
        """Return the lines of its standard output."""
        return docker("logs", self.id).splitlines()

    def everything(self) -> str:
        """Return all that it wrote, for the message of a failure."""
        run = subprocess.run([DOCKER, "logs", self.id], capture_output=True, text=True, check=False)
        return run.stdout + run.stderr


@contextmanager
def running(
    name: str,
    *command: str,
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = HARDENED,
) -> Iterator[Container]:
    """Run one of our images until the block ends."""
    variables = [f"--env={variable}={text}" for variable, text in (environment or {}).items()]
    container = Container(docker("run", "--detach", "--network=host", *options, *variables, name, *command).strip())
    try:
        yield container
    finally:
        docker("rm", "--force", container.id)
