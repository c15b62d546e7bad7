"""The backend as a process, started with its usual command, and its output."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.backend.sinks import Sinks
from tests.waiting import until

BIN = Path(sys.executable).parent
FOLDER = Path(__file__).parents[2] / "backend"
GUNICORN = ("gunicorn", "-c", "gunicorn.conf.py", "cruddur.wsgi:app")
INSTRUMENTED = ("opentelemetry-instrument", *GUNICORN)
WAIT_SECONDS = 90.0  # for three interpreters that import everything, on a busy machine


def get(url: str) -> int:
    """Send one request and return its status."""
    try:
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@dataclass(frozen=True, slots=True)
class Backend:
    """A running backend: its address, its process and its output files."""

    url: str
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def stop(self) -> int:
        """Stop it with SIGTERM and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=WAIT_SECONDS)

    def requests(self) -> list[dict[str, Any]]:
        """Return the complete lines of the access log."""
        return [json.loads(line) for line in self.out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def messages(self) -> list[dict[str, Any]]:
        """Return the other output; each line must be JSON."""
        return [json.loads(line) for line in self.err.read_text().splitlines()]

    def complaints(self) -> list[dict[str, Any]]:
        """Return the messages above `info`."""
        return [message for message in self.messages() if message["level"] not in {"debug", "info"}]


def environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the process's environment, without the caller's AWS and OpenTelemetry configuration."""
    mine = ("AWS_", "OTEL_", "CRUDDUR_", "PORT", "WEB_CONCURRENCY", "PYTHON", "GUNICORN_", "XDG_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(mine)}
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**kept, "HOME": str(home), "PATH": path, "AWS_REGION": "us-east-1", **more}


def to(sinks: Sinks) -> dict[str, str]:
    """Return the variables that send both wires to the sinks."""
    return {"AWS_XRAY_DAEMON_ADDRESS": sinks.agent, "OTEL_EXPORTER_OTLP_ENDPOINT": sinks.otlp}


def run_to_its_end(home: Path, more: Mapping[str, str], command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a backend that cannot start, and return the finished process."""
    return subprocess.run(
        command,
        cwd=FOLDER,
        env=environment(home, more),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
        executable=BIN / command[0],
    )


@contextmanager
def running_backend(
    home: Path, port: int, more: Mapping[str, str], command: Sequence[str] = INSTRUMENTED
) -> Iterator[Backend]:
    """Run a backend on `port`, ready on entry, until the block ends."""
    out, err = home / "out.log", home / "err.log"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=FOLDER,
            env=environment(home, {"PORT": str(port), **more}),
            stdout=stdout,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            executable=BIN / command[0],
        )
    backend = Backend(f"http://127.0.0.1:{port}", process, out, err)
    try:
        until(lambda: _ready(backend), "the backend is ready", WAIT_SECONDS)
        yield backend
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(backend: Backend) -> bool:
    if backend.process.poll() is not None:
        raise AssertionError(f"the backend exited with {backend.process.returncode}: {backend.err.read_text()}")
    try:
        return get(f"{backend.url}/readyz") == 200
    except OSError:  # refused, or accepted and not answered yet
        return False
