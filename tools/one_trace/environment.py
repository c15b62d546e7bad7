"""The app's own virtual environment, at first without our package, and the app under gunicorn in it."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.local_cluster import free_port
from tools.provide import ROOT

UV = ROOT / ".tools/uv/bin/uv"
PYTHON = ROOT / ".venv/bin/python"
APP = Path(__file__).parent / "bootcamp"
STOCK = (
    "flask",
    "gunicorn",
    "aws-xray-sdk",
    "opentelemetry-distro",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation-flask",
    "opentelemetry-instrumentation-requests",
    "requests",
)
OURS = ("./libs/xray-model", "./libs/tracing")
COMMAND = "opentelemetry-instrument gunicorn"
SECONDS = 30.0


class AppError(Exception):
    """The app could not be installed or served; the message is for the user."""


@dataclass(frozen=True, slots=True)
class AppEnvironment:
    """A virtual environment with the versions of uv.lock."""

    folder: Path

    def create(self) -> None:
        """Create it, empty."""
        _run(UV, "venv", "--quiet", "--clear", "--python", PYTHON, self.folder)

    def install(self, *packages: str) -> None:
        """Install packages; what uv.lock names has its version there."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
            options = ["--all-packages", "--group=dev", "--no-hashes", "--no-emit-workspace", "--no-header"]
            constraints.write(_run(UV, "export", "--frozen", "--quiet", *options))
            constraints.flush()
            python = self.folder / "bin/python"
            _run(UV, "pip", "install", "--quiet", "--python", python, "--constraints", constraints.name, *packages)

    @contextmanager
    def serving(self, variables: Mapping[str, str]) -> Iterator[str]:
        """Serve the app and yield its URL; after the block gunicorn has exited, and its exporters have flushed."""
        port = free_port()
        program, *arguments = COMMAND.split()
        url = f"http://127.0.0.1:{port}"
        options = ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "app:app"]
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "OTEL_", "PYTHON"))}
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                [self.folder / "bin" / program, *arguments, *options],
                cwd=APP,
                env=kept | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | dict(variables),
                stdout=log,
                stderr=log,
            )
            try:
                _wait(process, port, log)
                yield url
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, log: IO[str]) -> None:
    """Wait until the app accepts connections, without a request that would be traced."""
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    log.seek(0)
    raise AppError(f"the app did not start: {log.read()[-2000:]}")


def _run(*command: object) -> str:
    words = [str(word) for word in command]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise AppError(f"{' '.join(words)} exited with {run.returncode}: {run.stderr.strip()}")
    return run.stdout
