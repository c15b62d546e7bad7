"""The app's packages, without ours and with them, and the app under gunicorn."""

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tools.local_cluster import free_port
from tools.virtual_environment import VirtualEnvironment

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
    """The app could not be served, or did not record; the message is for the user."""


@contextmanager
def serving(environment: VirtualEnvironment, variables: Mapping[str, str]) -> Iterator[str]:
    """Serve the app and yield its URL; after the block gunicorn has exited, and its exporters have flushed."""
    port = free_port()
    program, *arguments = COMMAND.split()
    options = ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "app:app"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [environment.program(program), *arguments, *options],
            cwd=APP,
            env=environment.variables(variables),
            stdout=log,
            stderr=log,
        )
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
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
